"""What a listener keeps at a streaming service: plays, saved tracks, playlists, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from harmonyhub.domain.music import TrackDescription

Item_co = TypeVar("Item_co", covariant=True)


class TopRange(StrEnum):
    """How far back a list of favourites looks; the values are Spotify's."""

    WEEKS = "short_term"  # about four weeks
    MONTHS = "medium_term"  # about six months
    YEAR = "long_term"  # about a year


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentPlay:
    """One play as a service tells it; `played_at` in unix seconds UTC."""

    track: TrackDescription
    played_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedTrack:
    """A track in the listener's collection; `added_at` in unix seconds UTC, 0 if unknown."""

    track: TrackDescription
    added_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAlbum:
    """An album in the listener's collection; `added_at` in unix seconds UTC, 0 if unknown."""

    title: str
    artists: tuple[str, ...]
    spotify_id: str
    added_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceArtist:
    """An artist as a service tells of it."""

    name: str
    spotify_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Playlist:
    """A playlist without its items.

    Attributes
    ----------
    owner_id : str
        The service's id of whom it belongs to.
    n_items : int
        As the service counts, episodes and gone tracks included.
    snapshot_id : str
        Another one after every change.
    url : str
        Where people open it.
    """

    spotify_id: str
    name: str
    description: str
    owner_id: str
    n_items: int
    snapshot_id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item_co]):
    """One page of a list.

    Attributes
    ----------
    items : sequence
        What could be read; hollow entries, episodes and local files without a name are left out.
    n_entries : int
        Entries of the answer, the ones left out included: the next page begins behind them.
    n_not_music : int
        Episodes among those left out.
    total : int or None
        Entries of the whole list, where the service tells.
    cursor : str
        Where the next page begins, in lists that are not counted; empty at the end.
    is_last : bool
        Whether nothing follows.
    """

    items: Sequence[Item_co]
    n_entries: int
    total: int | None
    cursor: str = ""
    is_last: bool
    n_not_music: int = 0
