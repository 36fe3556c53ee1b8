"""Tracks, artists and releases: what a source says of them, and what we keep."""

from dataclasses import dataclass

from harmonyhub.domain.ids import ArtistId, IdentityKey, ReleaseId, TrackId

UNKNOWN_ARTIST = "Unknown artist"  # of files that name none


@dataclass(frozen=True, slots=True)
class TrackDescription:
    """A track as one source describes it; `title` and `artists` are never empty.

    `artists` are names as written, the main artist first. `isrc`, `recording_mbid` and
    `spotify_id` are bare ids (no `spotify:track:` prefix). `duration_s` is in seconds.
    """

    title: str
    artists: tuple[str, ...]
    release: str | None = None
    isrc: str | None = None
    recording_mbid: str | None = None
    spotify_id: str | None = None
    duration_s: float | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Track:
    """A track of the catalogue, one identity over all sources.

    `keys` holds every identity key under which it is known; `tags` are lower case.
    """

    id: TrackId
    title: str
    artist_names: tuple[str, ...]
    artist_ids: tuple[ArtistId, ...]
    release_title: str | None
    release_id: ReleaseId | None
    keys: tuple[IdentityKey, ...]
    tags: tuple[str, ...] = ()
    duration_s: float | None = None

    @property
    def artist(self) -> str:
        """All artist names in one line, the main artist first."""
        return ", ".join(self.artist_names)
