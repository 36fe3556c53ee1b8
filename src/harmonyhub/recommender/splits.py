"""Splits: what of a history is given, and what is hidden to be found again."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

GIVEN_SHARE = 0.8  # of each held-out history; the rest is to be found
MIN_ITEMS = 5  # fewer, and a fifth of the history is no item at all


def hide(
    histories: sparse.csr_matrix, rng: np.random.Generator
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Split each history into a given part of 80 % and a hidden part of at least one item."""
    is_given = np.zeros(histories.nnz, dtype=bool)
    for start, stop in zip(histories.indptr[:-1], histories.indptr[1:], strict=True):
        n_items = stop - start
        n_given = min(int(n_items * GIVEN_SHARE), n_items - 1)
        is_given[start + rng.choice(n_items, n_given, replace=False)] = True
    return _keep(histories, is_given), _keep(histories, ~is_given)


def _keep(matrix: sparse.csr_matrix, mask: NDArray[np.bool_]) -> sparse.csr_matrix:
    kept = matrix.copy()
    kept.data = np.where(mask, matrix.data, 0)
    kept.eliminate_zeros()
    return kept
