"""Real people's data: titles as they are written, times as they were played."""

import csv
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.listens import LedgerState, SourceKind
from harmonyhub.domain.recommendations import ListName
from harmonyhub.flows.imports import open_ledger, run_import
from harmonyhub.flows.recommend import recommend
from harmonyhub.flows.train import run_training
from harmonyhub.wiring.house import House
from tests.tools.spotify_zip import write_playlist_zips

pytestmark = pytest.mark.slow

HEAVIEST = 60  # listeners of 30music, of 3,297

Play = tuple[int, str, str]
"""Unix seconds, title, artist."""


@pytest.mark.timeout(600)
async def test_every_playlist_as_a_listener(shared: Path, house: House, tmp_path: Path) -> None:
    """All 471 ledgers balance to the line, and every list has its 20 cards with reasons."""
    assert (shared / "data" / "spotify-songs-32k").is_dir()
    listeners = write_playlist_zips(tmp_path)
    assert 471 == len(listeners)
    for playlist, (path, tally) in listeners.items():
        ledger = await open_ledger(house, user_id=UserId(playlist), file_name=path.name)
        done = await run_import(house, ledger=ledger, path=path, on_progress=lambda _: None)
        assert (LedgerState.COMPLETE, tally) == (done.state, done.tally), playlist
    result = await run_training(house, on_progress=lambda _: None)
    assert 471 == result.n_users

    for playlist in list(listeners)[::10]:
        for name in (ListName.FOR_YOU, ListName.DISCOVER):
            answer = await recommend(house, user_id=UserId(playlist), list_name=name, n=20)
            assert 20 == len(answer.items), (playlist, name)
            assert all(1 <= len(item.reasons) <= 3 for item in answer.items)


@pytest.mark.timeout(300)
async def test_real_times_come_out_as_they_went_in(
    shared: Path, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scrobbles of 2014 keep their second in UTC, in a time zone with daylight saving too."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    listeners = read_30music(shared / "data" / "30music-sessions" / "events.parquet")
    for user, plays in listeners.items():
        path = tmp_path / f"{user}.csv"
        write_lastfm_csv(path, plays)
        ledger = await open_ledger(house, user_id=UserId(user), file_name=path.name)
        done = await run_import(house, ledger=ledger, path=path, on_progress=lambda _: None)
        assert SourceKind.LASTFM is done.source
        assert len(plays) == done.tally.lines
        stored = [each async for each in house.store.plays.export(UserId(user))]
        assert set(plays) == {(each.played_at, each.title, each.artist) for each in stored}

    await run_training(house, on_progress=lambda _: None)
    for user, plays in listeners.items():
        times = Counter((title, artist) for _, title, artist in set(plays))
        answer = await recommend(house, user_id=UserId(user), list_name=ListName.REDISCOVER, n=20)
        assert all(times[item.track.title, item.track.artist] >= 2 for item in answer.items)


def read_30music(path: Path) -> dict[str, list[Play]]:
    """Read the plays of the listeners with the most of them."""
    import pyarrow.parquet as pq

    plays: dict[str, list[Play]] = defaultdict(list)
    for row in pq.read_table(path, columns=["user", "track", "artist", "time"]).to_pylist():
        plays[str(row["user"])].append(
            (row["time"], f"Track {row['track']}", f"Artist {row['artist']}")
        )
    heaviest = sorted(plays, key=lambda user: -len(plays[user]))[:HEAVIEST]
    return {user: plays[user] for user in heaviest}


def write_lastfm_csv(path: Path, plays: list[Play]) -> None:
    """Write scrobbles as the common exporter of Last.fm does."""
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(
            [
                "uts",
                "utc_time",
                "artist",
                "artist_mbid",
                "album",
                "album_mbid",
                "track",
                "track_mbid",
            ]
        )
        for at, title, artist in plays:
            written = datetime.fromtimestamp(at, tz=UTC).strftime("%d %b %Y, %H:%M")
            sheet.writerow([at, written, artist, "", "", "", title, ""])
