"""What lists look like, whatever they find: coverage, novelty, diversity, popularity, repeats."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.domain.quality import ListShape
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import IntArray
from harmonyhub.recommender.metrics import MetricArray, estimate, estimate_ratio

LIST_LENGTH = 20  # a page
FEWEST_TAGGED = 0.5  # of the catalogue; with fewer tags, a list is judged by its artists


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """What lists are seen against.

    Attributes
    ----------
    shares : array, shape (items,)
        Share of all listeners who play an item, in [0, 1].
    bits : array, shape (items,)
        Self-information: minus log2 of that share, with one listener added to both counts.
    features : csr_matrix or None
        Items x tags or artists, rows of length 1; empty where an item has none.
    """

    shares: MetricArray
    bits: MetricArray
    features: sparse.csr_matrix | None
    features_are: str | None


def background_of(index: ServingIndex) -> Background:
    """Take listeners and features from an index."""
    listeners = index.listeners.astype(np.float64)
    features, features_are = _features_of(index)
    return Background(
        shares=listeners / max(index.n_users, 1),
        bits=-np.log2((listeners + 1) / (index.n_users + 1)),
        features=features,
        features_are=features_are,
    )


def describe_lists(
    ranked: NDArray[Any],
    given: sparse.csr_matrix,
    background: Background,
    *,
    rng: np.random.Generator,
) -> ListShape:
    """Describe the first 20 places of rankings.

    Parameters
    ----------
    ranked : array, shape (users, places)
        Items, -1 where a list is shorter.
    given : csr_matrix, shape (users, items)
        What the listeners have heard.
    """
    lists = ranked[:, :LIST_LENGTH]
    placed = _as_matrix(lists, n_items=given.shape[1])
    heard = sparse.csr_matrix((np.ones(given.nnz), given.indices, given.indptr), given.shape)
    n_listed = np.diff(placed.indptr)
    able = n_listed > 0
    lift = None
    novelty = repeats = None
    if able.any():
        placed_of, heard_of, n_of = placed[able], heard[able], n_listed[able]
        novelty = estimate(placed_of @ background.bits / n_of, rng)
        repeats = estimate(_row_sums(placed_of.multiply(heard_of)) / n_of, rng)
        n_heard = np.maximum(np.diff(heard_of.indptr), 1)
        ratio = estimate_ratio(
            placed_of @ background.shares / n_of, heard_of @ background.shares / n_heard, rng
        )
        if ratio is not None:
            lift = type(ratio)(ratio.mean - 1, ratio.low - 1, ratio.high - 1)
    mixed = measure_diversity(placed, background.features)
    counts = np.bincount(placed.indices, minlength=given.shape[1])
    return ListShape(
        coverage=float((counts > 0).mean()),
        gini=measure_gini(counts),
        novelty_bits=novelty,
        diversity=estimate(mixed, rng) if len(mixed) else None,
        diversity_by=background.features_are if len(mixed) else None,
        popularity_lift=lift,
        repeat_rate=repeats,
    )


def measure_gini(counts: NDArray[Any]) -> float:
    """Measure how unequal counts are: 0 is all alike, near 1 is one for all; 0 for no counts."""
    ordered = np.sort(counts.astype(np.float64))
    total = ordered.sum()
    if total == 0:
        return 0.0
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))


def measure_diversity(placed: sparse.csr_matrix, features: sparse.csr_matrix | None) -> MetricArray:
    """Measure one minus the mean cosine of all pairs, of each list with two items with features."""
    if features is None:
        return np.zeros(0)
    has_any = (np.diff(features.indptr) > 0).astype(np.float64)
    n_items = placed @ has_any
    # Of unit vectors, the squared length of their sum is the sum of the cosines of all pairs.
    sums = placed @ features
    cosines = _row_sums(sums.multiply(sums)) - n_items
    able = n_items > 1
    pairs = n_items[able] * (n_items[able] - 1)
    return np.asarray(np.clip(1 - cosines[able] / pairs, 0.0, 1.0))


def _as_matrix(lists: IntArray, *, n_items: int) -> sparse.csr_matrix:
    is_item = lists >= 0
    ends = np.concatenate([[0], np.cumsum(is_item.sum(axis=1))])
    ones = np.ones(int(is_item.sum()))
    return sparse.csr_matrix((ones, lists[is_item], ends), shape=(len(lists), n_items))


def _features_of(index: ServingIndex) -> tuple[sparse.csr_matrix | None, str | None]:
    tagged = (np.diff(index.item_tags.indptr) > 0).mean() if index.n_tracks else 0.0
    if tagged >= FEWEST_TAGGED:
        return _to_units(index.item_tags), "tags"
    if index.item_artists.nnz:
        return _to_units(index.item_artists), "artists"
    return None, None


def _to_units(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    lengths = np.sqrt(_row_sums(matrix.multiply(matrix)))
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sparse.csr_matrix(sparse.diags(scale) @ matrix)


def _row_sums(matrix: sparse.csr_matrix) -> MetricArray:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
