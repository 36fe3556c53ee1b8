"""What a listener keeps at a streaming service, as evidence of taste: for his own requests only."""

from dataclasses import dataclass
from enum import StrEnum

from harmonyhub.domain.ids import ArtistId, TrackId

SERVICE = "Spotify"


class Favour(StrEnum):
    """How something is a favourite; a closed set, the strongest first."""

    SAVED = "saved"
    TOP_WEEKS = "top-weeks"  # among what was played most in the last four weeks
    TOP_MONTHS = "top-months"  # six months
    TOP_YEAR = "top-year"
    IN_PLAYLIST = "in-playlist"  # in a playlist of one's own
    FOLLOWED = "followed"  # artists only


@dataclass(frozen=True, slots=True)
class FavouriteTrack:
    """A track that a service lists for a listener; its strongest favour.

    Attributes
    ----------
    id : TrackId
        As the catalogue knows it, or would.
    artist_ids, tags : tuple
        What speaks for it where the index does not know the track.
    """

    id: TrackId
    favour: Favour
    artist_ids: tuple[ArtistId, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FavouriteArtist:
    """An artist that a service lists for a listener; its strongest favour."""

    id: ArtistId
    favour: Favour


@dataclass(frozen=True, slots=True)
class Favourites:
    """All that a service tells of one listener's taste.

    Attributes
    ----------
    tracks, artists : tuple
        Each track and each artist at most once.
    only_synced : frozenset of TrackId
        Tracks of the history whose plays only the service told: no training will learn them.
    """

    tracks: tuple[FavouriteTrack, ...] = ()
    artists: tuple[FavouriteArtist, ...] = ()
    only_synced: frozenset[TrackId] = frozenset()


NO_FAVOURITES = Favourites()
