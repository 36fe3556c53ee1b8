"""The streaming history of Spotify's account data: the last year, to the minute, without ids.

`endTime` is UTC and the end of the play. Files of podcasts and audiobooks have fields of their
own; in older downloads an episode looks like a track and is kept as one.
"""

import msgspec

from harmonyhub.domain.music import TrackDescription
from harmonyhub.sources.verdicts import (
    NO_NAME,
    NO_TIME,
    WRONG_TYPES,
    Verdict,
    listen,
    not_music,
    utc_time,
)


class _Play(msgspec.Struct, rename="camel"):
    end_time: str
    ms_played: int
    artist_name: str | None = None
    track_name: str | None = None
    podcast_name: str | None = None
    episode_name: str | None = None
    audiobook_name: str | None = None
    chapter_name: str | None = None


_decoder = msgspec.json.Decoder(_Play)


def is_play(record: dict[str, object]) -> bool:
    """Say whether a record is of this format."""
    return "endTime" in record and "msPlayed" in record


def first_time(record: dict[str, object]) -> int:
    """Give the time of a record, 0 if it tells none."""
    return utc_time(str(record.get("endTime"))) or 0


def judge(record: msgspec.Raw, member: str) -> Verdict:  # noqa: ARG001 - one shape for all formats
    """Judge one record."""
    try:
        play = _decoder.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return WRONG_TYPES
    ended_at = utc_time(play.end_time)
    if ended_at is None or play.ms_played < 0:
        return NO_TIME
    played_at = ended_at - play.ms_played // 1000
    if play.podcast_name or play.episode_name:
        return not_music("podcast episode", played_at=played_at)
    if play.audiobook_name or play.chapter_name:
        return not_music("audiobook", played_at=played_at)
    if not (play.track_name and play.track_name.strip() and play.artist_name):
        return NO_NAME
    return listen(
        TrackDescription(title=play.track_name, artists=(play.artist_name,)),
        played_at=played_at,
        played_ms=play.ms_played,
    )
