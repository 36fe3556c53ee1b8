"""The fake's music and who heard it when: functions of names and time, in Spotify's JSON."""

import random
from datetime import UTC, datetime

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
API = "https://api.spotify.com/v1"
OPEN = "https://open.spotify.com"
N_TRACKS = 60
TRACK_EVERY_S = 240
ADJECTIVES = ("Silver", "Quiet", "Electric", "Northern", "Paper", "Golden", "Hollow", "Distant")
NOUNS = ("Harbour", "Signals", "Garden", "Machines", "Rivers", "Windows", "Lanterns", "Streets")

Json = dict[str, object]


def spotify_id(kind: str, name: str) -> str:
    """Give the id of a thing: 22 characters, a function of its name."""
    rng = random.Random(f"{kind}:{name}")  # noqa: S311 - an id
    return "".join(rng.choices(BASE62, k=22))


def track(number: int) -> Json:
    """Give a track of the library as a TrackObject."""
    rng = random.Random(f"track:{number}")  # noqa: S311 - a made-up library
    artist = _artist(f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}")
    name = f"{rng.choice(NOUNS)} {number + 1}"
    return {
        **_thing("track", name),
        "album": _album(f"{rng.choice(ADJECTIVES)} Album {number // 10 + 1}", artist),
        "artists": [artist],
        "disc_number": 1,
        "duration_ms": rng.randrange(150_000, 320_000),
        "explicit": False,
        "external_ids": {"isrc": f"XXFAK{2000000 + number}"},
        "is_local": False,
        "is_playable": True,
        "track_number": number % 10 + 1,
    }


def search_tracks(query: str, *, limit: int, offset: int) -> Json:
    """Search tracks by words of their names and artists; no such word finds all, as Spotify does.

    Spotify guesses rather than find nothing.
    """
    words = query.lower().split()
    every = [track(number) for number in range(N_TRACKS)]
    found = [one for one in every if any(word in str(one["name"]).lower() for word in words)]
    hits = found or every
    items = hits[offset : offset + limit]
    is_last = offset + limit >= len(hits)
    return {
        "tracks": {
            "href": _page("search", query, offset=offset, limit=limit),
            "items": items,
            "limit": limit,
            "next": None if is_last else _page("search", query, offset=offset + limit, limit=limit),
            "offset": offset,
            "previous": None
            if offset == 0
            else _page("search", query, offset=max(0, offset - limit), limit=limit),
            "total": len(hits),
        }
    }


def recently_played(
    user_id: str, *, now: float, limit: int, after: int | None = None, before: int | None = None
) -> Json:
    """Give what a person heard last: a track every four minutes, newest first.

    `after` and `before` are unix milliseconds, as in Spotify's cursors.
    """
    rng = random.Random(f"person:{user_id}")  # noqa: S311 - a made-up listener
    phase = rng.randrange(TRACK_EVERY_S)
    end_s = now if before is None else min(now, before / 1000 - 1e-3)
    last = int((end_s - phase) // TRACK_EVERY_S)
    times = [(last - k) * TRACK_EVERY_S + phase for k in range(limit)]
    heard = [at for at in times if after is None or at * 1000 > after]
    document: Json = {
        "href": f"{API}/me/player/recently-played?limit={limit}",
        "items": [_play(user_id, at) for at in heard],
        "limit": limit,
    }
    if heard:
        document["cursors"] = {"after": f"{heard[0] * 1000}", "before": f"{heard[-1] * 1000}"}
        document["next"] = f"{document['href']}&before={heard[-1] * 1000}"
    return document


def profile(user_id: str) -> Json:
    """Give a person as a PrivateUserObject, as far as a new app may see."""
    return {
        "account_id": spotify_id("account", user_id),
        "display_name": user_id.replace("-", " ").title(),
        "external_urls": {"spotify": f"{OPEN}/user/{user_id}"},
        "href": f"{API}/users/{user_id}",
        "id": user_id,
        "images": [],
        "type": "user",
        "uri": f"spotify:user:{user_id}",
    }


def _play(user_id: str, at: int) -> Json:
    rng = random.Random(f"{user_id}:{at}")  # noqa: S311 - a made-up listener
    moment = datetime.fromtimestamp(at, tz=UTC)
    return {
        "track": track(rng.randrange(N_TRACKS)),
        "played_at": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
    }


def _thing(kind: str, name: str) -> Json:
    id_ = spotify_id(kind, name)
    return {
        "external_urls": {"spotify": f"{OPEN}/{kind}/{id_}"},
        "href": f"{API}/{kind}s/{id_}",
        "id": id_,
        "name": name,
        "type": kind,
        "uri": f"spotify:{kind}:{id_}",
    }


def _artist(name: str) -> Json:
    return _thing("artist", name)


def _album(name: str, artist: Json) -> Json:
    return {
        **_thing("album", f"{artist['name']}: {name}"),
        "album_type": "album",
        "artists": [artist],
        "images": [],
        "release_date": "2019-05-03",
        "release_date_precision": "day",
        "total_tracks": 10,
    }


def _page(what: str, query: str, *, offset: int, limit: int) -> str:
    return f"{API}/{what}?query={query}&type=track&offset={offset}&limit={limit}"
