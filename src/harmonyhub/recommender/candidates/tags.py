"""Tracks that share tags with what a listener plays; rare tags say more than common ones."""

from itertools import pairwise

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.terms import Term, TermKind, strongest_terms


class Tags:
    """Term: per tag of the track its rarity share times log(1 + the tag's weight), times breadth.

    Without breadth a track with one tag stands before one that shares five with the listener.
    """

    def score(self, profile: Profile, index: ServingIndex) -> FloatArray:
        """Return the term of every track."""
        shares = index.item_tags @ np.log1p(profile.tag_weights)
        return np.asarray(shares * index.tag_breadth, dtype=np.float32)

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, its tags that the listener plays most."""
        values = np.log1p(profile.tag_weights)
        rows = index.item_tags[items]
        breadth = np.repeat(index.tag_breadth[items], np.diff(rows.indptr))
        parts = rows.data * values[rows.indices] * breadth
        return [
            strongest_terms(TermKind.TAG, parts[start:end], rows.indices[start:end])
            for start, end in pairwise(rows.indptr.tolist())
        ]
