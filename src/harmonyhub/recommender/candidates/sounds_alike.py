"""Tracks that sound like what a listener plays, heard by anybody or not."""

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile, add_rows
from harmonyhub.recommender.terms import Term, TermKind, strongest_terms


class SoundsAlike:
    """Term: the sum of (weight of a played track) x (how much the item sounds like it)."""

    def score(self, profile: Profile, index: ServingIndex) -> FloatArray:
        """Return the term of every track; 0 where nothing was analysed."""
        if not index.sounds.alike.nnz:
            return np.zeros(index.n_tracks, dtype=np.float32)
        return add_rows(index.sounds.alike, profile.items, profile.weights)

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, the played tracks that it sounds like.

        The place of a term is the track's position in the profile, plus the profile's length times
        the item: what they have in common is said of both.
        """
        if not index.sounds.alike.nnz:
            return [[] for _ in items]
        n_known = len(profile.items)
        positions = np.full(index.n_tracks, -1, dtype=np.int32)
        positions[profile.items] = np.arange(n_known, dtype=np.int32)
        return [
            [
                term._replace(place=term.place + item * n_known)
                for term in _terms(item, profile=profile, index=index, positions=positions)
            ]
            for item in items.tolist()
        ]


def _terms(item: int, *, profile: Profile, index: ServingIndex, positions: IntArray) -> list[Term]:
    sources, values = index.sounds.alike_to(item)
    places = positions[sources]
    is_known = places >= 0
    places = places[is_known]
    return strongest_terms(TermKind.SOUND, values[is_known] * profile.weights[places], places)
