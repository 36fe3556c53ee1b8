"""Last.fm scrobbles as the well-known exporters save them: pages of JSON, and CSV.

- JSON: tracks of `user.getRecentTracks`, page by page or all in one list.
- CSV with `uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid`.
- CSV without a header: artist, album, track, `22 Nov 2014 18:33`, UTC.

How long a track was played is not told.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from harmonyhub.domain.music import TrackDescription
from harmonyhub.sources.verdicts import (
    NO_NAME,
    NO_TIME,
    WRONG_TYPES,
    Verdict,
    bare_mbid,
    listen,
    plausible_time,
    unreadable,
    utc_time,
)

HEADERLESS: Final = ("artist", "album", "track", "date")
_TIME_COLUMNS: Final = ("uts", "timestamp", "utc_time", "utc time", "date", "time")
_TITLE_COLUMNS: Final = ("track", "title", "name", "song")
_DATES: Final = ("%d %b %Y %H:%M", "%d %b %Y, %H:%M", "%d %b %Y, %H:%M:%S", "%d %b %Y %H:%M:%S")


def is_scrobble(record: Mapping[str, object]) -> bool:
    """Say whether a JSON record is a track of `user.getRecentTracks`."""
    return "artist" in record and "name" in record and ("date" in record or "@attr" in record)


def is_header(columns: Sequence[str]) -> bool:
    """Say whether a CSV header is of this format."""
    return (
        "artist" in columns
        and any(name in columns for name in _TITLE_COLUMNS)
        and any(name in columns for name in _TIME_COLUMNS)
    )


def is_headerless_row(row: Sequence[str]) -> bool:
    """Say whether a first row is already a scrobble: artist, album, track, date."""
    return len(row) == len(HEADERLESS) and _parse_time(row[3]) is not None


def first_time(record: Mapping[str, object]) -> int:
    """Give the time of a JSON record, 0 if it tells none."""
    return _time_of(record.get("date")) or 0


def judge(record: object, member: str) -> Verdict:  # noqa: ARG001 - one shape for all formats
    """Judge one JSON record."""
    if isinstance(record, msgspec.Raw):
        record = msgspec.json.decode(record)
    if not isinstance(record, dict):
        return WRONG_TYPES
    attributes = record.get("@attr")
    if isinstance(attributes, dict) and attributes.get("nowplaying") == "true":
        return unreadable("was playing during the export: no time yet")
    return _verdict(
        title=_text(record.get("name")),
        artist=_text(record.get("artist")),
        release=_text(record.get("album")),
        mbid=record.get("mbid"),
        played_at=_time_of(record.get("date")),
    )


def judge_row(row: Mapping[str, str], member: str) -> Verdict:  # noqa: ARG001
    """Judge one CSV row by the names of its columns."""
    times = (_parse_time(row[name]) for name in _TIME_COLUMNS if row.get(name))
    return _verdict(
        title=next((row[name] for name in _TITLE_COLUMNS if row.get(name)), ""),
        artist=row.get("artist", ""),
        release=row.get("album", ""),
        mbid=row.get("track_mbid") or row.get("mbid"),
        played_at=next((time for time in times if time is not None), None),
    )


def _verdict(
    *, title: str, artist: str, release: str, mbid: object, played_at: int | None
) -> Verdict:
    if not (title.strip() and artist.strip()):
        return NO_NAME
    if played_at is None:
        return NO_TIME
    track = TrackDescription(
        title=title, artists=(artist,), release=release or None, recording_mbid=bare_mbid(mbid)
    )
    return listen(track, played_at=played_at)


def _text(value: object) -> str:
    """Read a name: plain, or in an object under `#text`, or under `name` in extended answers."""
    if isinstance(value, dict):
        value = value.get("#text") or value.get("name")
    return value if isinstance(value, str) else ""


def _time_of(value: object) -> int | None:
    if isinstance(value, dict):
        value = value.get("uts") or value.get("#text")
    return _parse_time(str(value)) if isinstance(value, str | int | float) else None


def _parse_time(text: str) -> int | None:
    text = text.strip()
    if text.isdecimal() and len(text) <= 12:
        return plausible_time(int(text))
    for pattern in _DATES:
        try:
            moment = datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
        return plausible_time(moment.timestamp())
    return utc_time(text)
