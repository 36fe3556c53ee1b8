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
        weights = np.log1p(profile.tag_weights)
        rows = index.item_tags[items]
        breadth = np.repeat(index.tag_breadth[items], np.diff(rows.indptr))
        parts = rows.data * weights[rows.indices] * breadth
        is_heard = index.heard_marks[items].data > 0 if len(index.heard_entries) else None
        explained = []
        for start, end in pairwise(rows.indptr.tolist()):
            values, tags = parts[start:end], rows.indices[start:end]
            if is_heard is None:
                explained.append(strongest_terms(TermKind.TAG, values, tags))
                continue
            heard = is_heard[start:end]
            told_terms = strongest_terms(TermKind.TAG, values[~heard], tags[~heard])
            heard_terms = strongest_terms(TermKind.HEARD_TAG, values[heard], tags[heard])
            explained.append([*told_terms, *heard_terms])
        return explained
