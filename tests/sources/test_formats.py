"""Each format's own records: ListenBrainz, Last.fm and Exportify, as their exporters write them."""

import json
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from harmonyhub.domain.listens import Outcome, SourceKind, SourceLine
from harmonyhub.domain.music import TrackDescription
from harmonyhub.sources.history import HistoryFile, read_history

AT = 1_416_681_180
MBID = "60dfa5ec-84b7-4d30-b1f5-ae5af27a9f29"
SPOTIFY_ID = "0TK2YIli7K1leLovkQiNik"


def lb_listen(listened_at: object, title: str = "Song") -> dict[str, object]:
    """Give one listen as the ListenBrainz export writes it."""
    return {
        "listened_at": listened_at,
        "inserted_at": 1_700_000_000.5,
        "track_metadata": {
            "track_name": title,
            "artist_name": "A & B",
            "release_name": "Release",
            "recording_msid": MBID,
            "additional_info": {
                "isrc": "GB-UM7-10-00001",
                "spotify_id": f"https://open.spotify.com/track/{SPOTIFY_ID}",
                "duration_ms": 180_000,
                "submission_client": "a client",
            },
            "mbid_mapping": {
                "recording_mbid": MBID.upper(),
                "artists": [
                    {"artist_credit_name": "A", "join_phrase": " & "},
                    {"artist_credit_name": "B", "join_phrase": ""},
                ],
            },
        },
    }


def scrobble(uts: int, title: str = "T") -> dict[str, object]:
    """Give one track of `user.getRecentTracks`."""
    return {
        "artist": {"mbid": "", "#text": "Art"},
        "album": {"mbid": "", "#text": "Alb"},
        "image": [{"size": "small", "#text": ""}],
        "mbid": MBID,
        "name": title,
        "url": "",
        "date": {"uts": str(uts), "#text": "22 Nov 2014, 18:33"},
    }


def read(path: Path, data: bytes | str) -> tuple[HistoryFile, list[SourceLine]]:
    """Write a file and read it to its end."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    found = read_history(path)
    return found, list(found.lines())


def outcomes(lines: list[SourceLine]) -> dict[Outcome, int]:
    """Count lines by outcome."""
    return dict(Counter(line.outcome for line in lines))


def test_listenbrainz_zip(tmp_path: Path) -> None:
    """Months come newest first; ids, artists and duration come from what the export carries."""
    with zipfile.ZipFile(tmp_path / "listenbrainz_anna.zip", "w") as target:
        target.writestr("user.json", '{"user_id": 1, "username": "anna"}\n')
        target.writestr("listens/2014/9.jsonl", json.dumps(lb_listen(AT - 9_000_000.0)) + "\n")
        newer = [json.dumps(lb_listen(AT)), "{broken", json.dumps(lb_listen(0)), ""]
        target.writestr("listens/2014/11.jsonl", "\n".join(newer))
        target.writestr("feedback.jsonl", '{"recording_msid": "x", "score": 1}\n')
    found = read_history(tmp_path / "listenbrainz_anna.zip")
    lines = list(found.lines())
    assert (SourceKind.LISTENBRAINZ, None) == (found.kind, found.broke_off)
    assert {Outcome.KEPT: 2, Outcome.UNREADABLE: 2} == outcomes(lines)
    assert AT == lines[0].played_at
    assert (
        TrackDescription(
            title="Song",
            artists=("A", "B"),
            release="Release",
            isrc="GBUM71000001",
            recording_mbid=MBID,
            spotify_id=SPOTIFY_ID,
            duration_s=180.0,
        )
        == lines[0].track
    )


def test_older_listenbrainz_list(tmp_path: Path) -> None:
    """The single JSON list of older exports is read the same, one odd record at its own cost."""
    rows = [lb_listen(AT), {"listened_at": AT, "track_metadata": 5}, lb_listen(AT + 60)]
    found, lines = read(tmp_path / "x.json", json.dumps(rows))
    assert SourceKind.LISTENBRAINZ == found.kind
    assert {Outcome.KEPT: 2, Outcome.UNREADABLE: 1} == outcomes(lines)
    assert AT + 60 == lines[0].played_at


def test_nested_json_that_breaks_off(tmp_path: Path) -> None:
    """A cut list of nested records gives every whole record and says that it broke off."""
    data = json.dumps([lb_listen(AT + n) for n in range(500)])
    found, lines = read(tmp_path / "x.json", data[:-100])
    assert {Outcome.KEPT: 499} == outcomes(lines)
    assert "breaks off" in (found.broke_off or "")


@pytest.mark.parametrize("n_closed", [0, 3])
def test_json_nested_without_end_costs_no_time(tmp_path: Path, n_closed: int) -> None:
    """A million brackets behind good records stop at the depth limit; the records are kept."""
    bomb = "[" * 1_000_000 + "]" * n_closed
    good = json.dumps([lb_listen(AT + n) for n in range(100)])[:-1]
    found, lines = read(tmp_path / "x.json", f"{good}, {bomb}")
    assert 80 < len(lines) <= 100  # the last block before the bomb goes with it
    assert found.broke_off is not None


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: rows,
        lambda rows: {"recenttracks": {"track": rows, "@attr": {"page": "1"}}},
        lambda rows: [{"track": rows, "@attr": {"page": "1"}}],
        lambda rows: [{"recenttracks": {"track": rows}}],
        lambda rows: [rows[:1], rows[1:]],
    ],
)
def test_lastfm_pages(tmp_path: Path, wrap: object) -> None:
    """Pages of getRecentTracks are read however the exporter nested them."""
    playing = scrobble(AT) | {"@attr": {"nowplaying": "true"}}
    del playing["date"]
    rows = [scrobble(AT + 60), scrobble(AT), playing]
    assert callable(wrap)
    found, lines = read(tmp_path / "x.json", json.dumps(wrap(rows)))
    assert SourceKind.LASTFM == found.kind
    assert {Outcome.KEPT: 2, Outcome.UNREADABLE: 1} == outcomes(lines)
    assert lines[0].track == TrackDescription(
        title="T", artists=("Art",), release="Alb", recording_mbid=MBID
    )


def test_lastfm_lines(tmp_path: Path) -> None:
    """One scrobble per line is read, too."""
    data = "\n".join(json.dumps(scrobble(AT + n)) for n in range(3))
    found, lines = read(tmp_path / "x.ndjson", data)
    assert (SourceKind.LASTFM, {Outcome.KEPT: 3}) == (found.kind, outcomes(lines))


def test_lastfm_csv(tmp_path: Path) -> None:
    """The CSV of the export site: time from `uts`, quoted commas and quotes, odd rows apart."""
    data = (
        "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\r\n"
        f'"{AT}","22 Nov 2014, 18:33","Earth, Wind & Fire","","","","Say ""Yes""","{MBID}"\r\n'
        '"","22 Nov 2014, 18:40","A","","","","T",""\r\n'
        '"0","01 Jan 1970, 00:00","A","","","","T",""\r\n'
        '"x","","A","","","",""\r\n'
        "\r\n"
    )
    found, lines = read(tmp_path / "x.csv", data)
    assert SourceKind.LASTFM == found.kind
    assert {Outcome.KEPT: 2, Outcome.UNREADABLE: 2} == outcomes(lines)
    assert TrackDescription(
        title='Say "Yes"', artists=("Earth, Wind & Fire",), recording_mbid=MBID
    ) in [line.track for line in lines]


