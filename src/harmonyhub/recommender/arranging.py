"""Arranging: ranked tracks in an order in which tags differ, or follow those of a taste."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harmonyhub.domain.knobs import Knobs
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray

DULLING = 0.7  # of the score, of a track with just the tags of one that stands there already
WEIGHT_OF_BALANCE = 0.95  # against the score, both in [0, 1] or near it
SMOOTHING = 0.01  # of the taste in what the list has, as in Steck 2018
N_TAGS = 50  # the strongest of a taste; the others are noise of one track each


class _Target(NamedTuple):
    """Which tags a list should have in which shares, and its candidates' shares of them."""

    shares: FloatArray
    rows: FloatArray


def arrange(
    items: IntArray,
    scores: FloatArray,
    *,
    n: int,
    knobs: Knobs,
    taste: FloatArray,
    index: ServingIndex,
) -> IntArray:
    """Order candidates so that the first `n` differ, or their tags follow a taste.

    Each place goes to the candidate that is best beside those before it: its score, less where its
    tags stand there already, and less by how far the tags so far are from the taste.

    Parameters
    ----------
    items : int32 array
        Candidates, the best first.
    taste : array
        How much each tag of the index weighs with the listener.

    References
    ----------
    Carbonell and Goldstein 1998, "The use of MMR", SIGIR; Steck 2018, "Calibrated
    recommendations", RecSys.
    """
    sharing = max(knobs.varied, 0.0) * DULLING
    weight = knobs.balanced * WEIGHT_OF_BALANCE
    if not len(items) or not (sharing or weight):
        return items
    rows = index.item_tags[items].toarray()
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    directions = rows / np.where(lengths > 0, lengths, 1)
    target = _aim(rows, taste)
    worth = scores[items] / scores[items].max()

    likest = np.zeros(len(items), dtype=np.float32)
    so_far = np.zeros(len(target.shares), dtype=np.float32)
    is_open = np.ones(len(items), dtype=bool)
    order: list[int] = []
    for _ in range(min(n, len(items))):
        value = worth * (1 - sharing * likest)
        if weight:
            value = (1 - weight) * value - weight * _misfit(so_far + target.rows, target.shares)
        best = int(np.argmax(np.where(is_open, value, -np.inf)))
        order.append(best)
        is_open[best] = False
        so_far = so_far + target.rows[best]
        likest = np.maximum(likest, directions @ directions[best])
    return items[[*order, *np.flatnonzero(is_open)]]


def _aim(rows: FloatArray, taste: FloatArray) -> _Target:
    """Reduce to the strongest tags of the taste."""
    strongest = np.argsort(-taste, kind="stable")[:N_TAGS]
    strongest = strongest[taste[strongest] > 0]
    total = taste[strongest].sum() or 1.0
    return _Target((taste[strongest] / total).astype(np.float32), rows[:, strongest])


def _misfit(tags: FloatArray, shares: FloatArray) -> FloatArray:
    """Give the divergence (Kullback-Leibler) of each row of tags from the shares of a taste."""
    totals = tags.sum(axis=-1, keepdims=True)
    has = tags / np.where(totals > 0, totals, 1)
    smooth = (1 - SMOOTHING) * has + SMOOTHING * shares
    return np.asarray((shares * np.log(shares / smooth)).sum(axis=-1), dtype=np.float32)


def measure_misfit(tags: Sequence[float], taste: Sequence[float]) -> float:
    """Say how far the tags of a list are from those of a taste; 0 is the same shares."""
    target = _aim(np.array([tags], dtype=np.float32), np.array(taste, dtype=np.float32))
    return float(_misfit(target.rows, target.shares)[0]) if len(target.shares) else 0.0
