"""Ids and addresses as Spotify gives them: functions of names."""

import random
from hashlib import blake2b

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
API = "https://api.spotify.com/v1"
OPEN = "https://open.spotify.com"

Json = dict[str, object]


def chance(*words: object) -> random.Random:
    """Give a source of chance that is a function of words: whoever asks again gets the same."""
    return random.Random(":".join(map(str, words)))  # noqa: S311 - a made-up world, no secret


def draw(*words: object, below: int) -> int:
    """Draw one whole number from words: a tenth of what a whole source of chance costs."""
    digest = blake2b(":".join(map(str, words)).encode(), digest_size=16).digest()
    return int.from_bytes(digest, "big") % below


def spotify_id(kind: str, name: str) -> str:
    """Give the id of a thing: 22 characters, a function of its name."""
    number, letters = draw(kind, name, below=62**22), ""
    for _ in range(22):
        number, place = divmod(number, 62)
        letters += BASE62[place]
    return letters


def uri_of(kind: str, id_: str) -> str:
    """Give the URI of a thing."""
    return f"spotify:{kind}:{id_}"


def thing(kind: str, id_: str, name: str) -> Json:
    """Give what every object of the Web API has."""
    return {
        "external_urls": {"spotify": f"{OPEN}/{kind}/{id_}"},
        "href": f"{API}/{kind}s/{id_}",
        "id": id_,
        "name": name,
        "type": kind,
        "uri": uri_of(kind, id_),
    }
