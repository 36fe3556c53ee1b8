"""A listening history from a file alone: recognised by content, every line accounted for."""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from harmonyhub.domain.errors import DamagedInputError, RefusedInputError, UnknownFormatError
from harmonyhub.domain.listens import Outcome, SourceKind, SourceLine, Tally
from harmonyhub.sources import archive, history, records
from harmonyhub.sources.history import HistoryFile, read_history
from tests.tools.spotify_zip import (
    COUNTRY,
    IP_ADDRESS,
    SONGS,
    Song,
    as_spotify_json,
    invented_songs,
    play,
    write_listener_zip,
    write_playlist_zips,
)

AT = 1_700_000_000
SONG = Song("Señorita - Live", "Shawn Mendes", "Señorita", "0TK2YIli7K1leLovkQiNik")
MIXED = {"too_short": 20, "podcasts": 7, "private": 5, "videos": 3, "nameless": 2}


def tally(lines: Iterable[SourceLine]) -> Tally:
    """Count lines by outcome."""
    return Tally(**Counter(line.outcome.value for line in lines))


def some_plays(n_plays: int) -> list[dict[str, object]]:
    """Give plays of one song, oldest first."""
    return [play(SONG, ended_at=AT + 300 * n, ms_played=200_000) for n in range(n_plays)]


def saved(path: Path, data: bytes) -> Path:
    """Write bytes and give their path."""
    path.write_bytes(data)
    return path


def read(path: Path) -> tuple[HistoryFile, list[SourceLine]]:
    """Read a file to its end."""
    found = read_history(path)
    return found, list(found.lines())


@pytest.mark.slow
def test_downloaded_zip_balances(tmp_path: Path) -> None:
    """Every play of a ZIP as Spotify ships it comes out once, in the group it belongs to."""
    expected = write_listener_zip(tmp_path / "my.zip", n_listens=20_000, **MIXED)
    found, lines = read(tmp_path / "my.zip")
    assert (SourceKind.SPOTIFY_EXTENDED, None) == (found.kind, found.broke_off)
    assert expected == tally(lines)
    assert list(range(1, expected.lines + 1)) == [line.number for line in lines]


@pytest.mark.slow
def test_newest_first_over_all_files(tmp_path: Path) -> None:
    """Kept listens come newest first, over the borders of the files in the ZIP."""
    write_listener_zip(tmp_path / "my.zip", n_listens=40_000)
    times = [line.played_at or 0 for line in read(tmp_path / "my.zip")[1]]
    assert sorted(times, reverse=True) == times


def test_every_reading_is_the_same(tmp_path: Path) -> None:
    """Two readings give the same lines with the same numbers."""
    write_listener_zip(tmp_path / "my.zip", n_listens=500, **MIXED)
    found = read_history(tmp_path / "my.zip")
    assert list(found.lines()) == list(read_history(tmp_path / "my.zip").lines())
    assert list(found.lines()) == list(found.lines())


def test_nothing_personal_comes_through_the_door(tmp_path: Path) -> None:
    """IP address, country, user agent and platform are in the file and in no line."""
    write_listener_zip(tmp_path / "my.zip", n_listens=300, **MIXED)
    said = repr(read(tmp_path / "my.zip")[1])
    for secret in (IP_ADDRESS, f"'{COUNTRY}'", "Agent", "Pixel", "Android"):
        assert secret not in said


def test_a_private_session_leaves_only_its_count(tmp_path: Path) -> None:
    """A play in a private session tells neither what nor when."""
    data = as_spotify_json([play(SONG, ended_at=AT, ms_played=200_000, is_private=True)])
    assert [
        SourceLine(number=1, outcome=Outcome.NOT_MUSIC, reason="private session, not kept")
    ] == read(saved(tmp_path / "x.json", data))[1]


def test_a_play_starts_before_its_end(tmp_path: Path) -> None:
    """Spotify tells the end of a play; a line tells its start, its track and its id."""
    data = as_spotify_json([play(SONG, ended_at=AT, ms_played=200_000, is_skipped=True)])
    (line,) = read(saved(tmp_path / "endsong_0.json", data))[1]
    assert line.track is not None
    assert (AT - 200, 200_000, True) == (line.played_at, line.played_ms, line.is_skipped)
    assert (SONG.title, (SONG.artist,), SONG.spotify_id) == (
        line.track.title,
        line.track.artists,
        line.track.spotify_id,
    )


