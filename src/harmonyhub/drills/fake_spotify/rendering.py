"""The fake's music and people in Spotify's JSON: what a new app sees, and what an old one keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from harmonyhub.drills.fake_spotify import hollow
from harmonyhub.drills.fake_spotify.catalogue import Album, Artist, Song, load_catalogue
from harmonyhub.drills.fake_spotify.listening import Play
from harmonyhub.drills.fake_spotify.names import API, OPEN, Json, spotify_id, thing, uri_of
from harmonyhub.drills.fake_spotify.playlists import Item, ItemKind, Playlist

MARKETS = ["AR", "AT", "DE", "FR", "GB", "NL", "SE", "US"]
SIDES_PX = (640, 300, 64)


@dataclass(frozen=True, slots=True)
class View:
    """How things are shown to whom asks.

    Attributes
    ----------
    is_extended : bool
        Whether the app keeps the fields that new apps do not get.
    is_hollow : bool
        Whether answers break the contract where Spotify's do.
    base : str
        The fake's own address, for pages and pictures; ids and links of things stay Spotify's.
    """

    is_extended: bool
    is_hollow: bool
    base: str

    def extended(self, **fields: object) -> Json:
        """Give fields to an old app only."""
        return fields if self.is_extended else {}


def show_time(at: float) -> str:
    """Show a time as Spotify does, to the second."""
    return f"{datetime.fromtimestamp(at, tz=UTC):%Y-%m-%dT%H:%M:%SZ}"


def show_simple_artist(artist: Artist) -> Json:
    """Show an artist as in a track."""
    return thing("artist", artist.id, artist.name)


def show_artist(artist: Artist, view: View) -> Json:
    """Show an artist as by itself."""
    return {
        **show_simple_artist(artist),
        "images": show_images(artist.id, view),
        **view.extended(
            genres=list(artist.genres),
            popularity=artist.popularity,
            followers={"href": None, "total": 1000 * artist.popularity},
        ),
    }


def show_images(id_: str, view: View) -> list[Json]:
    """Show pictures in three sizes; the fake itself serves them."""
    return [
        {"url": f"{view.base}/image/{id_}-{side}", "height": side, "width": side}
        for side in SIDES_PX
    ]


def show_simple_album(album: Album, view: View) -> Json:
    """Show a release as in a track."""
    return {
        **thing("album", album.id, album.name),
        "album_type": album.kind,
        "artists": [show_simple_artist(album.artist)],
        "images": show_images(album.id, view),
        "release_date": str(album.year),
        "release_date_precision": "year",
        "total_tracks": len(load_catalogue().songs_of[album.id]),
        **view.extended(available_markets=MARKETS),
    }


def show_album(album: Album, view: View) -> Json:
    """Show a release as by itself, with its first 50 tracks, which are all of them."""
    songs = load_catalogue().songs_of[album.id]
    href = f"{view.base}/v1/albums/{album.id}/tracks"
    return {
        **show_simple_album(album, view),
        "copyrights": [{"text": f"(C) {album.year} Nobody", "type": "C"}],
        "external_ids": {"upc": str(int(sha256(album.id.encode()).hexdigest(), 16))[:12]},
        "tracks": {
            "href": f"{href}?offset=0&limit=50",
            "items": [show_simple_song(song, view) for song in songs],
            "limit": 50,
            "next": None,
            "offset": 0,
            "previous": None,
            "total": len(songs),
        },
        **view.extended(genres=[], label="Nobody", popularity=album.artist.popularity),
    }


def show_simple_song(song: Song, view: View) -> Json:
    """Show a track as in its album."""
    return {
        **thing("track", song.id, song.name),
        "artists": [show_simple_artist(song.artist)],
        "disc_number": 1,
        "duration_ms": song.duration_ms,
        "explicit": song.is_explicit,
        "is_local": False,
        "is_playable": True,
        "track_number": song.number,
        **view.extended(available_markets=MARKETS, preview_url=None),
    }


def show_song(song: Song, view: View) -> Json:
    """Show a track as by itself."""
    return {
        **show_simple_song(song, view),
        "album": show_simple_album(song.album, view),
        "external_ids": {"isrc": song.isrc},
        **view.extended(popularity=song.artist.popularity),
    }


def show_play(play: Play, view: View) -> Json:
    """Show that a track was heard, with the album as its context."""
    album = thing("album", play.song.album.id, "")
    context = {name: album[name] for name in ("external_urls", "href", "type", "uri")}
    moment = datetime.fromtimestamp(play.at, tz=UTC)
    return {
        "track": show_song(play.song, view),
        "played_at": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
        "context": context,
    }


def show_user(user_id: str, *, display_name: str | None = None) -> Json:
    """Show somebody as owner or as who added something."""
    document: Json = {
        "external_urls": {"spotify": f"{OPEN}/user/{user_id}"},
        "href": f"{API}/users/{user_id}",
        "id": user_id,
        "type": "user",
        "uri": uri_of("user", user_id),
    }
    return document if display_name is None else {**document, "display_name": display_name}


def display_name_of(user_id: str) -> str:
    """Give a person's name as shown."""
    return user_id.replace("-", " ").title()


