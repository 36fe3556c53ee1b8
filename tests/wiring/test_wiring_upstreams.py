"""What a process remembers of its upstreams."""

from dataclasses import replace

from harmonyhub.domain.freshness import SourceState
from harmonyhub.domain.upstreams import Outcome
from harmonyhub.storage.store import Store
from harmonyhub.wiring.upstreams import SPOTIFY, KnownUpstreams

NOW = 1_723_600_000


async def test_state_is_read_at_most_once_a_second(store: Store) -> None:
    """A change is seen in the next second, not within the same one."""
    known = KnownUpstreams(store, (SPOTIFY,))
    await known.freshness(now=NOW)
    await store.upstreams.update(
        SPOTIFY, lambda old: replace(old, latched=Outcome.CLIENT_REJECTED, latched_since=NOW)
    )
    states = [(await known.freshness(now=at))[0].state for at in (NOW, NOW + 1)]
    assert [SourceState.UNTRIED, SourceState.REJECTED] == states


async def test_last_state_stays_while_mongodb_is_away(store: Store, mongodb_uri: str) -> None:
    """A reader gets what was known, and no error, while MongoDB does not answer."""
    await store.upstreams.update(SPOTIFY, lambda old: replace(old, last_ok_at=NOW))
    gone = await Store.connect(mongodb_uri, database=store._database.name, selection_ms=200)
    known = KnownUpstreams(gone, (SPOTIFY,))
    await known.freshness(now=NOW)
    await gone.close()
    assert NOW == (await known.freshness(now=NOW + 1))[0].answered_at


async def test_house_without_spotify_has_no_source(store: Store) -> None:
    """Where no credentials are set there is nothing to be fresh or stale."""
    assert () == await KnownUpstreams(store, ()).freshness(now=NOW)
