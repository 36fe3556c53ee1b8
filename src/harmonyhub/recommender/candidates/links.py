"""Links between tracks: which few played tracks tell best that a track is played too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.co_plays import VoteTable, mark_strongest
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.stages import INLINE, Engine

N_SOURCES = 30  # 50: +0.8 % NDCG on hetrec, -0.6 % on kgat (validation, both noise), twice the CPU
PRIOR_SHARE = 5.0  # of a mean vote: one shared listener does not make a source
RIDGE_POWER = 0.25  # well-known tracks are held back a little more
# Where histories are short, hardly one of thirty is in them: nowplaying, validation, +2 % NDCG.
MANY_SOURCES = 100
CHUNK_CELLS = 90_000_000  # of systems that are held at once: 360 MB
BATCH_CELLS = 2_000_000  # of systems that are solved at once: 8 MB, which stay in the cache
MAX_ROUNDS = 30
TINY = 1e-30
TOLERANCE = 1e-3  # of what is asked for; with exact weights kgat came to the same NDCG, 0.394


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """The sources of some targets, ordered by target.

    Attributes
    ----------
    indptr : array, shape (targets + 1,)
        Where the sources of each target begin.
    tracks : int32 array
    shared : float32 array
        What each source and its target have together.
    """

    indptr: NDArray[np.int64]
    tracks: IntArray
    shared: FloatArray

    def part(self, start: int, stop: int) -> "Sources":
        """Return the sources of some of the targets."""
        inside = slice(self.indptr[start], self.indptr[stop])
        indptr = self.indptr[start : stop + 1] - self.indptr[start]
        return Sources(indptr, self.tracks[inside], self.shared[inside])


class Regressions:
    """For each target a ridge regression over the few tracks it is played together with most.

    At most thirty or a hundred sources per target. What they have together is looked up in the
    product of all votes, made once more for as many targets as are held at once, so that cost
    grows with that product and the number of targets. Negative weights are dropped: with them NDCG
    was at most 1 % higher, and a reason could not be a positive part of a score.

    References
    ----------
    Ning and Karypis 2011, "SLIM: sparse linear methods for top-n recommender systems"; the sources
    are chosen beforehand as in their fsSLIM, and the problem is Steck's (2019, "Embarrassingly
    shallow autoencoders") on those.
    """

    def __init__(self, mass: FloatArray, n_sources: int = N_SOURCES) -> None:
        self._mass, self._n_sources = mass, n_sources
        heard = mass[mass > 0]
        self._unit = float(heard.mean()) if len(heard) else 1.0

    def choose_sources(self, targets: IntArray, together: sparse.csr_matrix) -> Sources:
        """Find the nearest tracks of each target.

        Parameters
        ----------
        together : csr_matrix, shape (targets, tracks)
            Of `VoteTable.multiply`.
        """
        rows = np.repeat(np.arange(len(targets), dtype=np.int32), np.diff(together.indptr))
        size = np.sqrt(self._mass)
        sizes = size[together.indices] * size[targets[rows]]
        near = together.data / (sizes + np.float32(PRIOR_SHARE * self._unit))
        near[together.indices == targets[rows]] = 0
        shape = together.shape
        nearness = sparse.csr_matrix((near, together.indices, together.indptr), shape=shape)
        entries = np.flatnonzero(mark_strongest(nearness, self._n_sources))
        indptr = np.searchsorted(rows[entries], np.arange(len(targets) + 1))
        return Sources(indptr, together.indices[entries], together.data[entries])

    def weigh_down(self, sources: IntArray, ridge: float) -> FloatArray:
        """Return the diagonal for some sources; a ridge of more mean votes holds all back."""
        mass = self._mass[sources]
        popular = np.maximum(mass, self._unit * 1e-3) / self._unit
        return np.asarray(mass + ridge * self._unit * popular**RIDGE_POWER, dtype=np.float32)


class _Systems:
    """One system per target, padded to the most sources; what is padded solves to 0."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        lengths = np.diff(sources.indptr)
        self.number = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        self.slot = (np.arange(len(self.number)) - sources.indptr[self.number]).astype(np.int32)
        width = int(lengths.max(initial=0))
        self.values = np.zeros((len(lengths), width, width), dtype=np.float32)

    def solve(self, diagonal: FloatArray) -> FloatArray:
        """Return one weight per source, 0 or more."""
        n_targets, width, _ = self.values.shape
        n_at_once = max(BATCH_CELLS // max(width, 1) ** 2, 1)
        padded = np.arange(width)
        self.values[:, padded, padded] = 1
        self.values[self.number, self.slot, self.slot] = diagonal
        wanted = np.zeros((n_targets, width), dtype=np.float32)
        wanted[self.number, self.slot] = self.sources.shared
        for start in range(0, n_targets, n_at_once):
            batch = slice(start, start + n_at_once)
            wanted[batch] = _solve(self.values[batch], wanted[batch])
        weights = np.maximum(wanted[self.number, self.slot], 0)
        return np.asarray(weights, dtype=np.float32)

    def fill(self, table: VoteTable, engine: Engine) -> None:
        """Look up what the sources of each target have together."""
        order = np.argsort(self.sources.tracks, kind="stable")
        ordered = self.sources.tracks[order]
        wanted = np.full(self.values.shape[:2], len(table.mass), dtype=np.int32)
        wanted[self.number, self.slot] = self.sources.tracks
        shared = _Lookup(table, ordered, self.number[order], wanted)
        begin = 0
        for found in engine.map(_look_up, table.blocks(np.unique(ordered)), shared=shared):
            some = order[begin : begin + len(found)]
            self.values[self.number[some], self.slot[some]] = found
            begin += len(found)


def _solve(systems: FloatArray, wanted: FloatArray) -> FloatArray:
    """Solve positive definite systems by conjugate gradients, each divided by its diagonal.

    The ridge makes the diagonal strong: six rounds do, in a third of the time of a factorization.
    """
    diagonal = np.einsum("tss->ts", systems)
    goal = np.float32(TOLERANCE) * np.sqrt((wanted * wanted / diagonal).sum(axis=1, keepdims=True))
    weights: FloatArray = np.zeros_like(wanted)
    left, step, before = wanted, np.zeros_like(wanted), np.ones_like(goal)
    for _ in range(MAX_ROUNDS):
        eased = left / diagonal
        now = (left * eased).sum(axis=1, keepdims=True)
        is_open = np.sqrt(now) > goal
        if not is_open.any():
            break
        step = eased + now / before * step
        moved = (systems @ step[:, :, None])[:, :, 0]
        # A solved one stays as it is: its weights must not depend on who is solved beside it.
        length = is_open * now / np.maximum((step * moved).sum(axis=1, keepdims=True), TINY)
        weights += length * step
        left = left - length * moved
        before = np.maximum(now, TINY)
    return weights


@dataclass(frozen=True, slots=True, eq=False)
class _Lookup:
    """Which entries of the product are wanted.

    Attributes
    ----------
    ordered, number : int32 array
        Each source, in the order of tracks, and the number of its target.
    wanted : int32 array, shape (targets, most sources)
        The sources of each target, padded with one behind the last track.
    """

    table: VoteTable
    ordered: IntArray
    number: IntArray
    wanted: IntArray


def _look_up(shared: _Lookup, tracks: IntArray) -> FloatArray:
    """Give what each of some sources has together with all sources of its target."""
    together = shared.table.multiply(tracks)
    begins = np.searchsorted(shared.ordered, tracks).tolist()
    ends = np.searchsorted(shared.ordered, tracks, "right").tolist()
    if not begins:
        return np.zeros((0, shared.wanted.shape[1]), dtype=np.float32)
    first = begins[0]
    found = np.zeros((ends[-1] - first, shared.wanted.shape[1]), dtype=np.float32)
    whole = np.zeros(len(shared.table.mass) + 1, dtype=np.float32)
    for row, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        entries = slice(together.indptr[row], together.indptr[row + 1])
        whole[together.indices[entries]] = together.data[entries]
        found[begin - first : end - first] = whole[shared.wanted[shared.number[begin:end]]]
        whole[together.indices[entries]] = 0
    return found


def solve_links(
    chosen: Iterable[Sources],
    table: VoteTable,
    *,
    ridges: Sequence[float],
    engine: Engine = INLINE,
) -> list[sparse.csr_matrix]:
    """Weigh the chosen sources of some targets, which stand in order, for each ridge.

    Returns
    -------
    list of csr_matrix, shape (targets, tracks), float32
        Row t holds what each played track says of target t.
    """
    sources, regressions = _join(chosen), Regressions(table.mass)
    n_targets, weights = len(sources.indptr) - 1, [[np.zeros(0, np.float32)] for _ in ridges]
    width = int(np.diff(sources.indptr).max(initial=1))
    n_at_once = max(CHUNK_CELLS // max(width, 1) ** 2, 1)
    for start in range(0, n_targets, n_at_once):
        systems = _Systems(sources.part(start, min(start + n_at_once, n_targets)))
        systems.fill(table, engine)
        for ridge, found in zip(ridges, weights, strict=True):
            found.append(systems.solve(regressions.weigh_down(systems.sources.tracks, ridge)))
    shape = (n_targets, len(table.mass))
    return [
        sparse.csr_matrix((np.concatenate(found), sources.tracks, sources.indptr), shape=shape)
        for found in weights
    ]


def _join(parts: Iterable[Sources]) -> Sources:
    all_parts = list(parts)
    lengths = np.concatenate([np.diff(part.indptr) for part in all_parts])
    return Sources(
        indptr=np.append(0, np.cumsum(lengths)),
        tracks=np.concatenate([part.tracks for part in all_parts]),
        shared=np.concatenate([part.shared for part in all_parts]),
    )


def learn_links(
    table: VoteTable,
    *,
    ridges: Sequence[float],
    n_sources: int = N_SOURCES,
    targets: IntArray | None = None,
    engine: Engine = INLINE,
) -> list[sparse.csr_matrix]:
    """Learn the links to all or some targets, in their order, for each ridge."""
    shared = _Shared(table, Regressions(table.mass, n_sources))
    chosen = engine.map(_choose_block, table.blocks(targets), shared=shared)
    return solve_links(chosen, table, ridges=ridges, engine=engine)


@dataclass(frozen=True, slots=True, eq=False)
class _Shared:
    """What all blocks of targets read."""

    table: VoteTable
    regressions: Regressions


def _choose_block(shared: _Shared, targets: IntArray) -> Sources:
    return shared.regressions.choose_sources(targets, shared.table.multiply(targets))
