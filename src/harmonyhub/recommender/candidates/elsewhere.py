"""Tracks that people elsewhere play together, by the knowledge packs that are installed."""

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile, find_known
from harmonyhub.recommender.rows import EVERY, Items, add_rows, find_entries
from harmonyhub.recommender.terms import Term, TermKind, strongest_terms


class Elsewhere:
    """Term: the sum of (weight of a played track) x (what a pack says of it and the item)."""

    def score(
        self, profile: Profile, index: ServingIndex, items: Items = EVERY
    ) -> FloatArray | None:
        """Return the term; None where no pack is installed."""
        if not index.knowledge:
            return None
        total = np.zeros(index.n_tracks, dtype=np.float32)
        for known in index.knowledge:
            total += add_rows(known.neighbours, profile.items, profile.weights)
        return total[items]

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, the played tracks that led to it most.

        The place of a term is the track's position in the profile, plus the profile's length for
        each pack before the one that speaks.
        """
        explained: list[list[Term]] = [[] for _ in items]
        for number, known in enumerate(index.knowledge):
            which, entries = find_entries(known.columns.indptr, items)
            places = find_known(profile, known.columns.indices[entries], index)
            is_known = places >= 0
            which, places = which[is_known], places[is_known]
            values = known.columns.data[entries[is_known]] * profile.weights[places]
            places = places + number * len(profile.items)
            more = strongest_terms(TermKind.ELSEWHERE, values, places, of=which, n=len(items))
            for terms, some in zip(explained, more, strict=True):
                terms.extend(some)
        return explained
