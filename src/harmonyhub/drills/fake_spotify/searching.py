"""Finds music by words and by field filters, and guesses rather than find nothing, as Spotify."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

from harmonyhub.drills.fake_spotify.catalogue import Album, Artist, Song, load_catalogue

FILTER = re.compile(r'\b(track|artist|album|isrc|year|genre|upc|tag):("[^"]*"|\S+)', re.IGNORECASE)
EXACT = frozenset({"track", "artist", "album", "year"})
MOST_GUESSES = 3  # other tracks of the artist that was asked for

Thing = TypeVar("Thing", Song, Artist, Album)


def find_songs(query: str) -> Sequence[Song]:
    """Find tracks.

    `isrc:` is exact, and no hit is no hit. `track:`, `artist:` and `album:` must each stand in the
    name; where no track has them all, some other tracks of that artist come instead. Free words
    rank by how many of them stand in names; no such word at all finds everything.
    """
    filters, words = _read(query)
    songs = load_catalogue().songs.values()
    if "isrc" in filters:
        song = load_catalogue().by_isrc.get(filters["isrc"].upper())
        return [] if song is None else [song]
    asked = {name: _normalize(text) for name, text in filters.items() if name in EXACT}
    if not asked:
        return _rank(list(songs), words, _words_of_song)
    hits = [song for song in songs if _matches(song, asked)]
    if not hits and "artist" in asked:
        only = {"artist": asked["artist"]}
        return [song for song in songs if _matches(song, only)][:MOST_GUESSES]
    return _rank(hits, words, _words_of_song)


def find_artists(query: str) -> Sequence[Artist]:
    """Find artists by words of their names."""
    filters, words = _read(query)
    words = words or _normalize(filters.get("artist", "")).split()
    return _rank(list(load_catalogue().artists.values()), words, lambda one: _normalize(one.name))


def find_albums(query: str) -> Sequence[Album]:
    """Find releases by words of their names and artists."""
    filters, words = _read(query)
    words = words or _normalize(" ".join(filters.values())).split()
    albums = list(load_catalogue().albums.values())
    return _rank(albums, words, lambda one: _normalize(f"{one.name} {one.artist.name}"))


def _read(query: str) -> tuple[dict[str, str], list[str]]:
    filters = {name.lower(): value.strip('"') for name, value in FILTER.findall(query)}
    return filters, _normalize(FILTER.sub(" ", query)).split()


@cache
def _normalize(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def _words_of_song(song: Song) -> str:
    return _normalize(f"{song.name} {song.artist.name} {song.album.name}")


def _matches(song: Song, asked: dict[str, str]) -> bool:
    facts = {
        "track": song.name,
        "artist": song.artist.name,
        "album": song.album.name,
        "year": str(song.album.year),
    }
    return all(text in _normalize(facts[name]) for name, text in asked.items())


def _rank(
    things: list[Thing], words: Sequence[str], text_of: Callable[[Thing], str]
) -> list[Thing]:
    """Sort by how many words are hit, the order of the catalogue among equals."""
    scored = [(sum(f" {word} " in f" {text_of(one)} " for word in words), one) for one in things]
    best = max((score for score, _ in scored), default=0)
    if best == 0:
        return things
    hits = [(score, one) for score, one in scored if score * 2 >= best]
    return [one for _, one in sorted(hits, key=lambda pair: -pair[0])]
