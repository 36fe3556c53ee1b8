"""Factors: the few directions in which the tastes of all listeners differ most."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from harmonyhub.recommender.interactions import FloatArray, IntArray

N_FACTORS = 128  # 256 gave no more on hetrec, and costs twice as much
N_OVER = 10  # more directions than asked for, dropped at the end: Halko et al. advise 5 to 10
N_ROUNDS = 3  # of power iteration
SMALLEST = 1e-7  # against the largest: float32 tells nothing of what is under it
TINY = 1e-30
# Products up to which OpenBLAS takes no second thread: where a machine is busy, waiting for it made
# the reasons of a history of 1,000 tracks 13 ms longer.
ONE_THREAD = 250_000
RARITY_POWER = 0.2  # rare tracks count a little more; grid of 0.1 to 0.6 on hetrec, validation
LENGTH_POWER = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Where each track stands: what it says of a taste, and how a taste answers with it.

    A history with the weights w scores all tracks by `scale * (places @ (places.T @ (w / scale)))`.
    """

    places: FloatArray  # tracks x factors
    scale: FloatArray  # one per track, over 0

    @property
    def width(self) -> int:
        """Factors per track."""
        return int(self.places.shape[1])

    def add_up(self, items: IntArray, weights: FloatArray) -> FloatArray:
        """Score all tracks for one history of some tracks with their weights; any sign."""
        return self.score_all(self.place(items, weights))

    def place(self, items: IntArray, weights: FloatArray) -> FloatArray:
        """Say where a history of some tracks with their weights stands."""
        return np.asarray((weights / self.scale[items]) @ self.places[items], dtype=np.float32)

    def score_all(self, taste: FloatArray) -> FloatArray:
        """Score all tracks for a history that stands there, or for several (rows)."""
        answers: FloatArray = taste @ self.places.T
        answers *= self.scale
        return answers

    def score_some(self, taste: FloatArray, items: IntArray) -> FloatArray:
        """Score some tracks only, the same but for rounding."""
        return np.asarray((self.places[items] @ taste) * self.scale[items], dtype=np.float32)

    def between(self, items: IntArray, others: IntArray) -> FloatArray:
        """Return what a weight of 1 on each of some tracks (rows) adds to each of others."""
        to = self.places[others].T
        shares = np.empty((len(items), len(others)), dtype=np.float32)
        step = max(ONE_THREAD // max(to.size, 1), 1)
        for start in range(0, len(items), step):
            some = slice(start, start + step)
            shares[some] = self.places[items[some]] @ to
        return np.asarray(shares * (self.scale[others] / self.scale[items, None]), dtype=np.float32)


def no_factors(n_tracks: int) -> Factors:
    """Return factors that say nothing."""
    return Factors(np.zeros((n_tracks, 0), np.float32), np.ones(n_tracks, np.float32))


def learn_factors(weights: sparse.csr_matrix, *, seed: int) -> Factors:
    """Learn the factors from users x tracks weights.

    Listeners count by one over the root of the length of their history. The answer is linear in
    the history, so what each played track adds to a score is exactly known.

    References
    ----------
    Cremonesi et al. 2010, "Performance of recommender algorithms on top-n recommendation tasks"
    (PureSVD); Halko et al. 2011, "Finding structure with randomness".
    """
    n_users, n_tracks = weights.shape
    n_factors = min(N_FACTORS, min(n_users, n_tracks) // 4)
    if n_factors == 0 or weights.nnz == 0:
        return no_factors(n_tracks)
    listeners = np.bincount(weights.indices, minlength=n_tracks)
    scale = (np.maximum(listeners, 1) ** RARITY_POWER).astype(np.float32)
    damped = weights.astype(np.float32)
    lengths = np.maximum(np.diff(weights.indptr), 1)
    damped.data = damped.data * np.repeat(lengths**-LENGTH_POWER, np.diff(weights.indptr))
    damped.data = (damped.data / scale[weights.indices]).astype(np.float32)
    return Factors(_directions(damped, n_factors, seed), scale)


def damped(factors: Factors, rarity: FloatArray) -> Factors:
    """Multiply the answers of each track by its rarity, and leave what it says of others.

    Half of it goes to the place, by which both are multiplied, half to the scale, which undoes it
    for what is said.
    """
    half = np.sqrt(rarity, dtype=np.float32)
    return Factors(factors.places * half[:, None], factors.scale * half)


def scaled(factors: Factors, weight: float) -> Factors:
    """Multiply all answers by a weight.

    Places become numbers of half precision: so they are stored, and what is served is what was
    learned.
    """
    places = factors.places * np.float32(np.sqrt(weight))
    return Factors(places.astype(np.float16).astype(np.float32), factors.scale)


def answer(histories: sparse.csr_matrix, factors: Factors, targets: IntArray) -> FloatArray:
    """Score some tracks for histories (users x tracks weights); any sign, no mask."""
    tastes = (histories / factors.scale).tocsr() @ factors.places
    return np.asarray(tastes @ factors.places[targets].T * factors.scale[targets], np.float32)


def _directions(matrix: sparse.csr_matrix, n_factors: int, seed: int) -> FloatArray:
    """Find the leading right singular vectors by subspace iteration, then rotate them into order.

    Only the tracks' side is made orthogonal, by way of its small Gram matrix: on 124,000 listeners
    and 60,000 tracks QR of both sides took 27 CPU seconds, this takes four.
    """
    rng = np.random.default_rng(seed)
    width = min(n_factors + N_OVER, *matrix.shape)
    basis = rng.standard_normal((matrix.shape[1], width), dtype=np.float32)
    back = matrix.T.tocsr()
    for _ in range(N_ROUNDS):
        basis = _orthogonal(back @ (matrix @ basis))
    seen = matrix @ basis
    _, turn = np.linalg.eigh((seen.T @ seen).astype(np.float64))
    return np.ascontiguousarray((basis @ turn.astype(np.float32)[:, ::-1])[:, :n_factors])


def _orthogonal(basis: FloatArray) -> FloatArray:
    """Make the columns orthonormal; twice, as the first time leaves what float32 lost."""
    for _ in range(2):
        sizes, turn = np.linalg.eigh((basis.T @ basis).astype(np.float64))
        kept = np.maximum(sizes, sizes[-1] * SMALLEST)
        basis = basis @ (turn / np.sqrt(np.maximum(kept, TINY))).astype(np.float32)
    return basis