@pytest.mark.parametrize("header", ["", "artist,album,track,date\n"])
def test_lastfm_csv_without_header(tmp_path: Path, header: str) -> None:
    """The four plain columns are read with and without their names; the time is UTC."""
    data = header + "blur,The Magic Whip,New World Towers,22 Nov 2014 18:33\nA,,T,bad date\n"
    found, lines = read(tmp_path / "lastfm.csv", data)
    assert SourceKind.LASTFM == found.kind
    assert {Outcome.KEPT: 1, Outcome.UNREADABLE: 1} == outcomes(lines)
    assert AT == lines[0].played_at


def test_exportify_of_today(tmp_path: Path) -> None:
    """New columns: artists by semicolon, genres as tags, and no time that could be quoted."""
    data = (
        "Track URI,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),"
        "Added At,Genres\n"
        f"spotify:track:{SPOTIFY_ID},Song,Album,The Swell Season;Glen Hansard,2006,200000,"
        '2020-01-01T00:00:00Z,"Folk,indie folk"\n'
        'spotify:track:x,Other,Album,"Tyler, the Creator",2006,1,2020-01-01T00:00:00Z,\n'
        "spotify:episode:x,Talk,Show,Host,2006,1,2020-01-01T00:00:00Z,\n"
    )
    found, lines = read(tmp_path / "liked.csv", "\ufeff" + data)
    assert SourceKind.EXPORTIFY == found.kind
    assert {Outcome.KEPT: 2, Outcome.NOT_MUSIC: 1} == outcomes(lines)
    assert (0, None) == (lines[0].played_at, lines[0].played_ms)
    assert [("The Swell Season", "Glen Hansard"), ("Tyler, the Creator",)] == [
        line.track.artists for line in lines if line.track
    ]
    assert ("folk", "indie folk") == (lines[0].track.tags if lines[0].track else ())


def test_exportify_of_old(tmp_path: Path) -> None:
    """Old columns: artists by comma where the ids agree on their number, ISRC, local files."""
    data = (
        '"Track URI","Track Name","Artist URI(s)","Artist Name(s)","Album Name","ISRC","Added At"\n'
        f'"spotify:track:{SPOTIFY_ID}","A","spotify:artist:a, spotify:artist:b","X, Y","L",'
        '"GBUM71000001","2018-12-23T10:12:16Z"\n'
        '"spotify:track:y","B","spotify:artist:a","Tyler\\, The Creator","L","",""\n'
        '"spotify:local:me","C","","Band, The","L","",""\n'
    )
    lines = read(tmp_path / "x.csv", data)[1]
    assert [("X", "Y"), ("Tyler, The Creator",), ("Band, The",)] == [
        line.track.artists for line in lines if line.track
    ]
    assert [("GBUM71000001", SPOTIFY_ID), (None, None), (None, None)] == [
        (line.track.isrc, line.track.spotify_id) for line in lines if line.track
    ]


def test_exportify_zip_of_playlists(tmp_path: Path) -> None:
    """The export of everything gives a ZIP with one CSV per playlist; all of them are read."""
    header = "Spotify ID,Artist IDs,Track Name,Album Name,Artist Name(s)\n"
    with zipfile.ZipFile(tmp_path / "spotify_playlists.zip", "w") as target:
        for name in ("a", "b"):
            target.writestr(f"{name}.csv", header + f"{SPOTIFY_ID},x,Song {name},Album,Artist\n")
    found = read_history(tmp_path / "spotify_playlists.zip")
    assert (SourceKind.EXPORTIFY, 2) == (found.kind, len(list(found.lines())))


def test_a_stray_quote_does_not_swallow_a_table(tmp_path: Path) -> None:
    """An open quote costs the rows up to the limit of a cell, and the file is read on."""
    good = f"{AT},A,T\n" * 20_000
    lines = read(tmp_path / "x.csv", f'uts,artist,track\n{good}{AT},A,"T\n{good}')[1]
    counts = outcomes(lines)
    assert counts[Outcome.KEPT] > 20_000
    assert counts[Outcome.UNREADABLE] >= 1
