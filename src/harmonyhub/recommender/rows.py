"""Chosen rows of sparse matrices: what stands in them, and their sum."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.interactions import FloatArray, IntArray

MANY_ROWS = 5  # measured: equally fast where every fifth row is chosen
FEW_ENTRIES = 10_000  # up to there scipy's copies of rows cost more than they save

Items = IntArray | slice  # some tracks by place, or all
EVERY = slice(None)


def find_entries(
    starts: NDArray[np.int32], rows: IntArray
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the entries of some rows (of CSR) or columns (of CSC), one after the other.

    Parameters
    ----------
    starts : int32 array
        `indptr` of the matrix.

    Returns
    -------
    which, entries : int64 array
        Entry `entries[i]` stands in row `rows[which[i]]`; `which` ascends.
    """
    first, lengths = starts[rows], starts[rows + 1] - starts[rows]
    which = np.repeat(np.arange(len(rows)), lengths)
    before = np.cumsum(lengths) - lengths
    return which, np.arange(len(which)) + (first - before)[which]


def rows_in(matrix: sparse.csc_matrix, columns: Sequence[int]) -> IntArray:
    """List the rows of the entries of some columns, column by column."""
    parts = [matrix.indices[matrix.indptr[c] : matrix.indptr[c + 1]] for c in columns]
    return np.concatenate([np.zeros(0, dtype=np.int32), *parts]).astype(np.int32)


def add_rows(matrix: sparse.csr_matrix, rows: IntArray, weights: FloatArray) -> FloatArray:
    """Add the chosen rows of a CSR matrix up, each times its weight."""
    if len(rows) == 0:
        return np.zeros(matrix.shape[1], dtype=np.float32)
    if len(rows) > matrix.shape[0] // MANY_ROWS:
        # One pass over the whole matrix is cheaper than a copy of many of its rows.
        spread = np.zeros(matrix.shape[0], dtype=np.float32)
        spread[rows] = weights
        return (matrix.T @ spread).astype(np.float32)
    if (matrix.indptr[rows + 1] - matrix.indptr[rows]).sum() <= FEW_ENTRIES:
        which, entries = find_entries(matrix.indptr, rows)
        values = matrix.data[entries] * weights[which]
        sums = np.zeros(matrix.shape[1], dtype=np.float32)
        np.add.at(sums, matrix.indices[entries], values)
        return sums
    return (matrix[rows].T @ weights).astype(np.float32)


def multiply_rows(matrix: sparse.csr_matrix, rows: Items, vector: FloatArray) -> FloatArray:
    """Multiply the chosen rows of a CSR matrix, each with the same vector."""
    if isinstance(rows, slice):
        return np.asarray(matrix[rows] @ vector if rows != EVERY else matrix @ vector)
    which, entries = find_entries(matrix.indptr, rows)
    values = matrix.data[entries] * vector[matrix.indices[entries]]
    return np.bincount(which, values, minlength=len(rows)).astype(np.float32)