@pytest.mark.parametrize(
    "name",
    [
        "MyData/endsong_0.json",
        "Spotify Extended Streaming History/Streaming_History_Audio_2019-2020_3.json",
        "anything.txt",
        "../../etc/passwd",
        "C:\\evil\x07.json",
    ],
)
def test_names_do_not_matter(tmp_path: Path, name: str) -> None:
    """Old and new file names, wrong ones and path tricks are all read, and nothing is written."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as target:
        target.writestr(name, as_spotify_json(some_plays(3)))
    assert Tally(kept=3) == tally(read(tmp_path / "x.zip")[1])
    assert [tmp_path / "x.zip"] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"ts": "yesterday"}, Outcome.UNREADABLE),
        ({"ts": 5}, Outcome.UNREADABLE),
        ({"ts": "1970-01-01T00:00:00Z"}, Outcome.UNREADABLE),
        ({"ms_played": "long"}, Outcome.UNREADABLE),
        ({"ms_played": -1}, Outcome.UNREADABLE),
        ({"master_metadata_track_name": None}, Outcome.UNREADABLE),
        ({"master_metadata_track_name": "  "}, Outcome.UNREADABLE),
        ({"master_metadata_album_artist_name": ["a"]}, Outcome.UNREADABLE),
        ({"ms_played": 29_999}, Outcome.TOO_SHORT),
        ({"ms_played": 30_000}, Outcome.KEPT),
        ({"audiobook_title": "A Book", "audiobook_uri": "spotify:show:x"}, Outcome.NOT_MUSIC),
        ({"episode_name": "An Episode"}, Outcome.NOT_MUSIC),
        ({"skipped": 1, "offline": "?", "surprise": {"new": []}}, Outcome.KEPT),
    ],
)
def test_each_record_is_judged_alone(
    tmp_path: Path, change: dict[str, object], outcome: Outcome
) -> None:
    """One odd record among good ones is one line with its reason; the others are kept."""
    rows = some_plays(3)
    rows[1] |= change
    lines = read(saved(tmp_path / "x.json", as_spotify_json(rows)))[1]
    assert sorted(["kept", "kept", outcome.value]) == sorted(line.outcome.value for line in lines)
    assert all(line.reason for line in lines if line.outcome is not Outcome.KEPT)


@pytest.mark.parametrize("garbage", ["17", "null", '"text"', "[1]", "{}", "{bad json}", "{'a': 1}"])
def test_garbage_among_records_is_one_line(tmp_path: Path, garbage: str) -> None:
    """A record that is no JSON, or no object, costs itself only."""
    good = as_spotify_json(some_plays(2)).decode()[1:-1]
    data = f"[{good},{garbage},{good}]".encode()
    found, lines = read(saved(tmp_path / "x.json", data))
    assert Tally(kept=4, unreadable=1) == tally(lines)
    assert found.broke_off is None


@pytest.mark.parametrize("left", [0.3, 0.6, 0.999])
def test_json_that_breaks_off_is_partial(tmp_path: Path, left: float) -> None:
    """Of a file cut anywhere all whole records come, and the file says that it broke off."""
    data = as_spotify_json(some_plays(200))
    cut = data[: int(len(data) * left)]
    found, lines = read(saved(tmp_path / "x.json", cut))
    assert Tally(kept=cut.count(b"}")) == tally(lines)
    assert "breaks off" in (found.broke_off or "")


@pytest.mark.parametrize(
    "left", [0.5, *(pytest.param(left, marks=pytest.mark.slow) for left in (0.2, 0.9, 0.999))]
)
def test_truncated_zip_gives_what_it_holds(tmp_path: Path, left: float) -> None:
    """A ZIP cut anywhere gives a part of its lines, newest file first, and says what is missing."""
    whole = write_listener_zip(tmp_path / "my.zip", n_listens=40_000)
    data = (tmp_path / "my.zip").read_bytes()
    found, lines = read(saved(tmp_path / "cut.zip", data[: int(len(data) * left)]))
    assert whole.kept * (left - 0.1) < tally(lines).kept <= whole.kept
    assert tally(lines).lines == tally(lines).kept
    assert "cut off" in (found.broke_off or "")


@pytest.mark.slow
def test_a_damaged_member_does_not_hide_the_others(tmp_path: Path) -> None:
    """Flipped bytes inside one member cost the rest of that member."""
    write_listener_zip(tmp_path / "my.zip", n_listens=40_000)
    with zipfile.ZipFile(tmp_path / "my.zip") as source:
        second = source.infolist()[2]
    data = bytearray((tmp_path / "my.zip").read_bytes())
    middle = second.header_offset + second.compress_size // 2
    data[middle : middle + 40] = b"\xff" * 40
    found, lines = read(saved(tmp_path / "bad.zip", bytes(data)))
    assert 24_000 <= tally(lines).kept < 40_000
    assert second.filename[-30:] in (found.broke_off or "")


def test_a_zip_without_anything_whole_is_damaged(tmp_path: Path) -> None:
    """A ZIP cut in its first bytes is refused as damaged, with what to do."""
    write_listener_zip(tmp_path / "my.zip", n_listens=100)
    cut = saved(tmp_path / "cut.zip", (tmp_path / "my.zip").read_bytes()[:150])
    with pytest.raises(DamagedInputError) as caught:
        read_history(cut)
    assert "Download it again" in caught.value.hint


def test_encrypted_zip_is_refused(tmp_path: Path) -> None:
    """A ZIP under a password is named as such."""
    write_listener_zip(tmp_path / "my.zip", n_listens=10)
    data = bytearray((tmp_path / "my.zip").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            data[at + offset] |= 1
    with pytest.raises(RefusedInputError, match="encrypted"):
        read_history(saved(tmp_path / "locked.zip", bytes(data)))


def test_zip_bomb_stops_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that unpacks to over 250 times its size stops there; what came before is kept."""
    monkeypatch.setattr(archive, "FREE_BYTES", 1 << 20)
    good = as_spotify_json(some_plays(2_000))[:-2]
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("x.json", good + b", " + b" " * (14 << 20) + b"]")
    found, lines = read(tmp_path / "bomb.zip")
    assert "unpacks to far more" in (found.broke_off or "")
    assert 1_990 < tally(lines).kept <= 2_000


