"""Chosen rows of sparse matrices, beside scipy's own way."""

import numpy as np
import pytest
from scipy import sparse

from harmonyhub.recommender.rows import add_rows, find_entries, rows_in


@pytest.fixture
def matrix() -> sparse.csr_matrix:
    """Draw a matrix with empty rows and columns among others."""
    rng = np.random.default_rng(3)
    drawn = rng.random((40, 30)) * (rng.random((40, 30)) < 0.1)
    drawn[:3] = drawn[:, 5] = 0
    return sparse.csr_matrix(drawn.astype(np.float32))


def test_the_entries_of_chosen_rows_are_those_of_scipy(matrix):
    """Row by row in the order asked for, twice where asked twice, nothing of empty ones."""
    rows = np.array([7, 0, 39, 7, 12], dtype=np.int32)
    which, entries = find_entries(matrix.indptr, rows)
    expected = matrix[rows].tocoo()
    assert expected.row.tolist() == which.tolist()
    assert expected.col.tolist() == matrix.indices[entries].tolist()
    assert expected.data.tolist() == matrix.data[entries].tolist()


def test_no_rows_have_no_entries(matrix):
    """Nothing asked for, nothing found."""
    which, entries = find_entries(matrix.indptr, np.zeros(0, dtype=np.int32))
    assert 0 == len(which) == len(entries)


def test_rows_with_entries_in_a_column(matrix):
    """Columns are read one after the other."""
    columns = matrix.tocsc()
    expected = [
        *np.flatnonzero(matrix[:, [9]].toarray()),
        *np.flatnonzero(matrix[:, [2]].toarray()),
    ]
    assert expected == rows_in(columns, [9, 5, 2]).tolist()


@pytest.mark.parametrize("n_rows", [0, 3, 30])
def test_rows_add_up(matrix, n_rows):
    """Few rows and many give the weighted sum, a float for each column."""
    rng = np.random.default_rng(n_rows)
    rows = rng.choice(40, n_rows, replace=False).astype(np.int32)
    weights = rng.random(n_rows).astype(np.float32)
    added = add_rows(matrix, rows, weights)
    assert np.float32 == added.dtype
    assert np.allclose(weights @ matrix.toarray()[rows], added)
