"""Tracks that share tags with what a listener plays; rare tags say more than common ones."""

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.terms import Term, TermKind, strongest_terms


class Tags:
    """Term: per tag of the track its rarity share times log(1 + the tag's weight)."""

    def score(self, profile: Profile, index: ServingIndex) -> FloatArray:
        """Return the term of every track."""
        return (index.item_tags @ np.log1p(profile.tag_weights)).astype(np.float32)

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, its tags that the listener plays most."""
        values = np.log1p(profile.tag_weights)
        terms: list[list[Term]] = []
        for item in items:
            row = slice(index.item_tags.indptr[item], index.item_tags.indptr[item + 1])
            tags = index.item_tags.indices[row]
            parts = index.item_tags.data[row] * values[tags]
            terms.append(strongest_terms(TermKind.TAG, parts[parts > 0], tags[parts > 0]))
        return terms
