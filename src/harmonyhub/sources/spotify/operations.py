"""The operations of Spotify's Web API that we use, as data: the contract for new apps of 2026."""

from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """What a user allows; the values are Spotify's."""

    PROFILE = "user-read-private"
    PLAYS = "user-read-recently-played"
    TOP = "user-top-read"
    LIBRARY = "user-library-read"
    FOLLOWED = "user-follow-read"
    PLAYLISTS = "playlist-read-private"
    COLLABORATIVE = "playlist-read-collaborative"
    WRITE_PRIVATE = "playlist-modify-private"
    WRITE_PUBLIC = "playlist-modify-public"


SCOPES = tuple(Scope)
"""What we ask every user for."""

WRITES_PLAYLISTS = frozenset({Scope.WRITE_PRIVATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the contract.

    Attributes
    ----------
    name : str
        Ours, in metrics and in the ledger of calls.
    operation_id : str
        The contract's.
    path : str
        Behind `/v1`, ids in braces.
    scopes : frozenset of Scope
        Without each of them Spotify refuses the call.
    page_size : int
        Entries a page that every app gets; 0 where there are no pages.
    extended_page_size : int
        Entries a page that apps of the extended mode get; 0: as many as others.
    cost : int
        How much of the quota a call takes, as far as is known: one, for every operation.
    is_repeatable : bool
        Whether a second call after a lost answer does no harm.
    is_conditional : bool
        Whether its answer is kept, and asked for again only if it changed.
    is_answered : bool
        Whether success comes with a body.
    """

    name: str
    operation_id: str
    method: str = "GET"
    path: str
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    page_size: int = 0
    extended_page_size: int = 0
    cost: int = 1
    is_repeatable: bool = True
    is_conditional: bool = False
    is_answered: bool = True


GET_ME = Operation(name="get-me", operation_id="get-current-users-profile", path="/me")
RECENTLY_PLAYED = Operation(
    name="recently-played",
    operation_id="get-recently-played",
    path="/me/player/recently-played",
    scopes=frozenset({Scope.PLAYS}),
    page_size=50,
)
TOP_TRACKS = Operation(
    name="top-tracks",
    operation_id="get-users-top-tracks",
    path="/me/top/tracks",
    scopes=frozenset({Scope.TOP}),
    page_size=50,
    is_conditional=True,
)
TOP_ARTISTS = Operation(
    name="top-artists",
    operation_id="get-users-top-artists",
    path="/me/top/artists",
    scopes=frozenset({Scope.TOP}),
    page_size=50,
    is_conditional=True,
)
SAVED_TRACKS = Operation(
    name="saved-tracks",
    operation_id="get-users-saved-tracks",
    path="/me/tracks",
    scopes=frozenset({Scope.LIBRARY}),
    page_size=50,
    is_conditional=True,
)
SAVED_ALBUMS = Operation(
    name="saved-albums",
    operation_id="get-users-saved-albums",
    path="/me/albums",
    scopes=frozenset({Scope.LIBRARY}),
    page_size=50,
    is_conditional=True,
)
FOLLOWED_ARTISTS = Operation(
    name="followed-artists",
    operation_id="get-followed",
    path="/me/following",
    scopes=frozenset({Scope.FOLLOWED}),
    page_size=50,
    is_conditional=True,
)
OWN_PLAYLISTS = Operation(
    name="own-playlists",
    operation_id="get-a-list-of-current-users-playlists",
    path="/me/playlists",
    scopes=frozenset({Scope.PLAYLISTS}),
    page_size=50,
)
GET_PLAYLIST = Operation(
    name="get-playlist",
    operation_id="get-playlist",
    path="/playlists/{playlist_id}",
)
PLAYLIST_ITEMS = Operation(
    name="playlist-items",
    operation_id="get-playlists-items",
    path="/playlists/{playlist_id}/items",
    scopes=frozenset({Scope.PLAYLISTS}),
    page_size=50,
)
CREATE_PLAYLIST = Operation(
    name="create-playlist",
    operation_id="create-playlist",
    method="POST",
    path="/me/playlists",
    scopes=WRITES_PLAYLISTS,
    is_repeatable=False,
)
ADD_ITEMS = Operation(
    name="add-items",
    operation_id="add-items-to-playlist",
    method="POST",
    path="/playlists/{playlist_id}/items",
    scopes=WRITES_PLAYLISTS,
    page_size=100,
    is_repeatable=False,
)
REPLACE_ITEMS = Operation(
    name="replace-items",
    operation_id="reorder-or-replace-playlists-items",
    method="PUT",
    path="/playlists/{playlist_id}/items",
    scopes=WRITES_PLAYLISTS,
    page_size=100,
)
REMOVE_FROM_LIBRARY = Operation(
    name="remove-from-library",
    operation_id="remove-library-items",
    method="DELETE",
    path="/me/library",
    scopes=frozenset({Scope.WRITE_PUBLIC}),
    is_answered=False,
)
SEARCH_TRACKS = Operation(
    name="search-tracks",
    operation_id="search",
    path="/search",
    page_size=10,
    extended_page_size=50,
)
PROBE_API = Operation(name="probe-api", operation_id="search", path="/search", page_size=10)

OPERATIONS = (
    GET_ME,
    RECENTLY_PLAYED,
    TOP_TRACKS,
    TOP_ARTISTS,
    SAVED_TRACKS,
    SAVED_ALBUMS,
    FOLLOWED_ARTISTS,
    OWN_PLAYLISTS,
    GET_PLAYLIST,
    PLAYLIST_ITEMS,
    CREATE_PLAYLIST,
    ADD_ITEMS,
    REPLACE_ITEMS,
    REMOVE_FROM_LIBRARY,
    SEARCH_TRACKS,
    PROBE_API,
)
