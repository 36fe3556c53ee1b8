"""Tracks that share tags with what a listener plays; rare tags say more than common ones."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

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
        told, heard = _weigh(profile, index)
        shares = index.item_tags @ told
        if heard is not told:
            shares += index.heard_tags @ (heard - told)
        return np.asarray(shares * index.tag_breadth, dtype=np.float32)

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, its tags that the listener plays most."""
        told, heard = _weigh(profile, index)
        rows = index.item_tags[items]
        weights, is_heard = told[rows.indices], np.zeros(rows.nnz, dtype=bool)
        if heard is not told:
            is_heard = np.isin(_number(rows), _number(index.heard_tags[items]))
            weights = np.where(is_heard, heard[rows.indices], weights)
        breadth = np.repeat(index.tag_breadth[items], np.diff(rows.indptr))
        parts = rows.data * weights * breadth
        return [
            _strongest(parts[start:end], rows.indices[start:end], is_heard[start:end])
            for start, end in pairwise(rows.indptr.tolist())
        ]


def _weigh(profile: Profile, index: ServingIndex) -> tuple[FloatArray, FloatArray]:
    """Give the worth of each tag where it is told and where it is heard; the same if none is.

    The networks know few words. So a heard tag is as much as it and its kinds together: "metal" is
    worth something to who plays what is told to be heavy metal.
    """
    told = np.log1p(profile.tag_weights)
    if not len(index.heard_entries):
        return told, told
    weights = profile.tag_weights.copy()
    for tag, kinds in index.kinds.items():
        weights[tag] += profile.tag_weights[list(kinds)].sum()
    return told, np.log1p(weights)


def _number(rows: sparse.csr_matrix) -> NDArray[np.int64]:
    """Give each entry the number of its place in the whole matrix."""
    starts = np.arange(rows.shape[0], dtype=np.int64) * rows.shape[1]
    return np.repeat(starts, np.diff(rows.indptr)) + rows.indices


def _strongest(values: FloatArray, tags: IntArray, is_heard: NDArray[np.bool_]) -> list[Term]:
    if not is_heard.any():
        return strongest_terms(TermKind.TAG, values, tags)
    return [
        *strongest_terms(TermKind.TAG, values[~is_heard], tags[~is_heard]),
        *strongest_terms(TermKind.HEARD_TAG, values[is_heard], tags[is_heard]),
    ]
