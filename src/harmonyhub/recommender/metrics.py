"""Ranking metrics per listener, and how sure their means are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.interactions import FloatArray

DEPTH = 100  # the deepest cut-off of the metrics below
N_RESAMPLES = 1_000
CONFIDENCE = 0.95

MetricArray = NDArray[np.float64]

# What a find at each place is worth, and the best that so many hidden items can be worth.
DISCOUNTS = 1 / np.log2(np.arange(2, DEPTH + 2))
IDEALS = np.cumsum(DISCOUNTS)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over listeners and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class UserMetrics:
    """One value per listener, each in [0, 1]."""

    recall_at_20: MetricArray
    recall_at_50: MetricArray
    ndcg_at_100: MetricArray


def measure(scores: FloatArray, given: sparse.csr_matrix, hidden: sparse.csr_matrix) -> UserMetrics:
    """Rank all but the given items by score and look for the hidden ones.

    Parameters
    ----------
    scores : array, shape (users, items)
    given, hidden : csr_matrix, shape (users, items)
        Each user has at least one hidden item.

    References
    ----------
    Liang et al. 2018, "Variational autoencoders for collaborative filtering": recall is divided by
    min(k, hidden items), NDCG by the ideal for that many.
    """
    ranked = _top(scores, given)
    depth = ranked.shape[1]
    hits = (np.take_along_axis(hidden.toarray(), ranked, axis=1) > 0).astype(np.float64)
    n_hidden = np.diff(hidden.indptr)
    return UserMetrics(
        recall_at_20=hits[:, :20].sum(axis=1) / np.minimum(n_hidden, 20),
        recall_at_50=hits[:, :50].sum(axis=1) / np.minimum(n_hidden, 50),
        ndcg_at_100=(hits * DISCOUNTS[:depth]).sum(axis=1) / find_ideals(n_hidden),
    )


def find_gains(above: NDArray[Any]) -> MetricArray:
    """Give what finds are worth that stand under so many others; nothing after 100 of them."""
    return np.asarray(np.where(above < DEPTH, 1 / np.log2(above + 2), 0.0))


def find_ideals(n_hidden: NDArray[Any]) -> MetricArray:
    """Give the most that so many hidden items can be worth, one or more."""
    return np.asarray(IDEALS[np.minimum(n_hidden, DEPTH) - 1])


def estimate(values: MetricArray, rng: np.random.Generator) -> Estimate:
    """Estimate the mean with a percentile bootstrap over listeners."""
    tail = 100 * (1 - CONFIDENCE) / 2
    means = [rng.choice(values, len(values)).mean() for _ in range(N_RESAMPLES)]
    low, high = np.percentile(means, [tail, 100 - tail])
    return Estimate(mean=float(values.mean()), low=float(low), high=float(high))


def _top(scores: FloatArray, given: sparse.csr_matrix) -> NDArray[Any]:
    masked = scores.copy()
    masked[np.repeat(np.arange(given.shape[0]), np.diff(given.indptr)), given.indices] = -np.inf
    depth = min(DEPTH, scores.shape[1])
    best = np.sort(np.argpartition(-masked, depth - 1, axis=1)[:, :depth], axis=1)
    order = np.argsort(-np.take_along_axis(masked, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)