def test_all_members_share_one_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many members that are each in bounds cannot pass the limit of the whole file."""
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 3_000_000)
    with zipfile.ZipFile(tmp_path / "many.zip", "w", zipfile.ZIP_DEFLATED) as target:
        for number in range(10):
            target.writestr(f"{number}.json", as_spotify_json(some_plays(400)))
    found, lines = read(tmp_path / "many.zip")
    assert 0 < tally(lines).kept < 4_000
    assert found.broke_off is not None


def test_one_endless_record_does_not_fill_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A string that never ends stops at the size of a record."""
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 1 << 20)
    good = as_spotify_json(some_plays(3))[:-2]
    data = good + b', {"ts": "' + b"x" * (12 << 20) + b'"}]'
    found, lines = read(saved(tmp_path / "x.json", data))
    assert Tally(kept=3) == tally(lines)
    assert "larger than" in (found.broke_off or "")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    """A file that another program saved in another encoding keeps its accents."""
    data = as_spotify_json(some_plays(300)).decode().encode(encoding)
    lines = read(saved(tmp_path / "x.json", data))[1]
    assert {SONG.title} == {line.track.title for line in lines if line.track}
    assert Tally(kept=300) == tally(lines)


def test_account_data(tmp_path: Path) -> None:
    """The older kind: minutes, UTC, podcasts in a file of their own."""
    music = [
        {"endTime": "2023-11-14 22:13", "artistName": "A", "trackName": "T", "msPlayed": 60_000},
        {"endTime": "2023-11-14 22:20", "artistName": "A", "trackName": "U", "msPlayed": 100},
    ]
    talk = [
        {"endTime": "2023-11-15 09:00", "podcastName": "P", "episodeName": "E", "msPlayed": 9**7}
    ]
    with zipfile.ZipFile(tmp_path / "my_spotify_data.zip", "w") as target:
        target.writestr("Spotify Account Data/StreamingHistory_music_0.json", json.dumps(music))
        target.writestr("Spotify Account Data/StreamingHistory_podcast_0.json", json.dumps(talk))
        target.writestr("Spotify Account Data/Userdata.json", json.dumps({"email": "a@b.c"}))
    found, lines = read(tmp_path / "my_spotify_data.zip")
    assert SourceKind.SPOTIFY_ACCOUNT == found.kind
    assert Tally(kept=1, too_short=1, not_music=1) == tally(lines)
    assert 1_699_999_920 in {line.played_at for line in lines}


