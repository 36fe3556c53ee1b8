"""What all formats share when they judge a foreign record: verdicts, times and bare ids."""

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

from harmonyhub.domain.listens import Outcome
from harmonyhub.domain.music import TrackDescription

MIN_PLAYED_MS: Final = 30_000  # what Spotify, Last.fm and ListenBrainz call a listen
# Nothing was scrobbled before 2002; 1 January 1970 is what a player without a clock sends.
EARLIEST: Final = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
LATEST: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())

_SPOTIFY_ID: Final = re.compile(r"(?:^|track[:/])([0-9A-Za-z]{22})(?:$|\?)")
_ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_MBID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Verdict(NamedTuple):
    """A line of an import before it has its number; the fields are those of `SourceLine`."""

    outcome: Outcome
    played_at: int | None = None
    played_ms: int | None = None
    track: TrackDescription | None = None
    reason: str = ""
    is_skipped: bool | None = None


def listen(
    track: TrackDescription,
    *,
    played_at: int,
    played_ms: int | None = None,
    is_skipped: bool | None = None,
) -> Verdict:
    """Judge a listen: one played for under 30 s, where that is told, is too short."""
    if played_ms is not None and played_ms < MIN_PLAYED_MS:
        return Verdict(
            Outcome.TOO_SHORT, played_at, played_ms, track, "played for under 30 s", is_skipped
        )
    return Verdict(Outcome.KEPT, played_at, played_ms, track, "", is_skipped)


def unreadable(reason: str) -> Verdict:
    """Judge a record that cannot be understood."""
    return Verdict(Outcome.UNREADABLE, reason=reason)


def not_music(
    reason: str, *, played_at: int | None = None, track: TrackDescription | None = None
) -> Verdict:
    """Judge a record that is no music, or that its listener wanted kept private."""
    return Verdict(Outcome.NOT_MUSIC, played_at, None, track, reason)


NO_NAME: Final = unreadable("no title or no artist")
NO_TIME: Final = unreadable("no time that can be read")
WRONG_TYPES: Final = unreadable("a field is missing or of another type than the format has")


def plausible_time(seconds: float | None) -> int | None:
    """Give whole unix seconds if they lie in the years 2000 to 2099, else None."""
    if seconds is None or not EARLIEST <= seconds < LATEST:
        return None
    return int(seconds)


def utc_time(text: str) -> int | None:
    """Read ISO 8601 as unix seconds; a time without a zone is UTC, as all our sources mean it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return plausible_time(moment.timestamp())


def bare_spotify_id(text: object) -> str | None:
    """Take the id out of a Spotify track URI, URL or id; None for local files and episodes."""
    match = _SPOTIFY_ID.search(text) if isinstance(text, str) else None
    return match[1] if match else None


def bare_isrc(text: object) -> str | None:
    """Give an ISRC without hyphens; None if it is none."""
    code = text.replace("-", "").strip().upper() if isinstance(text, str) else ""
    return code if _ISRC.fullmatch(code) else None


def bare_mbid(text: object) -> str | None:
    """Give a MusicBrainz id in lower case; None if it is none."""
    code = text.strip().lower() if isinstance(text, str) else ""
    return code if _MBID.fullmatch(code) else None
