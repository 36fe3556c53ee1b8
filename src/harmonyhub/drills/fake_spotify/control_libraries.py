"""Commands about what people keep, and about the music there is."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from harmonyhub.drills.fake_spotify.catalogue import load_catalogue
from harmonyhub.drills.fake_spotify.library import Sizes
from harmonyhub.drills.fake_spotify.names import Json, uri_of
from harmonyhub.drills.fake_spotify.playlists import ItemKind, Playlist
from harmonyhub.drills.fake_spotify.rendering import item_uri
from harmonyhub.drills.fake_spotify.world import World
from harmonyhub.drills.http import Request

Commands = dict[tuple[str, str], Callable[[Request], object]]


def commands_for_libraries(world: World) -> Commands:
    """Give the commands by method and path."""
    return {
        ("GET", "/control/library"): lambda request: _show(world, request.query["user_id"]),
        ("PUT", "/control/library"): lambda request: _set_sizes(world, request.json()),
        ("GET", "/control/people"): lambda _: list(world.people),
        ("GET", "/control/catalogue"): lambda _: _list_songs(),
    }


def read_sizes(document: dict[str, Any]) -> Sizes | None:
    """Read how much a person keeps; None where the command names no size."""
    names = [field.name for field in fields(Sizes) if document.get(field.name) is not None]
    return Sizes(**{name: int(document[name]) for name in names}) if names else None


def _set_sizes(world: World, document: dict[str, Any]) -> Json:
    world.make_library(document["user_id"], read_sizes(document) or Sizes())
    return _show(world, document["user_id"])


def _show(world: World, user_id: str) -> Json:
    if user_id not in world.people:
        raise ValueError(f"nobody is called {user_id}")
    library = world.library_of(user_id)
    return {
        "saved_tracks": [saved.id for saved in library.tracks],
        "saved_albums": [saved.id for saved in library.albums],
        "followed_artists": list(library.artists),
        "playlists": [_show_playlist(one) for one in library.playlists],
        "n_hollow_tracks": sum(saved.is_removed for saved in library.tracks),
        "n_hollow_albums": sum(saved.is_removed for saved in library.albums),
    }


def _show_playlist(playlist: Playlist) -> Json:
    return {
        "id": playlist.id,
        "name": playlist.name,
        "description": playlist.description,
        "is_public": playlist.is_public,
        "snapshot_id": playlist.snapshot_id,
        "revision": playlist.revision,
        "uris": [item_uri(item) for item in playlist.items],
        "kinds": [ItemKind(item.kind).value for item in playlist.items],
    }


def _list_songs() -> list[Json]:
    return [
        {
            "id": song.id,
            "uri": uri_of("track", song.id),
            "title": song.name,
            "artist": song.artist.name,
            "release": song.album.name,
            "isrc": song.isrc,
            "duration_ms": song.duration_ms,
        }
        for song in load_catalogue().songs.values()
    ]
