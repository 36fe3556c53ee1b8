"""Ranking metrics per listener, and how sure their means are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.domain.quality import Estimate, LengthGroup, Spread
from harmonyhub.recommender.interactions import FloatArray

DEPTH = 100  # the deepest cut-off of the metrics below
N_RESAMPLES = 1_000
RESAMPLE_CELLS = 500_000  # drawn at once: 4 MB
CONFIDENCE = 0.95
N_GROUPS = 3  # of listeners by the length of their history

MetricArray = NDArray[np.float64]

# What a find at each place is worth, and the best that so many hidden items can be worth.
DISCOUNTS = 1 / np.log2(np.arange(2, DEPTH + 2))
IDEALS = np.cumsum(DISCOUNTS)


@dataclass(frozen=True, slots=True, eq=False)
class UserMetrics:
    """One value per listener, each in [0, 1]; `domain.quality.Quality` says what they mean."""

    recall_at_20: MetricArray
    recall_at_50: MetricArray
    ndcg_at_100: MetricArray
    mrr_at_100: MetricArray


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
    return find_hidden(rank_unheard(scores, given), hidden)


def rank_unheard(scores: FloatArray, given: sparse.csr_matrix) -> NDArray[Any]:
    """Rank all but the given items, the best first.

    Returns
    -------
    array, shape (users, up to 100)
        Items; -1 after the last one where a user has fewer.
    """
    masked = scores.copy()
    masked[np.repeat(np.arange(given.shape[0]), np.diff(given.indptr)), given.indices] = -np.inf
    return rank_all(masked)


def rank_all(scores: FloatArray) -> NDArray[Any]:
    """Rank the items of each row, equal ones in their order; those at minus infinity never."""
    depth = min(DEPTH, scores.shape[1])
    best = np.sort(np.argpartition(-scores, depth - 1, axis=1)[:, :depth], axis=1)
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    ranked = np.take_along_axis(best, order, axis=1)
    return np.where(np.isneginf(np.take_along_axis(scores, ranked, axis=1)), -1, ranked)


def find_hidden(ranked: NDArray[Any], hidden: sparse.csr_matrix) -> UserMetrics:
    """Look for the hidden items in rankings of `rank_unheard`; each user has at least one."""
    found = np.take_along_axis(hidden.toarray(), ranked, axis=1) > 0
    return value_hits(found & (ranked >= 0), np.diff(hidden.indptr))


def value_hits(is_hit: NDArray[np.bool_], n_hidden: NDArray[Any]) -> UserMetrics:
    """Say what hits are worth.

    Parameters
    ----------
    is_hit : array, shape (users, up to 100)
        Whether a hidden item stands at each place.
    n_hidden : array, shape (users,)
        1 or more.
    """
    hits = is_hit.astype(np.float64)
    first = np.where(is_hit.any(axis=1), is_hit.argmax(axis=1) + 1, np.inf)
    return UserMetrics(
        recall_at_20=hits[:, :20].sum(axis=1) / np.minimum(n_hidden, 20),
        recall_at_50=hits[:, :50].sum(axis=1) / np.minimum(n_hidden, 50),
        ndcg_at_100=(hits * DISCOUNTS[: hits.shape[1]]).sum(axis=1) / find_ideals(n_hidden),
        mrr_at_100=1 / first,
    )


def find_gains(above: NDArray[Any]) -> MetricArray:
    """Give what finds are worth that stand under so many others; nothing after 100 of them."""
    return np.asarray(np.where(above < DEPTH, 1 / np.log2(above + 2), 0.0))


def find_ideals(n_hidden: NDArray[Any]) -> MetricArray:
    """Give the most that so many hidden items can be worth, one or more."""
    return np.asarray(IDEALS[np.minimum(n_hidden, DEPTH) - 1])


def estimate(values: MetricArray, rng: np.random.Generator) -> Estimate:
    """Estimate the mean with a percentile bootstrap over listeners."""
    return _interval(float(values.mean()), _resampled_means(values, rng))


def estimate_ratio(
    numerators: MetricArray, denominators: MetricArray, rng: np.random.Generator
) -> Estimate | None:
    """Estimate a ratio of two means over the same listeners; None where the second mean is 0."""
    if not denominators.mean() > 0:
        return None
    pairs = np.column_stack([numerators, denominators])
    means = _resampled_means(pairs, rng)
    means = means[means[:, 1] > 0]
    ratios = means[:, 0] / means[:, 1]
    return _interval(float(numerators.mean() / denominators.mean()), ratios)


def spread_out(ndcg_at_100: MetricArray) -> Spread:
    """Tell how unequally listeners are served."""
    p10, p25, p50, p75, p90 = np.quantile(ndcg_at_100, [0.1, 0.25, 0.5, 0.75, 0.9]).tolist()
    nothing_found = float((ndcg_at_100 == 0).mean())
    return Spread(p10=p10, p25=p25, p50=p50, p75=p75, p90=p90, nothing_found=nothing_found)


def group_by_length(
    ndcg_at_100: MetricArray, n_given: NDArray[Any], rng: np.random.Generator
) -> tuple[LengthGroup, ...]:
    """Measure listeners of short, middle and long histories apart, as many in each group.

    Listeners of one length stay together, so that there may be fewer groups.
    """
    edges = np.quantile(n_given, np.linspace(0, 1, N_GROUPS + 1)[1:-1])
    group = np.searchsorted(edges, n_given, side="left")
    return tuple(
        LengthGroup(
            shortest=int(n_given[group == number].min()),
            longest=int(n_given[group == number].max()),
            n_users=int((group == number).sum()),
            ndcg_at_100=estimate(ndcg_at_100[group == number], rng),
        )
        for number in np.unique(group).tolist()
    )


def join_metrics(batches: Sequence[UserMetrics]) -> UserMetrics:
    """Put the listeners of several batches behind each other."""
    fields = ("recall_at_20", "recall_at_50", "ndcg_at_100", "mrr_at_100")
    return UserMetrics(
        *(np.concatenate([getattr(batch, name) for batch in batches]) for name in fields)
    )


def _resampled_means(values: MetricArray, rng: np.random.Generator) -> MetricArray:
    """Draw as many listeners again and again; `values` has a row for each."""
    n = len(values)
    size = max(RESAMPLE_CELLS // n, 1)
    draws = [min(size, N_RESAMPLES - start) for start in range(0, N_RESAMPLES, size)]
    return np.concatenate([values[rng.integers(n, size=(k, n))].mean(axis=1) for k in draws])


def _interval(mean: float, resampled: MetricArray) -> Estimate:
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return Estimate(mean=mean, low=float(low), high=float(high))
