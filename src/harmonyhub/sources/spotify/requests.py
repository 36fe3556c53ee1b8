"""What may be asked of the Web API: each request as a value, with the reader of its answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

from harmonyhub.domain.library import (
    Page,
    Playlist,
    RecentPlay,
    SavedAlbum,
    SavedTrack,
    ServiceArtist,
    TopRange,
)
from harmonyhub.domain.music import TrackDescription
from harmonyhub.sources.spotify import operations, payloads
from harmonyhub.sources.spotify.operations import Operation
from harmonyhub.sources.spotify.payloads import Profile

Value_co = TypeVar("Value_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest(Generic[Value_co]):
    """One request; `body` becomes JSON, `ids` fill the braces of the operation's path."""

    operation: Operation
    read: Callable[[bytes], Value_co]
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None

    @property
    def target(self) -> str:
        """Path and query behind `/v1`: names the resource."""
        names = {name: quote(text, safe="") for name, text in self.ids.items()}
        path = self.operation.path.format_map(names)
        return f"{path}?{urlencode(self.query)}" if self.query else path


def get_me() -> ApiRequest[Profile]:
    """Ask whose token it is."""
    return ApiRequest(operation=operations.GET_ME, read=payloads.read_profile)


def recently_played(*, after_ms: int | None = None) -> ApiRequest[Page[RecentPlay]]:
    """Ask for the last 50 plays, newest first; with `after_ms` (unix ms) only for later ones."""
    query = {"limit": str(operations.RECENTLY_PLAYED.page_size)}
    if after_ms is not None:
        query["after"] = str(after_ms)
    return ApiRequest(operation=operations.RECENTLY_PLAYED, read=payloads.read_plays, query=query)


def top_tracks(reach: TopRange) -> ApiRequest[Page[TrackDescription]]:
    """Ask for the 50 tracks a user played most, best first."""
    return ApiRequest(
        operation=operations.TOP_TRACKS,
        read=payloads.read_top_tracks,
        query=_page(operations.TOP_TRACKS, 0, time_range=reach.value),
    )


def top_artists(reach: TopRange) -> ApiRequest[Page[ServiceArtist]]:
    """Ask for the 50 artists a user played most, best first."""
    return ApiRequest(
        operation=operations.TOP_ARTISTS,
        read=payloads.read_top_artists,
        query=_page(operations.TOP_ARTISTS, 0, time_range=reach.value),
    )


def saved_tracks(*, offset: int = 0) -> ApiRequest[Page[SavedTrack]]:
    """Ask for a page of saved tracks, newest first."""
    return ApiRequest(
        operation=operations.SAVED_TRACKS,
        read=payloads.read_saved_tracks,
        query=_page(operations.SAVED_TRACKS, offset),
    )


def saved_albums(*, offset: int = 0) -> ApiRequest[Page[SavedAlbum]]:
    """Ask for a page of saved albums, newest first."""
    return ApiRequest(
        operation=operations.SAVED_ALBUMS,
        read=payloads.read_saved_albums,
        query=_page(operations.SAVED_ALBUMS, offset),
    )


def followed_artists(*, after: str = "") -> ApiRequest[Page[ServiceArtist]]:
    """Ask for a page of followed artists; `after` is the cursor of the page before."""
    query = {"type": "artist", "limit": str(operations.FOLLOWED_ARTISTS.page_size)}
    return ApiRequest(
        operation=operations.FOLLOWED_ARTISTS,
        read=payloads.read_followed_artists,
        query=query | ({"after": after} if after else {}),
    )


def own_playlists(*, offset: int = 0) -> ApiRequest[Page[Playlist]]:
    """Ask for a page of the playlists that a user owns or follows."""
    return ApiRequest(
        operation=operations.OWN_PLAYLISTS,
        read=payloads.read_playlists,
        query=_page(operations.OWN_PLAYLISTS, offset),
    )


def playlist(playlist_id: str) -> ApiRequest[Playlist]:
    """Ask for one playlist."""
    return ApiRequest(
        operation=operations.GET_PLAYLIST,
        read=payloads.read_playlist,
        ids={"playlist_id": playlist_id},
    )


def playlist_items(
    playlist_id: str, *, offset: int = 0
) -> ApiRequest[Page[TrackDescription | None]]:
    """Ask for a page of a playlist in its order; None stands for what is no track."""
    return ApiRequest(
        operation=operations.PLAYLIST_ITEMS,
        read=payloads.read_playlist_items,
        ids={"playlist_id": playlist_id},
        query=_page(operations.PLAYLIST_ITEMS, offset),
    )


def create_playlist(*, name: str, description: str) -> ApiRequest[Playlist]:
    """Make a private playlist; asked twice it makes two."""
    return ApiRequest(
        operation=operations.CREATE_PLAYLIST,
        read=payloads.read_playlist,
        body={"name": name, "description": description, "public": False},
    )


def replace_items(playlist_id: str, uris: Sequence[str]) -> ApiRequest[str]:
    """Put up to 100 tracks in place of all items; gives the snapshot."""
    return ApiRequest(
        operation=operations.REPLACE_ITEMS,
        read=payloads.read_snapshot,
        ids={"playlist_id": playlist_id},
        body={"uris": list(uris)},
    )


def add_items(playlist_id: str, uris: Sequence[str], *, position: int) -> ApiRequest[str]:
    """Insert up to 100 tracks at a position, 0 is the first; gives the snapshot."""
    return ApiRequest(
        operation=operations.ADD_ITEMS,
        read=payloads.read_snapshot,
        ids={"playlist_id": playlist_id},
        body={"uris": list(uris), "position": position},
    )


def remove_playlist(playlist_id: str) -> ApiRequest[None]:
    """Take a playlist out of the user's library, which is how Spotify deletes one."""
    return ApiRequest(
        operation=operations.REMOVE_FROM_LIBRARY,
        read=payloads.read_nothing,
        query={"uris": f"spotify:playlist:{playlist_id}"},
    )


def search_tracks(
    query: str, *, limit: int = operations.SEARCH_TRACKS.page_size
) -> ApiRequest[Page[TrackDescription]]:
    """Search for tracks; `query` in Spotify's words: `isrc:X`, `track:"..." artist:"..."`."""
    return ApiRequest(
        operation=operations.SEARCH_TRACKS,
        read=payloads.read_found_tracks,
        query={"q": query, "type": "track", "limit": str(limit)},
    )


def probe_api() -> ApiRequest[bytes]:
    """Ask for as little as can be asked without a user."""
    return ApiRequest(
        operation=operations.PROBE_API,
        read=bytes,
        query={"q": "a", "type": "track", "limit": "1"},
    )


def _page(operation: Operation, offset: int, **more: str) -> dict[str, str]:
    return {**more, "limit": str(operation.page_size), "offset": str(offset)}
