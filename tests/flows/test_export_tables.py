"""Exports as tables: whole, without names unless asked, and read again by our own evaluation."""

from pathlib import Path

import pytest

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.listens import SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.flows.export_tables import export_factors, export_interactions
from harmonyhub.sources.interaction_table import read_interaction_table
from harmonyhub.storage.listens import NewListen
from harmonyhub.wiring.house import House
from tests.conftest import NOW


async def test_users_of_an_exported_table_have_no_names(house: House, tmp_path: Path) -> None:
    """Digests stand for users, the same in each export; only who asks gets the names."""
    with pytest.raises(NotFoundError, match="no listen"):
        await export_interactions(house, tmp_path / "none.parquet")
    tracks = await house.store.tracks.resolve(
        [TrackDescription(title=f"Song {n}", artists=("Band",)) for n in range(2)]
    )
    for user in (UserId("anna"), UserId("ben")):
        await house.store.users.ensure(user, now=NOW)
        await house.store.listens.add(
            user_id=user,
            ledger_id=LedgerId(f"of-{user}"),
            source=SourceKind.LISTENBRAINZ,
            listens=[
                NewListen(number=n, track_id=track, played_at=NOW - 60 * n)
                for n, track in enumerate([*tracks, tracks[0]], start=1)
            ],
        )
    files = [tmp_path / f"{name}.parquet" for name in ("first", "again", "named")]
    for file in files:
        assert 4 == await export_interactions(house, file, with_names=file.stem == "named")
    first, again, named = (read_interaction_table(file) for file in files)
    assert {"anna", "ben"} == set(named.users)
    assert not {"anna", "ben"} & set(first.users)
    assert first.users.tolist() == again.users.tolist()
    assert (2, {*tracks}, 6) == (len(set(first.users)), set(first.items), first.plays.sum())
    assert b"anna" not in files[0].read_bytes()

    with pytest.raises(NotFoundError, match="no index"):
        await export_factors(house, tmp_path / "factors.parquet")
