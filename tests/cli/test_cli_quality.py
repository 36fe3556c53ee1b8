"""`harmonyhub evaluate` without a file, as a person meets it."""

import asyncio

import pytest

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.listens import SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.storage.listens import NewListen
from harmonyhub.wiring.house import House
from tests.cli.conftest import Hub
from tests.conftest import NOW

pytestmark = pytest.mark.slow


async def test_an_instance_is_measured_and_says_what_it_cannot_tell(
    house: House, hub_on_store: Hub
) -> None:
    """One listener gets figures, and is told that nothing follows from them for others."""
    tracks = await house.store.tracks.resolve(
        [TrackDescription(title=f"Song {n}", artists=("Band",)) for n in range(12)]
    )
    await house.store.users.ensure(UserId("anna"), now=NOW)
    await house.store.listens.add(
        user_id=UserId("anna"),
        ledger_id=LedgerId("of-anna"),
        source=SourceKind.LISTENBRAINZ,
        listens=[
            NewListen(number=n, track_id=tracks[n % 8 + n // 20], played_at=NOW - 60 * (40 - n))
            for n in range(30)
        ],
    )
    told = await asyncio.to_thread(hub_on_store, "evaluate")
    assert 0 == told.returncode, told.stderr
    assert "these listeners alone" in told.stdout
    assert "beside own history again: NDCG@100" in told.stdout
    assert "checked cards have true reasons" in told.stdout
