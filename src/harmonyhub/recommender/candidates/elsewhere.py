"""Tracks that people elsewhere play together, by the knowledge packs that are installed."""

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.knowledge import Knowledge
from harmonyhub.recommender.profile import Profile, add_rows
from harmonyhub.recommender.terms import Term, TermKind, strongest_terms


class Elsewhere:
    """Term: the sum of (weight of a played track) x (what a pack says of it and the item)."""

    def score(self, profile: Profile, index: ServingIndex) -> FloatArray:
        """Return the term of every track; 0 where no pack is installed."""
        total = np.zeros(index.n_tracks, dtype=np.float32)
        for known in index.knowledge:
            total += add_rows(known.neighbours, profile.items, profile.weights)
        return total

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, the played tracks that led to it most.

        The place of a term is the track's position in the profile, plus the profile's length for
        each pack before the one that speaks.
        """
        n_known = len(profile.items)
        positions = np.full(index.n_tracks, -1, dtype=np.int32)
        positions[profile.items] = np.arange(n_known, dtype=np.int32)
        return [
            [
                term._replace(place=term.place + number * n_known)
                for number, known in enumerate(index.knowledge)
                for term in _terms(known, item, profile=profile, positions=positions)
            ]
            for item in items.tolist()
        ]


def _terms(known: Knowledge, item: int, *, profile: Profile, positions: IntArray) -> list[Term]:
    sources, values = known.sources_of(item)
    places = positions[sources]
    is_known = places >= 0
    places = places[is_known]
    return strongest_terms(TermKind.ELSEWHERE, values[is_known] * profile.weights[places], places)
