"""What a generated listener likes: a few tastes, each a circle of artists around a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.sources.starter.library import LibraryArtist

FloatArray = NDArray[np.float64]

DAY = 86_400
WANDER = 0.02  # share of a circle that follows prominence only: nobody stays in one genre
FADED_SHARE = 0.3  # of the artists are loved for a while, then not heard again
FADED_DAYS = (130, 400)  # since the last listen, so that Rediscover has something to find


@dataclass(frozen=True, slots=True)
class Favourite:
    """One artist that a listener plays, from `since` until `until` (unix seconds).

    `taste` numbers the listener's taste that it belongs to, `weight` says how often it comes up,
    `track_weights` how often each of the artist's tracks does (shape (tracks,), sums to 1).
    """

    artist: LibraryArtist
    taste: int
    weight: float
    since: int
    until: int
    track_weights: FloatArray


class Neighbourhoods:
    """How near the artists of a library stand to each other, by their tags.

    `nearness`, shape (artists, artists), is the cosine of their tags in [0, 1]. A rare tag such
    as "desert blues" says more than a common one such as "american", and the first tags of an
    artist, which name the kind of music, say more than the last, which name moods. `popularity`
    holds one array per artist: how much everyone likes each track.
    """

    def __init__(self, library: Sequence[LibraryArtist], *, rng: np.random.Generator) -> None:
        self.library = library
        self.places = {artist.name: place for place, artist in enumerate(library)}
        self.prominence = np.array([artist.prominence for artist in library])
        tags = sorted({tag for artist in library for tag in artist.tags})
        weights = np.array(
            [
                [(1 + a.tags.index(tag)) ** -0.8 if tag in a.tags else 0.0 for tag in tags]
                for a in library
            ]
        )
        weights *= np.log(len(library) / (weights > 0).sum(axis=0))
        weights /= np.linalg.norm(weights, axis=1, keepdims=True)
        self.nearness: FloatArray = weights @ weights.T
        self.popularity = {artist.name: _draw_popularity(artist, rng=rng) for artist in library}

    def draw_seeds(self, n: int, *, rng: np.random.Generator) -> list[str]:
        """Draw `n` different artists to build tastes around."""
        chance = self.prominence / self.prominence.sum()
        places = rng.choice(len(self.library), size=n, replace=False, p=chance)
        return [self.library[place].name for place in places]

    def draw_circle(self, seed: str, *, n: int, rng: np.random.Generator) -> list[LibraryArtist]:
        """Draw `n` artists near `seed`, the seed among them, without repetition."""
        place = self.places[seed]
        near = self.nearness[place] ** 2 * self.prominence
        chance = (1 - WANDER) * near / near.sum() + WANDER * self.prominence / self.prominence.sum()
        chance[place] = 0
        others = rng.choice(len(self.library), size=n - 1, replace=False, p=chance / chance.sum())
        return [self.library[place], *(self.library[other] for other in others)]


def draw_favourites(
    neighbourhoods: Neighbourhoods,
    *,
    seeds: Sequence[str],
    since: int,
    now: int,
    rng: np.random.Generator,
) -> list[Favourite]:
    """Draw a listener's favourites around the seeds, the first seed's taste being the strongest."""
    favourites: dict[str, Favourite] = {}
    for taste, seed in enumerate(seeds):
        circle = neighbourhoods.draw_circle(seed, n=int(rng.integers(8, 17)), rng=rng)
        for place, artist in enumerate(circle):
            if artist.name in favourites:
                continue
            begin, end = _draw_span(since=since, now=now, is_seed=place == 0, rng=rng)
            favourites[artist.name] = Favourite(
                artist=artist,
                taste=taste,
                weight=float(rng.lognormal(0, 0.7) * (1.8 if place == 0 else 1) / (1 + taste)),
                since=begin,
                until=end,
                track_weights=_draw_track_weights(neighbourhoods.popularity[artist.name], rng=rng),
            )
    return list(favourites.values())


def _draw_span(*, since: int, now: int, is_seed: bool, rng: np.random.Generator) -> tuple[int, int]:
    """When an artist is played: seeds always, others are found some day and may fade again."""
    if is_seed:
        return since, now
    if rng.random() < FADED_SHARE:
        faded = now - int(rng.integers(FADED_DAYS[0], FADED_DAYS[1])) * DAY
        if faded - since > 60 * DAY:
            return since, faded
    return since + int(rng.beta(1, 3) * (now - since)), now


def _draw_popularity(artist: LibraryArtist, *, rng: np.random.Generator) -> FloatArray:
    is_best_known = np.array([track.title == artist.best_known for track in artist.tracks])
    return np.asarray(
        rng.lognormal(0, 0.5, size=len(artist.tracks)) * np.where(is_best_known, 3, 1)
    )


def _draw_track_weights(popularity: FloatArray, *, rng: np.random.Generator) -> FloatArray:
    """Weights of an artist's tracks: some are not known, some are loved more than others do."""
    n = len(popularity)
    weights = popularity * rng.lognormal(0, 0.6, size=n)
    unknown = np.argsort(popularity * rng.uniform(0.3, 1, size=n))[
        : int(rng.integers(0, n // 2 + 1))
    ]
    weights[unknown] = 0
    return np.asarray(weights / weights.sum())
