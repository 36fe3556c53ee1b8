"""The mix: how much neighbours, factors and artists add to links, chosen on held-out listeners."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.candidates.factors import answer, learn_factors
from harmonyhub.recommender.candidates.item_to_item import learn_neighbours
from harmonyhub.recommender.candidates.links import MANY_SOURCES, N_SOURCES, learn_links
from harmonyhub.recommender.co_plays import VoteTable, tabulate
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.metrics import DEPTH, find_gains, find_ideals
from harmonyhub.recommender.splits import MIN_ITEMS, hide
from harmonyhub.recommender.stages import INLINE, Engine

HELD_OUT_SHARE = 0.1
MAX_HELD_OUT = 1_000
MAX_WANTED = 5_000  # samples bound the cost, whatever the catalogue
MAX_RIVALS = 20_000  # 10,000 of 16,000 blurred who stands first: on kgat 0.392 instead of 0.394
RIDGES = (1.5, 8.0)
BAR_GROUPS = 1024  # of rivals: a hundred must be the best of theirs, and all that is given
BLUR = 0.125  # of a step of the sample: so NDCG is that among all tracks (nowplaying, 0.25)
PATIENCE = 2  # more of it was worse so often in a row: so is what is louder still
CAPPINGS = 10  # rounds in which what is over certain goes to the others; five do on a long tail
# Mean length up to which more sources are tried: nowplaying has 7 tracks and gains, kgat has 18 and
# hetrec 49, which gain nothing from them (validation).
SHORT = 12
# Against the spread of the scores so far: 1 makes both parts equally loud.
NEAR = (0.0, 0.15, 0.3, 0.6, 1.2)
FACTORS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
# Factors say too much of what everybody plays: hetrec takes 0.2, kgat and nowplaying nothing.
DAMPINGS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25)
ARTISTS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # some at least: where nothing else leads, they do


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights beside links, whose own weight is 1; of what each model says by itself, unscaled.

    `damping` is the power of how much a track is played by which all that is said of it is divided,
    `artists` is the weight of more by the artists that are played, None where it was not tried, and
    `level` how loud all of it is together: what the best new track gets on average.
    """

    ridge: float
    near: float
    factors: float
    n_sources: int = N_SOURCES
    damping: float = 0.0
    artists: float | None = None
    level: float = 0.0


@dataclass(frozen=True, eq=False)
class _Trial:
    """What held-out listeners hid, among the tracks that are scored for them.

    Attributes
    ----------
    given, hidden : csr_matrix, shape (users, scored tracks)
    worth : float array
        How many tracks of the catalogue each scored one stands for; 0 where it is no rival, one of
        the sample that hidden tracks are ranked against. Rivals come first.
    stretch : float
        What a track of a list is worth on average, 1 or more.
    """

    given: sparse.csr_matrix
    hidden: sparse.csr_matrix
    worth: NDArray[np.float64]
    stretch: float

    @cached_property
    def n_rivals(self) -> int:
        """Scored tracks that hidden ones are ranked against."""
        return int(np.count_nonzero(self.worth))

    def judge(self, scores: FloatArray) -> NDArray[np.float64]:
        """Return the NDCG@100 of each listener of whom a scored track was hidden."""
        if self.hidden.nnz == 0:
            return np.zeros(0)
        n_hidden = np.diff(self.hidden.indptr)
        rows, columns = np.repeat(np.arange(len(scores)), n_hidden), self.hidden.indices
        own = scores[rows, columns]
        depth = np.full(len(rows), float(DEPTH))
        for place in np.flatnonzero(own >= self._bars(scores)[rows]).tolist():
            depth[place] = self._count_above(scores[rows[place]], rows[place], own[place])
        # Among all tracks it stands so much deeper (Krichene and Rendle 2020); without that, what
        # ranks the first twelve hundred well would be chosen.
        depth += BLUR * (self.stretch - 1) - self.worth[columns] * (depth < DEPTH)
        found = np.bincount(rows, weights=find_gains(depth), minlength=len(scores))
        return np.asarray(found[n_hidden > 0] / find_ideals(n_hidden[n_hidden > 0]))

    def _count_above(self, scores: FloatArray, row: int, least: np.float32) -> float:
        """Count the rivals that are not given; ties too, as nothing leads to many."""
        given = self.given.indices[self.given.indptr[row] : self.given.indptr[row + 1]]
        above = self.worth[: self.n_rivals][scores[: self.n_rivals] >= least].sum()
        return float(above - self.worth[given[scores[given] >= least]].sum())

    def _bars(self, scores: FloatArray) -> FloatArray:
        """Give each listener a score that 100 rivals have which are not given, or more do.

        Each of the best values of many groups is that of another rival.
        """
        depth = self.n_rivals // BAR_GROUPS
        if depth < 2:
            return np.full(len(scores), -np.inf, np.float32)
        groups = scores[:, : depth * BAR_GROUPS].reshape(len(scores), depth, BAR_GROUPS)
        best = np.sort(groups.max(axis=1), axis=1)
        needed = DEPTH + 1 + np.diff(self.given.indptr)
        bars = best[np.arange(len(scores)), -np.minimum(needed, BAR_GROUPS)]
        return np.where(needed <= BAR_GROUPS, bars, np.float32(-np.inf))

    def level(self, scores: FloatArray) -> float:
        """Return what the best track that is not given gets, on average over the listeners."""
        ranked = scores.copy()
        ranked[self.given.nonzero()] = 0
        return float(ranked.max(axis=1, initial=0).mean()) if len(ranked) else 0.0


