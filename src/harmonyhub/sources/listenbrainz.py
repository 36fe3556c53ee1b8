"""ListenBrainz exports: `listens/YYYY/M.jsonl` in a ZIP today, one JSON array in older ones.

The mapping to MusicBrainz that the export carries gives the recording's id and the artists one by
one; the title stays as it was submitted. How long a track was played is not told.
"""

import msgspec

from harmonyhub.domain.music import TrackDescription
from harmonyhub.sources.verdicts import (
    NO_NAME,
    NO_TIME,
    WRONG_TYPES,
    Verdict,
    bare_isrc,
    bare_mbid,
    bare_spotify_id,
    listen,
    plausible_time,
)


class _CreditedArtist(msgspec.Struct):
    artist_credit_name: str | None = None


class _Mapping(msgspec.Struct):
    recording_mbid: str | None = None
    artists: list[_CreditedArtist] | None = None


class _AdditionalInfo(msgspec.Struct):
    recording_mbid: object = None
    isrc: object = None
    spotify_id: object = None
    duration_ms: object = None
    duration: object = None


class _Metadata(msgspec.Struct):
    track_name: str | None = None
    artist_name: str | None = None
    release_name: str | None = None
    additional_info: _AdditionalInfo | None = None
    mbid_mapping: _Mapping | None = None


class _Listen(msgspec.Struct):
    listened_at: float | str | None
    track_metadata: _Metadata


_decoder = msgspec.json.Decoder(_Listen)


def is_listen(record: dict[str, object]) -> bool:
    """Say whether a record is of this format."""
    return "listened_at" in record and "track_metadata" in record


def first_time(record: dict[str, object]) -> int:
    """Give the time of a record, 0 if it tells none."""
    return _seconds(record.get("listened_at")) or 0


def judge(record: msgspec.Raw | dict[str, object], member: str) -> Verdict:  # noqa: ARG001
    """Judge one record."""
    try:
        if isinstance(record, dict):
            found = msgspec.convert(record, _Listen)
        else:
            found = _decoder.decode(record)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return WRONG_TYPES
    played_at = _seconds(found.listened_at)
    if played_at is None:
        return NO_TIME
    metadata = found.track_metadata
    artists = _artists(metadata)
    if not (metadata.track_name and metadata.track_name.strip() and artists):
        return NO_NAME
    info = metadata.additional_info or _AdditionalInfo()
    mapped = metadata.mbid_mapping.recording_mbid if metadata.mbid_mapping else None
    track = TrackDescription(
        title=metadata.track_name,
        artists=artists,
        release=metadata.release_name or None,
        isrc=bare_isrc(info.isrc),
        recording_mbid=bare_mbid(info.recording_mbid) or bare_mbid(mapped),
        spotify_id=bare_spotify_id(info.spotify_id),
        duration_s=_duration_s(info),
    )
    return listen(track, played_at=played_at)


def _seconds(value: object) -> int | None:
    if isinstance(value, str):
        value = float(value) if value.strip().isdecimal() else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return plausible_time(value) if is_number else None  # type: ignore[arg-type]  # checked above


def _artists(metadata: _Metadata) -> tuple[str, ...]:
    mapped = metadata.mbid_mapping.artists if metadata.mbid_mapping else None
    names = [artist.artist_credit_name for artist in mapped or ()]
    found = tuple(name for name in names if name and name.strip())
    if found:
        return found
    name = metadata.artist_name
    return (name,) if name and name.strip() else ()


def _duration_s(info: _AdditionalInfo) -> float | None:
    for value, scale in ((info.duration_ms, 1000), (info.duration, 1)):
        if isinstance(value, int | float) and value > 0:
            return value / scale
    return None