def show_profile(user_id: str, view: View, *, scopes: frozenset[str]) -> Json:
    """Show a person to themselves; old apps see more, as far as they asked for it."""
    document: Json = {
        **show_user(user_id, display_name=display_name_of(user_id)),
        "account_id": spotify_id("account", user_id),
        "images": [],
        **view.extended(followers={"href": None, "total": 0}),
    }
    if view.is_extended and "user-read-private" in scopes:
        document |= {
            "country": "DE",
            "product": "premium",
            "explicit_content": {"filter_enabled": False, "filter_locked": False},
        }
    if view.is_extended and "user-read-email" in scopes:
        document["email"] = f"{user_id}@example.org"
    return document


def show_simple_playlist(playlist: Playlist, view: View) -> Json:
    """Show a playlist as in a list; one without pictures has null there, as seen."""
    reference = {
        "href": f"{API}/playlists/{playlist.id}/items",
        "total": len(playlist.items),
    }
    has_no_images = playlist.has_no_images or not playlist.items
    images = None if view.is_hollow and has_no_images else _cover(playlist, view)
    return {
        **thing("playlist", playlist.id, playlist.name),
        "collaborative": playlist.is_collaborative,
        "description": playlist.description,
        "images": images,
        "items": reference,
        "owner": show_user(playlist.owner_id, display_name=display_name_of(playlist.owner_id)),
        "public": playlist.is_public,
        "snapshot_id": playlist.snapshot_id,
        **view.extended(tracks=reference),
    }


def show_playlist(playlist: Playlist, view: View, *, items: Json | None) -> Json:
    """Show a playlist as by itself; `items` is its first page, None for whom it is not theirs."""
    document = show_simple_playlist(playlist, view)
    document["images"] = _cover(playlist, view)  # null only in lists
    del document["items"]
    document.pop("tracks", None)
    if items is not None:
        document |= {"items": items, **view.extended(tracks=items)}
    return {**document, "followers": {"href": None, "total": 0}}


def _cover(playlist: Playlist, view: View) -> Sequence[Json]:
    if playlist.has_no_images or not playlist.items:
        return []
    url = f"{view.base}/image/{playlist.id}-300"
    return [{"height": None, "url": url, "width": None}]  # sizes are null here, as seen


def item_uri(item: Item) -> str:
    """Give the URI under which an item can be removed."""
    if item.kind is ItemKind.EPISODE:
        return uri_of("episode", hollow.episode_id(item.id))
    return uri_of("track", item.id)


def show_item(item: Item, view: View, *, added_by: str) -> Json:
    """Show an item of a playlist; old apps see it under its former name too."""
    song = load_catalogue().songs[item.id]
    content = _content(item, song, view)
    return {
        "added_at": show_time(item.added_at),
        "added_by": show_user(added_by),
        "is_local": view.is_hollow and item.kind is ItemKind.LOCAL,
        "item": content,
        **view.extended(track=content),
    }


def _content(item: Item, song: Song, view: View) -> Json | None:
    if not view.is_hollow or item.kind is ItemKind.TRACK:
        return show_song(song, view)
    if item.kind is ItemKind.NULL:
        return None
    if item.kind is ItemKind.LOCAL:
        return hollow.local_file(song, is_extended=view.is_extended)
    if item.kind is ItemKind.EPISODE:
        return hollow.episode(song, images=show_images(song.id, view))
    return hollow.removed_track()
