"""What Spotify answers where something is missing: shapes seen in recorded answers.

They break the published contract. Seen as such: a local file (no id, no link, an album of nulls), a
removed episode (nulls throughout), `images: null` in lists, null in place of a saved album. A
removed track is shown after the pattern of the removed episode: no recording of one is at hand.
"""

from urllib.parse import quote_plus

from harmonyhub.drills.fake_spotify.catalogue import Song
from harmonyhub.drills.fake_spotify.names import API, OPEN, Json, spotify_id, thing


def local_file(song: Song, *, is_extended: bool) -> Json:
    """Show a file on somebody's disk that bears a track's name."""
    words = (song.artist.name, song.album.name, song.name)
    duration_s = song.duration_ms // 1000
    names = ":".join(map(quote_plus, words))
    nothing: Json = {"external_urls": {}, "href": None, "id": None, "uri": None}
    old: Json = {"available_markets": []} if is_extended else {}
    album = {
        **nothing,
        **old,
        "album_type": None,
        "artists": [],
        "images": [],
        "name": song.album.name,
        "release_date": None,
        "release_date_precision": None,
        "type": "album",
    }
    return {
        **nothing,
        **old,
        "album": album,
        "artists": [{**nothing, "name": song.artist.name, "type": "artist"}],
        "disc_number": 0,
        "duration_ms": duration_s * 1000,
        "explicit": False,
        "external_ids": {},
        "is_local": True,
        "name": song.name,
        "track_number": 0,
        "type": "track",
        "uri": f"spotify:local:{names}:{duration_s}",
    }


def episode_id(song_id: str) -> str:
    """Give the id of the episode that stands where a track would."""
    return spotify_id("episode", song_id)


def episode(song: Song, *, images: list[Json]) -> Json:
    """Show an episode of a podcast about a track."""
    about = f"An hour about {song.name}."
    show_name = f"All about {song.artist.name}"
    common: Json = {
        "description": about,
        "explicit": False,
        "html_description": about,
        "images": images,
        "is_externally_hosted": False,
        "languages": ["en"],
    }
    show = {
        **thing("show", spotify_id("show", show_name), show_name),
        **common,
        "copyrights": [],
        "media_type": "audio",
        "total_episodes": 12,
    }
    return {
        **thing("episode", episode_id(song.id), f"{song.name}, track by track"),
        **common,
        "duration_ms": 3_600_000,
        "is_playable": True,
        "release_date": "2024-06-07",
        "release_date_precision": "day",
        "show": show,
    }


def removed_track() -> Json:
    """Show a track that is gone: nulls, and links to null."""
    return {
        "album": {
            "album_type": None,
            "artists": [],
            "external_urls": {"spotify": f"{OPEN}/album/null"},
            "href": f"{API}/albums/null",
            "id": None,
            "images": [],
            "name": None,
            "release_date": "0000",
            "release_date_precision": "year",
            "total_tracks": None,
            "type": "album",
            "uri": None,
        },
        "artists": [],
        "disc_number": None,
        "duration_ms": None,
        "explicit": False,
        "external_ids": {},
        "external_urls": {"spotify": f"{OPEN}/track/null"},
        "href": f"{API}/tracks/null",
        "id": None,
        "is_local": False,
        "name": None,
        "track_number": None,
        "type": "track",
        "uri": None,
    }