def fit_mix(
    weights: sparse.csr_matrix,
    votes: sparse.csr_matrix,
    *,
    artists: sparse.csr_matrix,
    seed: int,
    engine: Engine = INLINE,
) -> Mix:
    """Choose the mix by NDCG@100 of listeners whom this training of its own does not see.

    One weight after the other, from the most to the least that matters. Only what the trial reads
    is learned: the links to the scored tracks, and the neighbours of those that are given.

    Parameters
    ----------
    weights, votes : csr_matrix, shape (users, tracks)
    artists : csr_matrix, shape (tracks, artists)
        How much each track speaks for its artists; 0 where it is none of theirs.
    seed : int
        Draws the listeners, what they hide, and the tracks that are scored.
    """
    rng = np.random.default_rng(seed)
    able = rng.permutation(np.flatnonzero(np.diff(weights.indptr) >= MIN_ITEMS))
    held_out = np.sort(able[: min(round(len(able) * HELD_OUT_SHARE), MAX_HELD_OUT)])
    rest = np.setdiff1d(np.arange(weights.shape[0]), held_out)
    given, hidden = hide(weights[held_out], rng)
    known = tabulate(votes[rest])
    worth = _draw_rivals(known.mass, rng)
    wanted = rng.permutation(np.intersect1d(hidden.indices, np.flatnonzero(known.mass)))
    rivals = np.flatnonzero(worth)
    targets = np.append(rivals, np.setdiff1d(wanted[:MAX_WANTED], rivals)).astype(np.int32)
    met = worth * np.sqrt(known.mass)
    trial = _Trial(
        given[:, targets],
        hidden[:, targets],
        worth=worth[targets],
        stretch=float((met * worth).sum() / max(met.sum(), 1e-9)),
    )

    offers, links = _offer_links(known, targets, engine=engine)
    answers = [np.asarray((given @ one.T).toarray()) for one in links]
    chosen = _choose([trial.judge(one) for one in answers])
    (ridge, n_sources), sums = offers[chosen], answers[chosen]
    sources = np.unique(given.indices).astype(np.int32)
    neighbours = learn_neighbours(known, sources, engine=engine)[:, targets]
    more = (given[:, sources] @ neighbours).toarray()
    near, sums = _add(sums, more, offers=NEAR, trial=trial)
    more = answer(given, learn_factors(weights[rest], seed=seed), targets)
    factors, sums = _add(sums, more, offers=FACTORS, trial=trial)
    damping, sums = _damp(sums, known.mass, targets, trial=trial)
    mix = Mix(ridge, near=near, factors=factors, n_sources=n_sources, damping=damping)
    more = _more_by(given, artists, targets)
    if not more.any():
        return replace(mix, level=trial.level(sums))
    by_artists, sums = _add(sums, more, offers=ARTISTS, trial=trial)
    return replace(mix, artists=by_artists, level=trial.level(sums))


