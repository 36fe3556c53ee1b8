"""Ranking: the best of many scores, without sorting them all."""

import numpy as np
from numpy.typing import NDArray

from harmonyhub.recommender.interactions import FloatArray, IntArray

PARTS_PER_PLACE = 4  # parts that the tracks are cut into to find the best ones


def find_best(scores: FloatArray, pool: NDArray[np.bool_], depth: int) -> IntArray:
    """List the best tracks over 0 of a pool, equal ones in index order."""
    good = np.flatnonzero(pool & (scores > 0))
    values = scores[good]
    # As many parts as `depth` hold a track that is at least as good as the limit, so the best
    # are all among those; this is faster than to partition the whole array.
    n_rows = max(len(values) // (PARTS_PER_PLACE * depth), 1)
    peaks = values[: len(values) // n_rows * n_rows].reshape(n_rows, -1).max(axis=0)
    if len(peaks) > depth:
        strong = np.flatnonzero(values >= np.partition(peaks, -depth)[-depth])
        good, values = good[strong], values[strong]
    order = np.argsort(-values, kind="stable")[:depth]
    return good[order].astype(np.int32)
