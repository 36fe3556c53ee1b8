"""More by the artists that a listener plays, the artists' better-known tracks first."""

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.rows import EVERY, Items, multiply_rows
from harmonyhub.recommender.terms import Term, TermKind


class OwnArtists:
    """Term: per artist of the track log(1 + the artist's weight), times 0.5 to 1 by popularity.

    Where it `is_tuned`, it is as loud as the training of this index found best.
    """

    def __init__(self, *, is_tuned: bool = False) -> None:
        self._is_tuned = is_tuned

    def score(
        self, profile: Profile, index: ServingIndex, items: Items = EVERY
    ) -> FloatArray | None:
        """Return the term; None where the listener plays no artist that is known here."""
        values = self._values(profile, index)
        if not values.any():
            return None
        return multiply_rows(index.item_artists, items, values) * index.prominence[items]

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Give each item one term per artist that the listener plays."""
        values = self._values(profile, index)
        return [
            [
                Term(TermKind.ARTIST, float(values[artist] * index.prominence[item]), artist)
                for artist in index.artists_of(int(item))
                if values[artist] > 0
            ]
            for item in items
        ]

    def _values(self, profile: Profile, index: ServingIndex) -> FloatArray:
        loudness = np.float32(index.loudness.artists if self._is_tuned else 1)
        return loudness * np.log1p(profile.artist_weights)
