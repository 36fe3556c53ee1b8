"""Endpoints that need nobody: search, tracks, albums, artists."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from harmonyhub.drills.fake_spotify.calls import Call, Refused
from harmonyhub.drills.fake_spotify.catalogue import load_catalogue
from harmonyhub.drills.fake_spotify.names import Json
from harmonyhub.drills.fake_spotify.rendering import (
    View,
    show_album,
    show_artist,
    show_simple_album,
    show_simple_song,
    show_song,
)
from harmonyhub.drills.fake_spotify.searching import find_albums, find_artists, find_songs
from harmonyhub.drills.http import Answer, json_answer

Found = TypeVar("Found")
NEW_SEARCH_MOST, OLD_SEARCH_MOST = 10, 50  # a new app gets ten hits a page
NEW_PAGE, OLD_PAGE = 5, 20  # where no limit is given
FURTHEST = 1000


def search(call: Call) -> Answer:
    """Search for tracks, artists and albums; the fake has no other kinds."""
    most, default = (OLD_SEARCH_MOST, OLD_PAGE) if call.is_extended else (NEW_SEARCH_MOST, NEW_PAGE)
    limit, offset = call.limit(default=default, most=most), call.offset(most=FURTHEST)
    query = call.request.query.get("q", "")
    kinds = call.request.query.get("type", "").split(",")
    if not query:
        raise Refused(400, "No search query", "bad-request")
    if not set(kinds) <= set(SEARCHES):
        raise Refused(400, "Bad search type field", "bad-request")
    pages = {f"{kind}s": SEARCHES[kind](call, query, limit=limit, offset=offset) for kind in kinds}
    return json_answer(pages)


class _Search(Protocol):
    def __call__(self, call: Call, query: str, *, limit: int, offset: int) -> Json: ...


def _hits(find: Callable[[str], Sequence[Found]], show: Callable[[Found, View], Json]) -> _Search:
    def page(call: Call, query: str, *, limit: int, offset: int) -> Json:
        hits, view = find(query), call.view
        return call.page(
            lambda start, end: [show(one, view) for one in hits[start:end]],
            total=len(hits),
            limit=limit,
            offset=offset,
        )

    return page


SEARCHES: Mapping[str, _Search] = {
    "track": _hits(find_songs, show_song),
    "artist": _hits(find_artists, show_artist),
    "album": _hits(find_albums, show_simple_album),
}


def get_track(call: Call) -> Answer:
    """Show one track."""
    return json_answer(show_song(_find(load_catalogue().songs, call.ids[0]), call.view))


def get_artist(call: Call) -> Answer:
    """Show one artist."""
    return json_answer(show_artist(_find(load_catalogue().artists, call.ids[0]), call.view))


def get_album(call: Call) -> Answer:
    """Show one album."""
    return json_answer(show_album(_find(load_catalogue().albums, call.ids[0]), call.view))


def get_album_tracks(call: Call) -> Answer:
    """Show the tracks of an album, page by page."""
    album, view = _find(load_catalogue().albums, call.ids[0]), call.view
    songs = load_catalogue().songs_of[album.id]
    page = call.page(
        lambda start, end: [show_simple_song(song, view) for song in songs[start:end]],
        total=len(songs),
        limit=call.limit(),
        offset=call.offset(),
    )
    return json_answer(page)


def get_artist_albums(call: Call) -> Answer:
    """Show the albums of an artist, page by page."""
    artist, view = _find(load_catalogue().artists, call.ids[0]), call.view
    groups = call.request.query.get("include_groups", "album,single,appears_on,compilation")
    albums = [one for one in load_catalogue().albums_of[artist.id] if one.kind in groups.split(",")]
    most, default = (OLD_SEARCH_MOST, OLD_PAGE) if call.is_extended else (NEW_SEARCH_MOST, NEW_PAGE)
    page = call.page(
        lambda start, end: [
            {**show_simple_album(one, view), **view.extended(album_group=one.kind)}
            for one in albums[start:end]
        ],
        total=len(albums),
        limit=call.limit(default=default, most=most),
        offset=call.offset(),
    )
    return json_answer(page)


def _find(things: Mapping[str, Found], id_: str) -> Found:
    if len(id_) != 22 or not id_.isalnum():
        raise Refused(400, "Invalid base62 id", "bad-request")
    if id_ not in things:
        raise Refused(404, "Resource not found", "not-found")
    return things[id_]
