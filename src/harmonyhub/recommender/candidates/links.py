"""Links between tracks: which few played tracks tell best that a track is played too."""

from collections.abc import Iterator, Sequence
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
BATCH_VOTES = 1_000_000  # of the sources of targets that are solved together: 30 MB
BATCH_USERS = 8_000_000  # targets x listeners: 32 MB of row starts


class Regressions:
    """For each target a ridge regression over the few tracks it is played together with most.

    At most thirty sources per target, so cost and memory grow with the number of targets and the
    votes of their sources, whatever the size of the catalogue. Negative weights are dropped: with
    them NDCG was at most 1 % higher, and a reason could not be a positive part of a score.

    References
    ----------
    Ning and Karypis 2011, "SLIM: sparse linear methods for top-n recommender systems"; the sources
    are chosen beforehand as in their fsSLIM, and the problem is Steck's (2019, "Embarrassingly
    shallow autoencoders") on those.
    """

    def __init__(self, table: VoteTable) -> None:
        self._by_track = table.by_track
        self._mass = table.mass
        heard = self._mass[self._mass > 0]
        self._unit = float(heard.mean()) if len(heard) else 1.0

    def solve(
        self, targets: IntArray, together: sparse.csr_matrix, *, ridges: Sequence[float]
    ) -> list[sparse.csr_matrix]:
        """Return the weights of all tracks for some targets, one matrix per ridge.

        Parameters
        ----------
        together : csr_matrix, shape (targets, tracks)
            Of `VoteTable.multiply`.
        ridges : sequence of float
            In mean votes; more holds all weights back.
        """
        rows, entries = self._choose_sources(targets, together)
        sources, shared = together.indices[entries], together.data[entries]
        found: list[list[FloatArray]] = [[np.zeros(0, np.float32)] for _ in ridges]
        for start, stop in self._batches(rows, sources):
            batch = _Batch(rows[start:stop], self._by_track[sources[start:stop]])
            for ridge, weights in zip(ridges, found, strict=True):
                diagonal = self._diagonal(sources[start:stop], ridge)
                weights.append(batch.solve(diagonal, shared[start:stop]))
        indptr = np.searchsorted(rows, np.arange(len(targets) + 1))
        return [
            sparse.csr_matrix((np.concatenate(weights), sources, indptr), shape=together.shape)
            for weights in found
        ]

    def _choose_sources(
        self, targets: IntArray, together: sparse.csr_matrix
    ) -> tuple[IntArray, NDArray[np.int64]]:
        """Find the entries of the nearest tracks of each target, ordered by target."""
        rows = np.repeat(np.arange(len(targets), dtype=np.int32), np.diff(together.indptr))
        size = np.sqrt(self._mass)
        sizes = size[together.indices] * size[targets[rows]]
        near = together.data / (sizes + np.float32(PRIOR_SHARE * self._unit))
        near[together.indices == targets[rows]] = 0
        shape = together.shape
        nearness = sparse.csr_matrix((near, together.indices, together.indptr), shape=shape)
        entries = np.flatnonzero(mark_strongest(nearness, N_SOURCES))
        return rows[entries], entries

    def _diagonal(self, sources: IntArray, ridge: float) -> FloatArray:
        mass = self._mass[sources]
        popular = np.maximum(mass, self._unit * 1e-3) / self._unit
        return np.asarray(mass + ridge * self._unit * popular**RIDGE_POWER, dtype=np.float32)

    def _batches(self, rows: IntArray, sources: IntArray) -> Iterator[tuple[int, int]]:
        """Cut the sources between targets into runs of bounded work."""
        n_users = self._by_track.shape[1]
        n_targets = max(BATCH_USERS // max(n_users, 1), 1)
        votes = np.cumsum(np.diff(self._by_track.indptr)[sources].astype(np.int64))
        bins = np.maximum.accumulate(votes // BATCH_VOTES)
        begins = np.flatnonzero(np.diff(rows, prepend=-1))
        start, first = 0, 0
        for number, begin in enumerate(begins.tolist()):
            if number - first >= n_targets or (begin > start and bins[begin] > bins[start]):
                yield start, begin
                start, first = begin, number
        if len(rows) > start:
            yield start, len(rows)


class _Batch:
    """The systems of some targets, padded to the longest; what is padded solves to 0."""

    def __init__(self, rows: IntArray, votes: sparse.csr_matrix) -> None:
        is_first = np.diff(rows, prepend=-1) > 0
        begins = np.flatnonzero(is_first)
        self._number = np.cumsum(is_first) - 1
        self._slot = np.arange(len(rows)) - begins[self._number]
        self._shape = (len(begins), int(self._slot.max()) + 1)
        self._systems = np.zeros((*self._shape, self._shape[1]), dtype=np.float32)
        self._fill(votes)

    def solve(self, diagonal: FloatArray, shared: FloatArray) -> FloatArray:
        """Return one weight per source, 0 or more."""
        numbers, slots = self._number, self._slot
        padded = np.arange(self._shape[1])
        self._systems[:, padded, padded] = 1
        self._systems[numbers, slots, slots] = diagonal
        wanted = np.zeros((*self._shape, 1), dtype=np.float32)
        wanted[numbers, slots, 0] = shared
        solved = np.linalg.solve(self._systems, wanted)[numbers, slots, 0]
        return np.asarray(np.maximum(solved, 0), dtype=np.float32)

    def _fill(self, votes: sparse.csr_matrix) -> None:
        """Multiply the votes of the sources of each target with each other, all targets at once."""
        n_users = votes.shape[1]
        of_target = np.repeat(self._number * n_users, np.diff(votes.indptr))
        apart = sparse.csr_matrix(
            (votes.data, (votes.indices + of_target).astype(np.int32), votes.indptr),
            shape=(votes.shape[0], self._shape[0] * n_users),
        )
        pairs = (apart @ apart.T.tocsr()).tocsr()
        of_row = np.repeat(np.arange(votes.shape[0]), np.diff(pairs.indptr))
        number, slot = self._number[of_row], self._slot[of_row]
        self._systems[number, slot, self._slot[pairs.indices]] = pairs.data


@dataclass(frozen=True, slots=True, eq=False)
class _Shared:
    """What all blocks of targets read."""

    table: VoteTable
    regressions: Regressions
    ridges: tuple[float, ...]


def learn_links(
    table: VoteTable,
    *,
    ridges: Sequence[float],
    targets: IntArray | None = None,
    engine: Engine = INLINE,
) -> list[sparse.csr_matrix]:
    """Learn the links to all or some targets, in their order, for each ridge.

    Returns
    -------
    list of csr_matrix, shape (targets, tracks), float32
        Row t holds what each played track says of target t.
    """
    shared = _Shared(table, Regressions(table), tuple(ridges))
    solved = engine.map(_solve_block, table.blocks(targets), shared=shared)
    parts = zip(*solved, strict=True)
    return [sparse.csr_matrix(sparse.vstack(part, format="csr")) for part in parts]


def _solve_block(shared: _Shared, targets: IntArray) -> list[sparse.csr_matrix]:
    together = shared.table.multiply(targets)
    return shared.regressions.solve(targets, together, ridges=shared.ridges)
