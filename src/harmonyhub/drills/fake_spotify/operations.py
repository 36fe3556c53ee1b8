"""What the Web API offers, as data: a name, a path, the scopes; and what it offers no more."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from harmonyhub.drills.fake_spotify import endpoints_catalogue as music
from harmonyhub.drills.fake_spotify import endpoints_library as keeping
from harmonyhub.drills.fake_spotify import endpoints_listener as listener
from harmonyhub.drills.fake_spotify import endpoints_playlists as playlists
from harmonyhub.drills.fake_spotify.calls import Call
from harmonyhub.drills.http import Answer

OTHER, REMOVED = "other", "removed"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `path` lies under `/v1`, with `{}` for an id.

    A token needs one of `scopes`, if any are named. Where the scope depends on what is asked for,
    the endpoint itself looks.
    """

    name: str
    method: str
    path: str
    endpoint: Callable[[Call], Answer]
    scopes: tuple[str, ...] = ()


WRITE = ("playlist-modify-public", "playlist-modify-private")
OPERATIONS = (
    Operation("me", "GET", "/me", listener.get_me),
    Operation(
        "recently-played",
        "GET",
        "/me/player/recently-played",
        listener.get_recently_played,
        ("user-read-recently-played",),
    ),
    Operation(
        "top-artists", "GET", "/me/top/artists", listener.get_top_artists, ("user-top-read",)
    ),
    Operation("top-tracks", "GET", "/me/top/tracks", listener.get_top_tracks, ("user-top-read",)),
    Operation(
        "saved-tracks", "GET", "/me/tracks", listener.get_saved_tracks, ("user-library-read",)
    ),
    Operation(
        "saved-albums", "GET", "/me/albums", listener.get_saved_albums, ("user-library-read",)
    ),
    Operation(
        "followed-artists",
        "GET",
        "/me/following",
        listener.get_followed_artists,
        ("user-follow-read",),
    ),
    Operation(
        "own-playlists",
        "GET",
        "/me/playlists",
        playlists.get_own_playlists,
        ("playlist-read-private",),
    ),
    Operation("create-playlist", "POST", "/me/playlists", playlists.create_playlist, WRITE),
    Operation("playlist", "GET", "/playlists/{}", playlists.get_playlist),
    Operation("change-playlist", "PUT", "/playlists/{}", playlists.change_playlist, WRITE),
    Operation(
        "playlist-items",
        "GET",
        "/playlists/{}/items",
        playlists.get_items,
        ("playlist-read-private",),
    ),
    Operation("add-items", "POST", "/playlists/{}/items", playlists.add_items, WRITE),
    Operation(
        "replace-items", "PUT", "/playlists/{}/items", playlists.replace_or_move_items, WRITE
    ),
    Operation("remove-items", "DELETE", "/playlists/{}/items", playlists.remove_items, WRITE),
    Operation("save-to-library", "PUT", "/me/library", keeping.save_to_library),
    Operation("remove-from-library", "DELETE", "/me/library", keeping.remove_from_library),
    Operation("library-contains", "GET", "/me/library/contains", keeping.library_contains),
    Operation("search", "GET", "/search", music.search),
    Operation("track", "GET", "/tracks/{}", music.get_track),
    Operation("album", "GET", "/albums/{}", music.get_album),
    Operation("album-tracks", "GET", "/albums/{}/tracks", music.get_album_tracks),
    Operation("artist", "GET", "/artists/{}", music.get_artist),
    Operation("artist-albums", "GET", "/artists/{}/albums", music.get_artist_albums),
)
# Gone for new apps by 2026-03, or for all by 2024-11; the fake serves none of them to anybody.
GONE = (
    ("GET", "/(albums|artists|tracks|shows|episodes|audiobooks|chapters|markets)"),
    ("GET", "/artists/[^/]+/(top-tracks|related-artists)"),
    ("GET", "/(audio-features|audio-analysis|recommendations|browse)(/.*)?"),
    ("GET|POST", "/users/.+"),
    ("GET|POST|PUT|DELETE", "/playlists/[^/]+/tracks"),
    ("GET|PUT|DELETE", "/playlists/[^/]+/followers(/contains)?"),
    ("PUT|DELETE", "/me/(albums|tracks|episodes|shows|audiobooks|following)"),
    ("GET", "/me/(albums|tracks|episodes|shows|audiobooks|following)/contains"),
)


class Match(NamedTuple):
    """The operation that a request asks for, None where there is none, and the ids in its path."""

    operation: Operation | None
    ids: Sequence[str] = ()
    is_gone: bool = False

    @property
    def name(self) -> str:
        """The word for it in the journal."""
        if self.operation is None:
            return REMOVED if self.is_gone else OTHER
        return self.operation.name


@cache
def _patterns() -> Sequence[tuple[Operation, re.Pattern[str]]]:
    return [
        (one, re.compile("/v1" + re.escape(one.path).replace(r"\{\}", "([^/]+)")))
        for one in OPERATIONS
    ]


def match_operation(method: str, path: str) -> Match:
    """Find what a request asks for."""
    for operation, pattern in _patterns():
        found = pattern.fullmatch(path)
        if found is not None and operation.method == method:
            return Match(operation, found.groups())
    is_gone = any(
        re.fullmatch(methods, method) and re.fullmatch(f"/v1{pattern}", path)
        for methods, pattern in GONE
    )
    return Match(None, is_gone=is_gone)
