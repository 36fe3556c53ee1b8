"""The ledger of releases: numbers without gaps, one live at a time, secrets sealed."""

import asyncio
from dataclasses import replace

import bson
import pytest

from harmonyhub.domain.errors import ConfigurationError, NotFoundError
from harmonyhub.domain.releases import Release, ReleaseState
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from tests.conftest import NOW
from tests.storage.conftest import SENTINEL, entry, release


async def states(store: Store) -> list[str]:
    """Tell the states of all releases, by number."""
    return [one.state.value for one in reversed(await store.releases.latest(99))]


async def test_release_comes_back_without_its_secrets(store: Store) -> None:
    """A release comes back under its number; of a secret there is the fingerprint alone."""
    added = await store.releases.append(release())
    hidden = (entry("HARMONYHUB_SECRET", text=SENTINEL, is_secret=True), *added.configuration[1:])
    assert replace(release(), number=1, configuration=added.configuration) == added
    assert hidden[0].fingerprint == added.configuration[0].fingerprint
    assert [None, "8080", None] == [one.text for one in added.configuration]
    assert added == await store.releases.get(1)
    assert SENTINEL not in repr(added)


async def test_configuration_opens_as_it_was(store: Store) -> None:
    """The configuration of a release holds the variables that were set, secrets as secrets."""
    await store.releases.append(release())
    assert {"HARMONYHUB_SECRET": Secret(SENTINEL), "HARMONYHUB_PORT": "8080"} == (
        await store.releases.configuration(1)
    )


async def test_database_holds_no_secret_of_a_release(store: Store) -> None:
    """The text of a secret lies nowhere in the ledger."""
    await store.releases.append(release())
    document = await store._database["release_ledger"].find_one({})
    assert SENTINEL.encode() not in bson.encode(document or {})
    assert b"8080" in bson.encode(document or {})


async def test_secret_without_a_key_is_refused(bare_store: Store) -> None:
    """A store without a key takes no release with secrets, rather than in plain text."""
    with pytest.raises(ConfigurationError):
        await bare_store.releases.append(release())
    assert 1 == (await bare_store.releases.append(release(secret=None))).number


async def test_numbers_have_no_gaps(store: Store) -> None:
    """Twenty deploys at the same moment get the numbers 1 to 20, each once."""
    added = await asyncio.gather(*(store.releases.append(release()) for _ in range(20)))
    assert list(range(1, 21)) == sorted(one.number for one in added)
    assert [20, 19, 18] == [one.number for one in await store.releases.latest(3)]


async def test_switch_retires_the_one_before(store: Store) -> None:
    """The new release is live, the old one retired, and the new one knows what it replaced."""
    for _ in range(2):
        await store.releases.append(release())
    assert await store.releases.live() is None
    await store.releases.switch_live(1, now=NOW)
    await store.releases.set_state(1, ReleaseState.COMMITTED, now=NOW + 5)
    assert 1 == (await store.releases.live() or release()).number
    live = await store.releases.switch_live(2, now=NOW + 9)
    assert (ReleaseState.LIVE, NOW + 9, 1) == (live.state, live.live_at, live.replaced)
    assert live == await store.releases.live()
    first = await store.releases.get(1)
    assert first is not None
    assert (ReleaseState.RETIRED, NOW + 9, None) == (first.state, first.ended_at, first.replaced)


async def test_rollback_keeps_the_line_of_predecessors(store: Store) -> None:
    """After a rollback the bad release says so, and the good one does not call it predecessor."""
    for number in (1, 2, 3):
        await store.releases.append(release())
        await store.releases.switch_live(number, now=NOW + number)
    await store.releases.set_state(3, ReleaseState.ROLLED_BACK, now=NOW + 9, note="HH101")
    assert await store.releases.live() is None
    back = await store.releases.switch_live(2, now=NOW + 10)
    assert (2, 1, 0) == (back.number, back.replaced, back.ended_at)
    bad = await store.releases.get(3)
    assert bad is not None
    assert (ReleaseState.ROLLED_BACK, NOW + 9, "HH101") == (bad.state, bad.ended_at, bad.note)


async def test_one_is_live_whatever_happens_at_once(store: Store) -> None:
    """Of switches at the same moment each takes effect whole: one release is live in the end."""
    for _ in range(6):
        await store.releases.append(release())
    await asyncio.gather(*(store.releases.switch_live(number, now=NOW) for number in range(1, 7)))
    assert ["live"] + 5 * ["retired"] == sorted(await states(store))
    live = await store.releases.live()
    assert live is not None
    assert ReleaseState.LIVE is live.state


async def test_unknown_number_changes_nothing(store: Store) -> None:
    """Switching to a release that is not there leaves the live one live."""
    await store.releases.append(release())
    await store.releases.switch_live(1, now=NOW)
    for attempt in (
        store.releases.switch_live(7, now=NOW),
        store.releases.set_state(7, ReleaseState.LIVE, now=NOW),
        store.releases.configuration(7),
    ):
        with pytest.raises(NotFoundError, match="no release 7"):
            await attempt
    live: Release | None = await store.releases.live()
    assert live is not None
    assert 1 == live.number
    assert await store.releases.get(7) is None


async def test_configuration_never_changes(store: Store) -> None:
    """Whatever becomes of a release, its code and configuration stay as they were appended."""
    added = await store.releases.append(release())
    await store.releases.switch_live(1, now=NOW)
    ended = await store.releases.set_state(1, ReleaseState.RETIRED, now=NOW, note="replaced")
    kept = replace(
        ended, state=added.state, live_at=0, ended_at=0, note="", replaced=added.replaced
    )
    assert added == kept


async def test_the_last_that_worked_is_found_behind_many_that_did_not(store: Store) -> None:
    """Twenty-five releases that were taken back do not hide the one that serves."""
    for _ in range(2):
        added = await store.releases.append(release())
        await store.releases.set_state(added.number, ReleaseState.COMMITTED, now=NOW)
    await store.releases.set_state(1, ReleaseState.RETIRED, now=NOW)
    for _ in range(25):
        failed = await store.releases.append(release())
        await store.releases.set_state(failed.number, ReleaseState.ROLLED_BACK, now=NOW)
    found = await store.releases.last_that_worked()
    assert found is not None
    assert 2 == found.number


async def test_a_secret_in_the_place_of_an_id_is_sealed_too(store: Store) -> None:
    """What looks like a secret lies nowhere in the ledger, and is used as it was set."""
    strayed = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    configuration = (entry("HARMONYHUB_SPOTIFY_CLIENT_ID", text=strayed, is_secret=False),)
    added = await store.releases.append(replace(release(), configuration=configuration))
    document = await store._database["release_ledger"].find_one({})
    assert strayed.encode() not in bson.encode(document or {})
    assert [None] == [one.text for one in added.configuration]
    assert {"HARMONYHUB_SPOTIFY_CLIENT_ID": strayed} == await store.releases.configuration(1)
