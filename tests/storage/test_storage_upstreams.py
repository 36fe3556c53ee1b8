"""What the fleet knows of an upstream: no update lost, one probe at a time."""

import asyncio
from dataclasses import fields, replace

import pytest
from pymongo import MongoClient

from harmonyhub.domain.errors import ConflictError
from harmonyhub.domain.upstreams import Outcome, UpstreamState
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from tests.conftest import NOW

LATCHED = UpstreamState(
    name="spotify",
    latched=Outcome.CLIENT_REJECTED,
    latched_fingerprint="0123456789abcdef",
    latched_since=NOW,
    next_probe_at=NOW + 45,
    not_before=NOW + 7_200,
    breaker_until=NOW + 60,
    n_failures=3,
    retry_budget=2.5,
    last_ok_at=NOW - 9,
    failing_since=NOW - 3,
    last_outcome=Outcome.CLIENT_REJECTED,
    last_evidence="400 invalid_client",
)


def one_more(state: UpstreamState) -> UpstreamState:
    """Count one failure."""
    return replace(state, n_failures=state.n_failures + 1)


async def test_state_is_kept_whole(store: Store) -> None:
    """An upstream never called has the default state; a changed one comes back in every field."""
    default = UpstreamState(name="spotify")
    assert default == await store.upstreams.load("spotify")
    assert [] == [
        field.name
        for field in fields(LATCHED)
        if field.name != "name" and getattr(LATCHED, field.name) == getattr(default, field.name)
    ]
    assert LATCHED == await store.upstreams.update("spotify", lambda _: LATCHED)
    assert LATCHED == await store.upstreams.load("spotify")
    assert UpstreamState(name="other") == await store.upstreams.load("other")


async def test_no_update_is_lost(store: Store) -> None:
    """Of updates at the same moment, the first ones too, each builds on the one before it."""
    await asyncio.gather(*(store.upstreams.update("spotify", one_more) for _ in range(20)))
    assert 20 == (await store.upstreams.load("spotify")).n_failures


async def test_probe_and_update_do_not_undo_each_other(store: Store) -> None:
    """An update that read the state before a probe was claimed keeps the claim."""
    for _ in range(5):
        await asyncio.gather(
            store.upstreams.update("spotify", one_more),
            store.upstreams.claim_probe("spotify", now=NOW, next_at=NOW + 45),
        )
    state = await store.upstreams.load("spotify")
    assert (5, NOW + 45) == (state.n_failures, state.next_probe_at)


@pytest.mark.parametrize("is_known", [False, True])
async def test_one_of_twenty_probes(store: Store, *, is_known: bool) -> None:
    """Of twenty who want to probe one may, until the next is due; other fields stay."""
    if is_known:
        await store.upstreams.update("spotify", lambda _: LATCHED)
    claim = store.upstreams.claim_probe
    due = NOW + 45 if is_known else NOW
    claims = await asyncio.gather(*(claim("spotify", now=due, next_at=due + 30) for _ in range(20)))
    assert 1 == sum(claims)
    assert not await claim("spotify", now=due + 29, next_at=due + 90)
    assert await claim("spotify", now=due + 30, next_at=due + 90)
    expected = LATCHED if is_known else UpstreamState(name="spotify")
    assert replace(expected, next_probe_at=due + 90) == await store.upstreams.load("spotify")


async def test_endless_race_ends_with_an_error(store: Store, mongodb_uri: str) -> None:
    """An update that another process overtakes every time gives up and says so."""
    await store.upstreams.update("spotify", one_more)
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        upstreams = client[store._database.name]["upstreams"]

        def overtaken(state: UpstreamState) -> UpstreamState:
            upstreams.update_one({"_id": "spotify"}, {"$inc": {"revision": 1}})
            return one_more(state)

        with pytest.raises(ConflictError, match="spotify"):
            await store.upstreams.update("spotify", overtaken)
    assert 1 == (await store.upstreams.load("spotify")).n_failures


async def test_known_good_values_are_secrets(store: Store) -> None:
    """The values that worked last come back as secrets, with their time and release."""
    assert await store.known_good.load("spotify") is None
    values = {"HARMONYHUB_SPOTIFY_CLIENT_SECRET": Secret("sentinel-of-the-app")}
    await store.known_good.remember("spotify", {"OLD": Secret("x")}, now=NOW - 9, release=None)
    await store.known_good.remember("spotify", values, now=NOW, release=4)
    known = await store.known_good.load("spotify")
    assert known is not None
    assert (values, NOW, 4) == (known.values, known.at, known.release)
    assert "sentinel" not in repr(known)
    document = await store._database["known_good"].find_one({})
    assert b"sentinel" not in (document or {})["values"]["HARMONYHUB_SPOTIFY_CLIENT_SECRET"]