def test_extended_history_wins_over_account_data(tmp_path: Path) -> None:
    """Of a ZIP with both kinds only the one with more detail is read: plays count once."""
    account = [{"endTime": "2023-11-14 22:13", "artistName": "A", "trackName": "T", "msPlayed": 1}]
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as target:
        target.writestr("a.json", json.dumps(account))
        target.writestr("b.json", as_spotify_json(some_plays(4)))
    found, lines = read(tmp_path / "x.zip")
    assert (SourceKind.SPOTIFY_EXTENDED, 4) == (found.kind, len(lines))


@pytest.mark.parametrize(
    ("data", "seems"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"[]", "without any record"),
        (b'{"playlists": [{"name": "x"}]}', "JSON of another kind"),
        (b'[{"name": "x"}]', "JSON of another kind"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"name,age\nx,3\n", "other columns"),
        (bytes(range(256)) * 40, "binary"),
        (b"[" * 100_000, "JSON of another kind"),
        (b'{"a":' * 50_000, "JSON of another kind"),
    ],
)
def test_what_we_do_not_read_is_refused(tmp_path: Path, data: bytes, seems: str) -> None:
    """A file of another kind is refused with what it seems to be and what we read."""
    with pytest.raises(UnknownFormatError) as caught:
        read_history(saved(tmp_path / "x", data))
    assert seems in caught.value.message
    assert "Exportify" in caught.value.hint


def test_zip_of_other_things_is_refused(tmp_path: Path) -> None:
    """A ZIP without a history says what it holds, without control characters."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as target:
        target.writestr("x.json", as_spotify_json(some_plays(1)))
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as target:
        target.writestr("my\x1b[2Jdata.zip", inner.getvalue())
    with pytest.raises(UnknownFormatError, match=r"my\?\[2Jdata.zip"):
        read_history(tmp_path / "x.zip")


def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file and a folder are refused in our words."""
    for path in (tmp_path / "missing.zip", tmp_path):
        with pytest.raises(RefusedInputError, match="cannot be read"):
            read_history(path)


def test_long_files_are_sorted_in_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file longer than a window loses no line and keeps its numbers in order."""
    monkeypatch.setattr(history, "SORTED_LINES", 100)
    lines = read(saved(tmp_path / "x.json", as_spotify_json(some_plays(250))))[1]
    assert list(range(1, 251)) == [line.number for line in lines]
    assert 250 == len({line.played_at for line in lines})


def test_blocks_lose_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the border of a block falls, every record comes out once."""
    data = as_spotify_json(some_plays(40))
    path = saved(tmp_path / "x.json", data)
    for size in (700, 1_000, 1_024, 4_095, len(data) - 1, len(data)):
        monkeypatch.setattr(records, "BLOCK_BYTES", size)
        assert Tally(kept=40) == tally(read(path)[1])


@pytest.mark.slow
@pytest.mark.skipif(not SONGS.is_file(), reason="the research data spotify-songs-32k is absent")
def test_every_real_playlist_balances(tmp_path: Path) -> None:
    """All 471 real playlists, written as listeners' downloads, balance to the line."""
    for path, expected in write_playlist_zips(tmp_path).values():
        assert expected == tally(read(path)[1]), path.name


def test_invented_songs_are_enough(tmp_path: Path) -> None:
    """The test tool needs no data to write a history of real shape."""
    expected = write_listener_zip(tmp_path / "x.zip", n_listens=30, songs=invented_songs(5))
    assert expected == tally(read(tmp_path / "x.zip")[1])
