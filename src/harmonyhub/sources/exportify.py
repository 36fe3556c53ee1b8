"""Playlists that Exportify saved as CSV, in the columns of its old and its new versions.

A playlist tells what somebody likes, not when it was played: `played_at` is 0, "no time told",
since the time at which a track was added is no listen and no reason may quote it as one. The same
playlist again adds nothing.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from harmonyhub.domain.music import TrackDescription
from harmonyhub.sources.verdicts import (
    NO_NAME,
    Verdict,
    bare_isrc,
    bare_spotify_id,
    listen,
    not_music,
)

NO_TIME_TOLD: Final = 0
_URI_COLUMNS: Final = ("track uri", "spotify id", "track id", "spotify uri")
_ARTIST_ID_COLUMNS: Final = ("artist uri(s)", "artist ids", "artist id(s)")
_DURATION_COLUMNS: Final = ("track duration (ms)", "duration (ms)", "track duration")
_COMMA: Final = re.compile(r"(?<!\\),\s*")  # Exportify writes a comma in a name as "\,"


def is_header(columns: Sequence[str]) -> bool:
    """Say whether a CSV header is of this format."""
    has_uri = any(name in columns for name in _URI_COLUMNS)
    return has_uri and "track name" in columns and "artist name(s)" in columns


def judge_row(row: Mapping[str, str], member: str) -> Verdict:  # noqa: ARG001
    """Judge one row by the names of its columns."""
    uri = _first(row, _URI_COLUMNS)
    if ":episode:" in uri:
        return not_music("podcast episode")
    title, artists = row.get("track name", ""), _artists(row)
    if not (title.strip() and artists):
        return NO_NAME
    duration_ms = _first(row, _DURATION_COLUMNS)
    track = TrackDescription(
        title=title,
        artists=artists,
        release=row.get("album name") or None,
        isrc=bare_isrc(row.get("isrc")),
        spotify_id=bare_spotify_id(uri),
        duration_s=int(duration_ms) / 1000 if duration_ms.isdecimal() else None,
        tags=_tags(row.get("genres") or row.get("artist genres") or ""),
    )
    return listen(track, played_at=NO_TIME_TOLD)


def _first(row: Mapping[str, str], columns: Sequence[str]) -> str:
    return next((row[name] for name in columns if row.get(name)), "")


def _artists(row: Mapping[str, str]) -> tuple[str, ...]:
    """Part the artists: new files by `;`, old ones by `,` where the ids agree on their number."""
    names = row.get("artist name(s)", "")
    if ";" in names:
        parts = names.split(";")
    else:
        parts = _COMMA.split(names)
        n_ids = len(_COMMA.split(_first(row, _ARTIST_ID_COLUMNS) or "-"))
        if n_ids != len(parts):  # "Tyler, The Creator" is one artist
            parts = [names]
    cleaned = (part.replace("\\,", ",").strip() for part in parts)
    return tuple(part for part in cleaned if part)


def _tags(genres: str) -> tuple[str, ...]:
    parts = (part.strip().lower() for part in re.split("[,;]", genres))
    return tuple(dict.fromkeys(part for part in parts if part))
