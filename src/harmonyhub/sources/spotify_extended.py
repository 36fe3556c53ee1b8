"""Spotify's extended streaming history, as a listener downloads it.

One record is one play of a track, an episode, an audiobook or a video, with the time at which it
ended. Username, IP address, user agent, country and platform are in the file and are not even
decoded here. A play in a private session leaves nothing but its count.
"""

import msgspec

from harmonyhub.domain.music import TrackDescription
from harmonyhub.sources.verdicts import (
    NO_NAME,
    NO_TIME,
    WRONG_TYPES,
    Verdict,
    bare_spotify_id,
    listen,
    not_music,
    utc_time,
)

VIDEO_FILE = "streaming_history_video"  # no field of a record tells a video from a track


class _Play(msgspec.Struct):
    ts: str
    ms_played: int
    title: str | None = msgspec.field(default=None, name="master_metadata_track_name")
    artist: str | None = msgspec.field(default=None, name="master_metadata_album_artist_name")
    release: str | None = msgspec.field(default=None, name="master_metadata_album_album_name")
    spotify_track_uri: str | None = None
    episode_name: str | None = None
    episode_show_name: str | None = None
    spotify_episode_uri: str | None = None
    audiobook_uri: str | None = None
    audiobook_title: str | None = None
    skipped: object = None
    incognito_mode: object = None


_decoder = msgspec.json.Decoder(_Play)
_PRIVATE = not_music("private session, not kept")


def is_play(record: dict[str, object]) -> bool:
    """Say whether a record is of this format."""
    return "ts" in record and "ms_played" in record


def first_time(record: dict[str, object]) -> int:
    """Give the time of a record, 0 if it tells none."""
    return utc_time(str(record.get("ts"))) or 0


def judge(record: msgspec.Raw, member: str) -> Verdict:
    """Judge one record of the file `member`."""
    try:
        play = _decoder.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return WRONG_TYPES
    if play.incognito_mode is True:
        return _PRIVATE
    ended_at = utc_time(play.ts)
    if ended_at is None or play.ms_played < 0:
        return NO_TIME
    played_at = ended_at - play.ms_played // 1000
    other = _not_music(play, member)
    if other is not None:
        return not_music(other, played_at=played_at)
    if not (play.title and play.title.strip() and play.artist and play.artist.strip()):
        return NO_NAME
    return listen(
        TrackDescription(
            title=play.title,
            artists=(play.artist,),
            release=play.release or None,
            spotify_id=bare_spotify_id(play.spotify_track_uri),
        ),
        played_at=played_at,
        played_ms=play.ms_played,
        is_skipped=play.skipped if isinstance(play.skipped, bool) else None,
    )


def _not_music(play: _Play, member: str) -> str | None:
    if play.spotify_episode_uri or play.episode_name or play.episode_show_name:
        return "podcast episode"
    if play.audiobook_uri or play.audiobook_title:
        return "audiobook"
    return "video" if VIDEO_FILE in member.lower() else None
