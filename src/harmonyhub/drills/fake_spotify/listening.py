"""Who likes what, and who heard it when: functions of the seed, the person's name and the time."""

import random
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, TypeVar

from harmonyhub.drills.fake_spotify.catalogue import Artist, Song, load_catalogue
from harmonyhub.drills.fake_spotify.names import chance

TRACK_EVERY_S = 240
N_FAVOURITES = 60
STRAYS = 0.15  # plays outside the favourites
NOISE_OF_RANGE = {"long_term": 4, "medium_term": 9, "short_term": 20}

Liked = TypeVar("Liked", Artist, Song)


class Play(NamedTuple):
    """A track that somebody heard; `at` in unix seconds."""

    song: Song
    at: int


class Taste(NamedTuple):
    """What somebody likes, best liked first."""

    artists: Sequence[Artist]
    songs: Sequence[Song]


@cache
def taste_of(seed: int, user_id: str) -> Taste:
    """Give a person's taste: artists close by tags to one that was drawn, and their tracks."""
    catalogue, rng = load_catalogue(), chance("taste", seed, user_id)
    artists = list(catalogue.artists.values())
    home = set(rng.choice(artists).genres) | set(rng.choice(artists).genres)
    closeness = {one.id: len(home & set(one.genres)) + rng.random() for one in artists}
    liked = sorted(artists, key=lambda one: -closeness[one.id])[:N_FAVOURITES]
    ranked = [
        (place + rng.expovariate(1 / 12), song)
        for place, artist in enumerate(liked)
        for album in catalogue.albums_of[artist.id]
        for song in catalogue.songs_of[album.id]
    ]
    return Taste(liked, [song for _, song in sorted(ranked, key=lambda pair: pair[0])])


def top_artists(seed: int, user_id: str, *, time_range: str) -> Sequence[Artist]:
    """Give whom a person heard most; the shorter the range, the less it is like the long run."""
    return _shuffle(taste_of(seed, user_id).artists, time_range, rng=chance(user_id, time_range))


def top_songs(seed: int, user_id: str, *, time_range: str) -> Sequence[Song]:
    """Give what a person heard most, at most 150."""
    songs = taste_of(seed, user_id).songs[:150]
    return _shuffle(songs, time_range, rng=chance(user_id, "songs", time_range))


def recently_played(
    seed: int,
    user_id: str,
    *,
    now: float,
    limit: int,
    after: int | None = None,
    before: int | None = None,
) -> Sequence[Play]:
    """Give what a person heard last: a track every four minutes, newest first.

    `after` and `before` are unix milliseconds, as in Spotify's cursors.
    """
    phase = chance("person", user_id).randrange(TRACK_EVERY_S)
    end_s = now if before is None else min(now, before / 1000 - 1e-3)
    last = int((end_s - phase) // TRACK_EVERY_S)
    times = [(last - k) * TRACK_EVERY_S + phase for k in range(limit)]
    return [
        Play(_heard(seed, user_id, at), at) for at in times if after is None or at * 1000 > after
    ]


def _heard(seed: int, user_id: str, at: int) -> Song:
    rng = chance(seed, user_id, at)
    if rng.random() < STRAYS:
        return rng.choice(list(load_catalogue().songs.values()))
    songs = taste_of(seed, user_id).songs
    return songs[min(int(rng.expovariate(1 / 60)), len(songs) - 1)]


def _shuffle(things: Sequence[Liked], time_range: str, *, rng: random.Random) -> Sequence[Liked]:
    noise = NOISE_OF_RANGE[time_range]
    places = {one.id: place + rng.gauss(0, noise) for place, one in enumerate(things)}
    return sorted(things, key=lambda one: places[one.id])
