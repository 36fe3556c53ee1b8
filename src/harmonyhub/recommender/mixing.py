"""The mix: how much neighbours and factors add to links, chosen on listeners held out for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from harmonyhub.recommender.candidates.factors import answer, learn_factors
from harmonyhub.recommender.candidates.item_to_item import learn_neighbours
from harmonyhub.recommender.candidates.links import learn_links
from harmonyhub.recommender.co_plays import cast_votes, hold_together
from harmonyhub.recommender.interactions import FloatArray
from harmonyhub.recommender.splits import MIN_ITEMS, hide

HELD_OUT_SHARE = 0.1
MAX_HELD_OUT = 1_000
MAX_TARGETS = 5_000  # tracks that are ranked: a sample bounds the cost, whatever the catalogue
DEPTH = 100
RIDGES = (1.5, 8.0)
# Against the spread of the scores so far: 1 makes both parts equally loud.
NEAR = (0.0, 0.15, 0.3, 0.6, 1.2)
FACTORS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights beside links, whose own weight is 1."""

    ridge: float
    near: float
    factors: float


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """What held-out listeners hid, among the tracks that are ranked."""

    given: sparse.csr_matrix
    hidden: sparse.csr_matrix

    def judge(self, scores: FloatArray) -> float:
        """Return the mean NDCG@100 over the listeners; 0 where no ranked track was hidden."""
        if self.hidden.nnz == 0:
            return 0.0
        ranked = scores.copy()
        given = self.given.tocoo()
        ranked[given.row, given.col] = -np.inf
        rows = np.repeat(np.arange(len(ranked)), np.diff(self.hidden.indptr))
        own = ranked[rows, self.hidden.indices]
        # Ties count against: a track that nothing leads to would stand right behind all others.
        above = np.array(
            [np.count_nonzero(ranked[row] >= one) - 1 for row, one in zip(rows, own, strict=True)]
        )
        gains = np.where(above < DEPTH, 1 / np.log2(above + 2), 0)
        n_hidden = np.diff(self.hidden.indptr)
        ideal = np.cumsum(1 / np.log2(np.arange(2, DEPTH + 2)))
        found = np.bincount(rows, weights=gains, minlength=len(ranked))[n_hidden > 0]
        return float((found / ideal[np.minimum(n_hidden[n_hidden > 0], DEPTH) - 1]).mean())


def fit_mix(weights: sparse.csr_matrix, *, seed: int) -> Mix:
    """Choose the mix by NDCG@100 of listeners whom this training of its own does not see.

    One weight after the other, from the most to the least that matters.

    Parameters
    ----------
    weights : csr_matrix, shape (users, tracks)
    seed : int
        Draws the listeners, what they hide, and the tracks that are ranked.
    """
    rng = np.random.default_rng(seed)
    able = rng.permutation(np.flatnonzero(np.diff(weights.indptr) >= MIN_ITEMS))
    n_held_out = min(round(len(able) * HELD_OUT_SHARE), MAX_HELD_OUT)
    held_out = np.sort(able[:n_held_out])
    rest = weights[np.setdiff1d(np.arange(weights.shape[0]), held_out)]
    given, hidden = hide(weights[held_out], rng)
    gram = hold_together(cast_votes(rest, seed=seed))
    targets = rng.permutation(np.flatnonzero(gram.mass > 0))[:MAX_TARGETS]
    targets = np.sort(targets).astype(np.int32)
    trial = _Trial(given[:, targets], hidden[:, targets])

    links = {
        ridge: np.asarray((given @ learn_links(gram, targets, ridge=ridge))[:, targets].toarray())
        for ridge in RIDGES
    }
    ridge = max(RIDGES, key=lambda one: trial.judge(links[one]))
    sums = links[ridge]
    neighbours = learn_neighbours(gram.blocks(), gram.mass, on_block=lambda _: None)
    near, sums = _add(sums, (given @ neighbours[:, targets]).toarray(), offers=NEAR, trial=trial)
    answers = answer(given, learn_factors(rest, seed=seed), targets)
    factors, _ = _add(sums, answers, offers=FACTORS, trial=trial)
    return Mix(ridge, near=near, factors=factors)


def _add(
    sums: FloatArray, more: FloatArray, *, offers: Sequence[float], trial: _Trial
) -> tuple[float, FloatArray]:
    """Add more scores by the best of the offered weights; of equally good ones the first."""
    unit = _spread(sums) / max(_spread(more), 1e-9)
    weight = unit * max(offers, key=lambda offer: trial.judge(sums + offer * unit * more))
    return weight, sums + np.float32(weight) * more


def _spread(scores: FloatArray) -> float:
    return float(scores.std(axis=1).mean())
