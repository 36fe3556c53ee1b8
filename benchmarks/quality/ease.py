"""EASE (Steck 2019): solved exactly where listeners are few, else for the histories at hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

EXACT_MAX = 6_000  # listeners whose kernel is inverted: 0.3 GB and a minute at most
N_PROBES = 128
ROUNDS, TOLERANCE = 100, 1e-3

Score = Callable[[sparse.csr_matrix], Any]


def train_ease(ones: sparse.csr_matrix, ridge: float, *, seed: int) -> Score:
    """Train on ones of users x items; scores histories of ones."""
    if ones.shape[0] <= EXACT_MAX:
        return train_exactly(ones, ridge)
    return train_by_rounds(ones, ridge, seed=seed)


def train_exactly(ones: sparse.csr_matrix, ridge: float) -> Score:
    """Solve EASE through the smaller side of the matrix: (X'X + r)^-1 by way of XX'."""
    kernel = (ones @ ones.T).toarray().astype(np.float64)
    kernel[np.diag_indices_from(kernel)] += ridge
    through = np.asarray((ones.T @ np.linalg.inv(kernel)).T, dtype=np.float32)
    diagonal = (1 - np.asarray(ones.multiply(through).sum(axis=0)).ravel()) / ridge

    def score(given: sparse.csr_matrix) -> Any:
        whole = given.toarray()
        inverse = (whole - (given @ ones.T).toarray().astype(np.float32) @ through) / ridge
        return whole - inverse / diagonal

    return score


def train_by_rounds(ones: sparse.csr_matrix, ridge: float, *, seed: int) -> Score:
    """Never make the inverse: what a history says of all items is the solution of one system.

    The diagonal of the inverse is estimated with random signs (Bekas et al. 2007, "An estimator for
    the diagonal of a matrix"), within the bounds that it has in any case.
    """
    back, n_items = ones.T.tocsr(), ones.shape[1]
    mass = np.bincount(ones.indices, minlength=n_items).astype(np.float32) + np.float32(ridge)

    def solve(wanted: Any) -> Any:
        answer, left = np.zeros_like(wanted), wanted
        step, before = np.zeros_like(wanted), 1.0
        goal = TOLERANCE * np.sqrt((wanted * wanted).sum(axis=0).max())
        for _ in range(ROUNDS):
            eased = left / mass[:, None]
            now = (left * eased).sum(axis=0)
            step = eased + (now / before) * step
            moved = back @ (ones @ step) + np.float32(ridge) * step
            length = now / np.maximum((step * moved).sum(axis=0), 1e-30)
            answer, left, before = answer + length * step, left - length * moved, now + 1e-30
            if np.sqrt((left * left).sum(axis=0).max()) < goal:
                break
        return answer

    rng = np.random.default_rng(seed)
    signs = rng.choice(np.array([-1, 1], dtype=np.float32), (n_items, N_PROBES))
    diagonal = np.clip((signs * solve(signs)).mean(axis=1), 1 / mass, 1 / ridge)

    def score(given: sparse.csr_matrix) -> Any:
        whole = np.asarray(given.toarray(), dtype=np.float32)
        return whole - solve(np.ascontiguousarray(whole.T)).T / diagonal

    return score
