"""The mix: how much neighbours and factors add to links, chosen on listeners held out for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.candidates.factors import answer, learn_factors
from harmonyhub.recommender.candidates.item_to_item import learn_neighbours
from harmonyhub.recommender.candidates.links import learn_links
from harmonyhub.recommender.co_plays import tabulate
from harmonyhub.recommender.interactions import FloatArray
from harmonyhub.recommender.metrics import find_gains, find_ideals
from harmonyhub.recommender.splits import MIN_ITEMS, hide
from harmonyhub.recommender.stages import INLINE, Engine

HELD_OUT_SHARE = 0.1
MAX_HELD_OUT = 1_000
MAX_WANTED = 5_000  # samples bound the cost, whatever the catalogue
MAX_RIVALS = 10_000  # 5,000 of 16,000 blurred who stands first: on kgat 0.388 instead of 0.394
RIDGES = (1.5, 8.0)
# Against the spread of the scores so far: 1 makes both parts equally loud.
NEAR = (0.0, 0.15, 0.3, 0.6, 1.2)
FACTORS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights beside links, whose own weight is 1; of what each model says by itself, unscaled."""

    ridge: float
    near: float
    factors: float


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """What held-out listeners hid, among the tracks that are scored for them.

    Attributes
    ----------
    given, hidden : csr_matrix, shape (users, scored tracks)
    is_rival : bool array
        Which tracks are the sample that hidden ones are ranked against.
    stretch : float
        Tracks of the catalogue for each rival, 1 or more.
    """

    given: sparse.csr_matrix
    hidden: sparse.csr_matrix
    is_rival: NDArray[np.bool_]
    stretch: float

    def judge(self, scores: FloatArray) -> NDArray[np.float64]:
        """Return the NDCG@100 of each listener of whom a scored track was hidden."""
        if self.hidden.nnz == 0:
            return np.zeros(0)
        ranked = scores.copy()
        given = self.given.tocoo()
        ranked[given.row, given.col] = -np.inf
        rows = np.repeat(np.arange(len(ranked)), np.diff(self.hidden.indptr))
        own = ranked[rows, self.hidden.indices]
        rivals = ranked[:, self.is_rival]
        # Ties count against: a track that nothing leads to would stand right behind all others.
        above = [np.count_nonzero(rivals[row] >= one) for row, one in zip(rows, own, strict=True)]
        # Among all tracks it stands so much deeper (Krichene and Rendle 2020); without that, what
        # ranks the first twelve hundred well would be chosen.
        depth = (np.array(above) - self.is_rival[self.hidden.indices] + 0.5) * self.stretch - 0.5
        n_hidden = np.diff(self.hidden.indptr)
        found = np.bincount(rows, weights=find_gains(depth), minlength=len(ranked))
        return np.asarray(found[n_hidden > 0] / find_ideals(n_hidden[n_hidden > 0]))


def fit_mix(
    weights: sparse.csr_matrix, votes: sparse.csr_matrix, *, seed: int, engine: Engine = INLINE
) -> Mix:
    """Choose the mix by NDCG@100 of listeners whom this training of its own does not see.

    One weight after the other, from the most to the least that matters. Only what the trial reads
    is learned: the links to the scored tracks, and the neighbours of those that are given.

    Parameters
    ----------
    weights, votes : csr_matrix, shape (users, tracks)
    seed : int
        Draws the listeners, what they hide, and the tracks that are scored.
    """
    rng = np.random.default_rng(seed)
    able = rng.permutation(np.flatnonzero(np.diff(weights.indptr) >= MIN_ITEMS))
    held_out = np.sort(able[: min(round(len(able) * HELD_OUT_SHARE), MAX_HELD_OUT)])
    rest = np.setdiff1d(np.arange(weights.shape[0]), held_out)
    given, hidden = hide(weights[held_out], rng)
    known = tabulate(votes[rest])
    heard = np.flatnonzero(known.mass > 0)
    rivals = rng.permutation(heard)[:MAX_RIVALS]
    wanted = rng.permutation(np.intersect1d(hidden.indices, heard))[:MAX_WANTED]
    targets = np.union1d(rivals, wanted).astype(np.int32)
    trial = _Trial(
        given[:, targets],
        hidden[:, targets],
        is_rival=np.isin(targets, rivals),
        stretch=len(heard) / max(len(rivals), 1),
    )

    links = learn_links(known, targets=targets, ridges=RIDGES, engine=engine)
    answers = [np.asarray((given @ one.T).toarray()) for one in links]
    chosen = _choose([trial.judge(one) for one in answers])
    ridge, sums = RIDGES[chosen], answers[chosen]
    sources = np.unique(given.indices).astype(np.int32)
    neighbours = learn_neighbours(known, sources, engine=engine)[:, targets]
    more = (given[:, sources] @ neighbours).toarray()
    near, sums = _add(sums, more, offers=NEAR, trial=trial)
    more = answer(given, learn_factors(weights[rest], seed=seed), targets)
    factors, _ = _add(sums, more, offers=FACTORS, trial=trial)
    return Mix(ridge, near=near, factors=factors)


def _add(
    sums: FloatArray, more: FloatArray, *, offers: Sequence[float], trial: _Trial
) -> tuple[float, FloatArray]:
    """Add more scores by the best of the offered weights, or not at all if it gains too little.

    A gain within its standard error is chance: what it adds costs time and room for nothing.
    """
    unit = _spread(sums) / max(_spread(more), 1e-9)
    best = offers[_choose([trial.judge(sums + offer * unit * more) for offer in offers])]
    return best * unit, sums + np.float32(best * unit) * more


def _choose(judged: Sequence[NDArray[np.float64]]) -> int:
    """Choose the best of some offers, or the first where its gain is within its standard error."""
    best = max(range(len(judged)), key=lambda number: judged[number].sum())
    gains = judged[best] - judged[0]
    return best if gains.sum() > np.sqrt(np.square(gains).sum()) else 0


def _spread(scores: FloatArray) -> float:
    return float(scores.std(axis=1).mean())
