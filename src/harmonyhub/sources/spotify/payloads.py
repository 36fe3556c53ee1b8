"""Spotify's JSON becomes our values here; what an answer lacks or holds as null is passed over.

Real answers break the contract: `images: null`, null among saved albums, removed tracks full of
nulls, local files without ids, episodes inside playlists. None of them fails a page.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from harmonyhub.domain.library import (
    Page,
    Playlist,
    RecentPlay,
    SavedAlbum,
    SavedTrack,
    ServiceArtist,
)
from harmonyhub.domain.music import TrackDescription

Item = TypeVar("Item")
Json = Mapping[str, Any]

ISRC_LENGTH = 12
PLAYLIST_URL = "https://open.spotify.com/playlist/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A user as Spotify tells.

    Attributes
    ----------
    user_id : str
        As it stands in addresses and as the owner of playlists.
    account_id : str
        The stable identity; that of the address where an answer has none.
    is_extended : bool
        Whether the app sees what new apps do not: apps of the extended mode keep more.
    """

    user_id: str
    account_id: str
    display_name: str
    is_extended: bool


def read_profile(body: bytes) -> Profile:
    """Read who the user is."""
    document = json.loads(body)
    user_id = str(document["id"])
    return Profile(
        user_id=user_id,
        account_id=str(document.get("account_id") or user_id),
        display_name=str(document.get("display_name") or user_id),
        is_extended="product" in document,
    )


def read_plays(body: bytes) -> Page[RecentPlay]:
    """Read recently played tracks, newest first."""
    return _page(json.loads(body), _read_play)


def read_top_tracks(body: bytes) -> Page[TrackDescription]:
    """Read a list of favourite tracks."""
    return _page(json.loads(body), read_track)


def read_top_artists(body: bytes) -> Page[ServiceArtist]:
    """Read a list of favourite artists."""
    return _page(json.loads(body), _read_artist)


def read_followed_artists(body: bytes) -> Page[ServiceArtist]:
    """Read a page of followed artists."""
    return _page(json.loads(body)["artists"], _read_artist)


def read_saved_tracks(body: bytes) -> Page[SavedTrack]:
    """Read a page of saved tracks."""
    return _page(json.loads(body), _read_saved_track)


def read_saved_albums(body: bytes) -> Page[SavedAlbum]:
    """Read a page of saved albums."""
    return _page(json.loads(body), _read_saved_album)


def read_playlists(body: bytes) -> Page[Playlist]:
    """Read a page of playlists."""
    return _page(json.loads(body), _read_playlist)


def read_found_tracks(body: bytes) -> Page[TrackDescription]:
    """Read a page of a search, best hit first."""
    return _page(json.loads(body)["tracks"], read_track)


def read_playlist(body: bytes) -> Playlist:
    """Read one playlist."""
    found = _read_playlist(json.loads(body))
    if found is None:
        raise ValueError("a playlist without id")
    return found


def read_playlist_items(body: bytes) -> Page[TrackDescription | None]:
    """Read a page of a playlist in its order; episodes, gone tracks and local files are None."""
    document = json.loads(body)
    entries = document.get("items") or []
    return Page(
        items=tuple(_read_playlist_track(entry) for entry in entries),
        n_entries=len(entries),
        total=_whole(document.get("total")),
        is_last=not document.get("next"),
        n_not_music=_count_episodes(entries),
    )


def read_snapshot(body: bytes) -> str:
    """Read the snapshot that a change of a playlist gave."""
    return str(json.loads(body)["snapshot_id"])


def read_nothing(_: bytes) -> None:
    """Read an answer that says nothing but that it was done."""


def read_track(track: Json) -> TrackDescription | None:
    """Read a track; None for what has no name, no artist, or is an episode."""
    title, artists = _text(track.get("name")), tuple(_names(track.get("artists")))
    if not title or not artists or track.get("type") == "episode":
        return None
    album, ids = track.get("album") or {}, track.get("external_ids") or {}
    isrc = _text(ids.get("isrc")).replace("-", "").upper()
    duration_ms = _whole(track.get("duration_ms"))
    return TrackDescription(
        title=title,
        artists=artists,
        release=_text(album.get("name")) or None,
        isrc=isrc if len(isrc) == ISRC_LENGTH else None,
        spotify_id=_text(track.get("id")) or None,
        duration_s=duration_ms / 1000 if duration_ms else None,
    )


def _page(document: Json, read: Callable[[Json], Item | None]) -> Page[Item]:
    entries = document.get("items") or []
    found = (read(entry) for entry in _objects(entries))
    cursors = document.get("cursors") or {}
    return Page(
        items=tuple(item for item in found if item is not None),
        n_entries=len(entries),
        total=_whole(document.get("total")),
        cursor=_text(cursors.get("after")),
        is_last=not document.get("next"),
        n_not_music=_count_episodes(entries),
    )


def _read_play(item: Json) -> RecentPlay | None:
    track, played_at = _track_in(item, "track"), _read_time(item.get("played_at"))
    if track is None or not played_at:
        return None
    return RecentPlay(track=track, played_at=played_at)


def _read_saved_track(item: Json) -> SavedTrack | None:
    track = _track_in(item, "track")
    if track is None:
        return None
    return SavedTrack(track=track, added_at=_read_time(item.get("added_at")))


def _read_saved_album(item: Json) -> SavedAlbum | None:
    album = item.get("album")
    if not isinstance(album, dict) or not _text(album.get("name")):
        return None
    return SavedAlbum(
        title=_text(album["name"]),
        artists=tuple(_names(album.get("artists"))),
        spotify_id=_text(album.get("id")),
        added_at=_read_time(item.get("added_at")),
    )


def _read_artist(item: Json) -> ServiceArtist | None:
    name = _text(item.get("name"))
    return ServiceArtist(name=name, spotify_id=_text(item.get("id"))) if name else None


def _read_playlist(item: Json) -> Playlist | None:
    playlist_id = _text(item.get("id"))
    if not playlist_id:
        return None
    # New apps get `items`, older ones `tracks` too.
    contents = item.get("items") or item.get("tracks") or {}
    urls = item.get("external_urls") or {}
    return Playlist(
        spotify_id=playlist_id,
        name=_text(item.get("name")),
        description=_text(item.get("description")),
        owner_id=_text((item.get("owner") or {}).get("id")),
        n_items=_whole(contents.get("total")) or 0,
        snapshot_id=_text(item.get("snapshot_id")),
        url=_text(urls.get("spotify")) or PLAYLIST_URL + playlist_id,
    )


def _read_playlist_track(entry: object) -> TrackDescription | None:
    if not isinstance(entry, dict):
        return None
    track = _track_in(entry, "item") or _track_in(entry, "track")
    return track if track is not None and track.spotify_id else None


def _track_in(item: Json, name: str) -> TrackDescription | None:
    track = item.get(name)
    return read_track(track) if isinstance(track, dict) else None


def _count_episodes(entries: Iterable[object]) -> int:
    inner = (entry.get("item") or entry.get("track") for entry in _objects(entries))
    return sum(thing.get("type") == "episode" for thing in _objects(inner))


def _objects(entries: Iterable[object]) -> Iterator[dict[str, Any]]:
    return (entry for entry in entries if isinstance(entry, dict))


def _names(artists: object) -> Iterator[str]:
    for artist in _objects(artists if isinstance(artists, list) else ()):
        if name := _text(artist.get("name")):
            yield name


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _read_time(text: object) -> int:
    """Read a moment as unix seconds UTC; 0 where there is none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return 0
    return int(moment.timestamp()) if moment.tzinfo is not None else 0