def _more_by(given: sparse.csr_matrix, artists: sparse.csr_matrix, targets: IntArray) -> FloatArray:
    """Score some tracks of many listeners as `OwnArtists` scores all of one; a test compares."""
    played = given @ (artists > 0).astype(np.float32)
    return np.asarray((played.log1p() @ artists[targets].T).toarray(), dtype=np.float32)


def _draw_rivals(mass: FloatArray, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw about 20,000 tracks, the more played the surer, and say what each stands for.

    Who stands first is decided among well-known tracks: with them all there, little is blurred.
    """
    if np.count_nonzero(mass) <= MAX_RIVALS:
        return (mass > 0).astype(np.float64)
    chance = np.sqrt(mass / mass.max(), dtype=np.float64)
    for _ in range(CAPPINGS):
        unsure = chance < 1
        chance[unsure] *= (MAX_RIVALS - np.count_nonzero(~unsure)) / chance[unsure].sum()
        chance = np.minimum(chance, 1)
    is_rival = rng.random(len(mass)) < chance
    return np.where(is_rival, 1 / np.maximum(chance, 1e-9), 0)


def _offer_links(
    table: VoteTable, targets: IntArray, *, engine: Engine
) -> tuple[list[tuple[float, int]], list[sparse.csr_matrix]]:
    """Learn links of each ridge, and of more sources where histories are short."""
    offers = [(ridge, N_SOURCES) for ridge in RIDGES]
    links = learn_links(table, targets=targets, ridges=RIDGES, engine=engine)
    lengths = np.diff(table.by_listener.indptr)
    if lengths[lengths > 0].mean() <= SHORT:
        offers.append((RIDGES[0], MANY_SOURCES))
        links += learn_links(
            table, targets=targets, ridges=RIDGES[:1], n_sources=MANY_SOURCES, engine=engine
        )
    return offers, links


def _add(
    sums: FloatArray, more: FloatArray, *, offers: Sequence[float], trial: _Trial
) -> tuple[float, FloatArray]:
    """Add more scores by the best of the offered weights, or not at all if it gains too little."""
    unit = _spread(sums) / max(_spread(more), 1e-9)
    tried = np.empty_like(sums)

    def add(offer: float) -> FloatArray:
        np.multiply(more, np.float32(offer * unit), out=tried)
        return np.add(tried, sums, out=tried)

    offer = _try(offers, add, trial=trial)
    return offer * unit, add(offer)


def _damp(
    sums: FloatArray, mass: FloatArray, targets: IntArray, *, trial: _Trial
) -> tuple[float, FloatArray]:
    """Divide scores by the best of the offered powers of how much their tracks are played."""
    tried = np.empty_like(sums)

    def damp(damping: float) -> FloatArray:
        return np.multiply(sums, weigh_rarity(mass, damping)[targets], out=tried)

    damping = _try(DAMPINGS, damp, trial=trial)
    return damping, damp(damping)


def _try(offers: Sequence[float], score: Callable[[float], FloatArray], *, trial: _Trial) -> float:
    """Take the best of some offers, or the first if that gains too little.

    A gain within its standard error is chance: what it adds costs time and room for nothing.
    """
    judged: list[NDArray[np.float64]] = []
    for offer in offers:
        judged.append(trial.judge(score(offer)))
        best = max(range(len(judged)), key=lambda number: judged[number].sum())
        if len(judged) - best > PATIENCE:
            break
    return offers[_choose(judged)]


def weigh_rarity(mass: FloatArray, damping: float) -> FloatArray:
    """Give what all that is said of each track is multiplied by: about 1, more for rarer ones."""
    played = mass[mass > 0]
    if not len(played):
        return np.ones(len(mass), dtype=np.float32)
    share = np.maximum(mass, played.min()) / played.mean()
    return np.asarray(share ** np.float32(-damping), dtype=np.float32)


def _choose(judged: Sequence[NDArray[np.float64]]) -> int:
    """Choose the best of some offers, or the first where its gain is within its standard error."""
    best = max(range(len(judged)), key=lambda number: judged[number].sum())
    gains = judged[best] - judged[0]
    return best if gains.sum() > np.sqrt(np.square(gains).sum()) else 0


def _spread(scores: FloatArray) -> float:
    return float(scores.std(axis=1).mean())
