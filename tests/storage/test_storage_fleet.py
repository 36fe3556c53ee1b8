"""What processes tell each other: counters, reports, who is alive, who watches."""

import asyncio
from dataclasses import replace

from harmonyhub.domain.releases import Instance
from harmonyhub.storage.store import Store
from tests.conftest import NOW

OK = ("upstream_requests", ("spotify", "refresh", "ok", ""))
REJECTED = ("upstream_requests", ("spotify", "refresh", "client-rejected", "operator"))


async def test_counts_of_all_processes_add_up(store: Store) -> None:
    """What many add at the same moment is summed per metric and labels."""
    await store.counters.add({})
    assert {} == await store.counters.all()
    await asyncio.gather(*(store.counters.add({OK: 2, REJECTED: 0.5}) for _ in range(20)))
    assert {OK: 40.0, REJECTED: 10.0} == await store.counters.all()


async def test_latest_report_stays(store: Store) -> None:
    """A report replaces the former one of its name and tells its time."""
    assert await store.reports.get("live-checks") is None
    await store.reports.put("live-checks", {"results": [1]}, now=NOW - 1)
    await store.reports.put("live-checks", {"results": [{"id": "HH101"}]}, now=NOW)
    report = await store.reports.get("live-checks")
    assert report is not None
    assert ({"results": [{"id": "HH101"}]}, NOW) == (report.document, report.at)


async def test_living_instances_are_told(store: Store) -> None:
    """Those seen since a time are listed as they last told; the silent are forgotten in a day."""
    one = Instance(
        name="box:1", release=3, configuration_fingerprint="ab", drift=("A",), seen_at=NOW
    )
    two = replace(one, name="box:2", release=None, drift=(), seen_at=NOW + 30)
    for instance in (one, two, replace(one, seen_at=NOW + 20), replace(two, name="box:3")):
        await store.instances.beat(instance)
    await store.instances.leave("box:3")
    assert [replace(one, seen_at=NOW + 20), two] == await store.instances.seen_since(NOW + 20)
    assert [two] == await store.instances.seen_since(NOW + 21)
    await store.instances.beat(replace(one, name="box:4", seen_at=NOW + 86_425))
    assert ["box:2", "box:4"] == [found.name for found in await store.instances.seen_since(0)]


async def test_one_process_watches(store: Store) -> None:
    """Of many one holds the watch, keeps it by renewing, and loses it when it falls silent."""
    hold = store.watch_lease.hold
    held = await asyncio.gather(*(hold(f"w{n}", now=NOW, lease_s=10) for n in range(20)))
    assert 1 == sum(held)
    watcher = f"w{held.index(True)}"
    assert await hold(watcher, now=NOW + 9, lease_s=10)
    assert not await hold("next", now=NOW + 18, lease_s=10)
    assert await hold("next", now=NOW + 19, lease_s=10)
    assert not await hold(watcher, now=NOW + 20, lease_s=10)
    await store.watch_lease.give_back(watcher)
    assert not await hold("third", now=NOW + 20, lease_s=10)
    await store.watch_lease.give_back("next")
    assert 0 == await store.watch_lease.held_until()
    assert await hold("third", now=NOW + 20, lease_s=10)
    assert NOW + 30 == await store.watch_lease.held_until()


async def test_server_tells_what_it_is(store: Store) -> None:
    """Version, replica set, primary and a clock that goes come from the server itself."""
    first = await store.server_facts()
    again = await store.server_facts()
    assert ("6", "harmonyhub", True) == (first.version[0], first.replica_set, first.is_primary)
    assert NOW < first.now <= again.now


async def test_write_probe_leaves_nothing(store: Store) -> None:
    """Writing and reading back works for many at once and leaves no document behind."""
    await asyncio.gather(*(store.probe_write() for _ in range(5)))
    assert 0 == await store._database["probes"].count_documents({})
