"""Listens of many people: what can be read is read, and what may not be learned from is not."""

import gzip
import json
from pathlib import Path

import pytest

from harmonyhub.domain.errors import DamagedInputError, UnknownFormatError
from harmonyhub.sources.listen_rows import ListenRow, read_listen_rows

MBID = "a3a5fd0e-6b5a-4b7f-8f27-5b7d6d2f2d11"


def write(path: Path, *lines: object) -> Path:
    """Write JSON lines; strings as they are."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n")
    return path


def say(row: ListenRow | None) -> tuple[object, ...] | None:
    """Say in short what a row holds."""
    if row is None:
        return None
    track = row.track
    return row.user, track.artists, track.title, track.recording_mbid, track.isrc, row.plays


def test_a_listenbrainz_dump_tells_people_apart(tmp_path: Path) -> None:
    """Dumps name the user in each line, by name or number, and need no time here."""
    metadata = {
        "artist_name": "Portishead",
        "track_name": "Roads",
        "additional_info": {"recording_mbid": MBID, "spotify_id": "2" * 22},
    }
    path = write(
        tmp_path / "dump.listens",
        {"user_name": "ada", "timestamp": 1_600_000_000, "track_metadata": metadata},
        {"user_id": 7, "listened_at": 1_600_000_000, "track_metadata": metadata},
        {"user_id": 8, "track_metadata": {"artist_name": "", "track_name": "x"}},
        {"track_metadata": metadata},
        {"user_name": ["ada"], "track_metadata": metadata},
        {"user_name": "ada", "track_metadata": [metadata]},
    )
    ada, seven, *nothing = read_listen_rows(path)
    assert ("ada", ("Portishead",), "Roads", MBID, None, 1) == say(ada)
    assert ("7", ("Portishead",), "Roads", MBID, None, 1) == say(seven)
    assert [None] * 4 == nothing


def test_plain_lines_and_tables_say_the_same(tmp_path: Path) -> None:
    """JSON lines and CSV, packed or not, with plays and ids where they are known."""
    plain = {"user": "ada", "artist": "Low", "track": "Lullaby", "isrc": "US-A1B-94-00001"}
    jsonl = write(tmp_path / "a.jsonl", plain | {"plays": 3}, plain | {"plays": 0})
    table = tmp_path / "b.csv.gz"
    table.write_bytes(
        gzip.compress(b"User,Artist,Title,MBID,Plays\nada,Low,Lullaby,,3\nada,,Words,,1\n")
    )
    expected = ("ada", ("Low",), "Lullaby", None, "USA1B9400001", 3.0)
    assert [expected, None] == [say(row) for row in read_listen_rows(jsonl)]
    assert [(*expected[:4], None, 3.0), None] == [say(row) for row in read_listen_rows(table)]


def test_what_a_service_told_is_left_out_of_our_own_exports(tmp_path: Path) -> None:
    """An export is one listener; plays that only a synchronization told teach nobody."""
    listen = {"type": "listen", "track_id": "t1", "title": "Words", "artist": "Low"}
    path = write(
        tmp_path / "ada.jsonl",
        {"type": "ledger", "id": "l", "user_id": "ada"},
        listen | {"source": "lastfm"},
        listen | {"source": "spotify-sync"},
        {"type": "kept", "list": "saved", "title": "Words", "artist": "Low"},
    )
    ledger, listened, *rest = read_listen_rows(path)
    assert ("exported ada", ("Low",), "Words", None, None, 1.0) == say(listened)
    assert [None, None, None] == [ledger, *rest]


def test_lines_that_are_nothing_are_counted(tmp_path: Path) -> None:
    """Broken lines do not end the reading; each is one None."""
    good = {"user": "ada", "artist": "Low", "track": "Words"}
    path = write(tmp_path / "a.jsonl", good, "{oops", "[1, 2]", good)
    assert [True, False, False, True] == [row is not None for row in read_listen_rows(path)]


def test_foreign_and_broken_files_are_named(tmp_path: Path) -> None:
    """A table without the columns, nothing, bytes that are no text, an archive cut off."""
    with pytest.raises(UnknownFormatError, match="columns user, artist and track"):
        list(read_listen_rows(write(tmp_path / "a.csv", "name,age", "ada,36")))
    (tmp_path / "nothing.jsonl").touch()
    with pytest.raises(UnknownFormatError, match="is empty"):
        list(read_listen_rows(tmp_path / "nothing.jsonl"))
    (tmp_path / "b.csv").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(DamagedInputError):
        list(read_listen_rows(tmp_path / "b.csv"))
    packed = gzip.compress(b"user,artist,track\n" + b"ada,Low,Words\n" * 5_000)
    (tmp_path / "c.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DamagedInputError):
        list(read_listen_rows(tmp_path / "c.csv.gz"))
