"""A MongoDB that stands still: readers hear of it within seconds, long work goes on after it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from harmonyhub.domain.errors import StoreUnavailableError
from harmonyhub.domain.ids import LedgerId, TrackId, UserId
from harmonyhub.domain.listens import Tally
from harmonyhub.storage.embedded import EmbeddedServer
from harmonyhub.storage.store import Store

pytestmark = pytest.mark.slow

ANSWER_S = 3.0
ADA = UserId("ada")

READS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "ping": lambda store: store.ping(),
    "revision": lambda store: store.users.revision(ADA),
    "listens": lambda store: store.plays.recent(ADA, n=5),
    "history": lambda store: store.listens.history(ADA),
    "track": lambda store: store.tracks.get(TrackId("t")),
    "tracks": lambda store: store.tracks.get_many([TrackId("t")]),
    "search": lambda store: store.tracks.search("blue", n=5),
    "feedback": lambda store: store.feedback.current(ADA),
    "model": lambda store: store.models.current(),
    "jobs": lambda store: store.jobs.recent(5),
    "ledgers": lambda store: store.ledgers.of_user(ADA),
    "counts": lambda store: store.counts(),
    "token": lambda store: store.tokens.get("ada"),
    "upstream": lambda store: store.upstreams.load("spotify"),
    "incidents": lambda store: store.incidents.current(),
    "live release": lambda store: store.releases.live(),
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """Give a MongoDB of its own, awake again in the end."""
    async with await EmbeddedServer.start(tmp_path, owner="test") as server:
        yield server
        os.kill(server.pid, signal.SIGCONT)


async def seconds_to_error(reading: Awaitable[object]) -> float:
    """Tell how long it takes until a read says that MongoDB does not answer."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    with pytest.raises(StoreUnavailableError):
        await reading
    return loop.time() - begin


async def test_readers_hear_within_three_seconds(server: EmbeddedServer) -> None:
    """Every read of a page ends with our error within 3 s, and works again after the pause."""
    async with await Store.connect(server.uri, database="hub") as store:
        await store.migrate()
        await store.users.ensure(ADA, now=1)
        os.kill(server.pid, signal.SIGSTOP)
        for _ in range(2):  # the second time on connections that are known to be bad
            took = await asyncio.gather(*(seconds_to_error(read(store)) for read in READS.values()))
            assert {} == {name: s for name, s in zip(READS, took, strict=True) if s > ANSWER_S}
        os.kill(server.pid, signal.SIGCONT)
        assert [ADA] == await store.users.list_all()


async def test_bulk_work_waits_for_a_pause_to_end(server: EmbeddedServer) -> None:
    """What an import writes outlives a pause that a reader would not have waited for."""
    async with await Store.connect(server.uri, database="hub") as store:
        await store.migrate()
        os.kill(server.pid, signal.SIGSTOP)
        writing = asyncio.create_task(
            store.ledgers.commit_batch(LedgerId("one"), number=1, tally=Tally(), rows={})
        )
        await asyncio.wait([writing], timeout=ANSWER_S + 1)
        assert not writing.done()
        os.kill(server.pid, signal.SIGCONT)
        await writing
        assert {1} == await store.ledgers.committed_batches(LedgerId("one"))


async def test_live_check_connects_as_fast_as_it_is_told(server: EmbeddedServer) -> None:
    """A connection to a server that stands still is given up after the time asked for."""
    os.kill(server.pid, signal.SIGSTOP)
    connecting = Store.connect(server.uri, database="hub", selection_ms=500)
    assert await seconds_to_error(connecting) < 1.5
