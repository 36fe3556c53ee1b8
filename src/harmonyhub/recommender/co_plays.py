"""Who plays what together: the votes of the listeners, and the product over all pairs of tracks."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.interactions import FloatArray, IntArray

PAIR_BUDGET = 600_000_000  # multiply-adds of one training: about ten seconds on one core
BLOCK_PAIRS = 4_000_000  # at most this many products at once: under 100 MB
LISTENER_DAMPING = 0.5  # a listener of 400 tracks says a quarter as much per pair as one of 25
MIN_CAP = 50
PARTITION_CELLS = 2_000_000  # values that are ranked at once: 8 MB


def cast_votes(weights: sparse.csr_matrix, *, seed: int) -> sparse.csr_matrix:
    """Damp each listener's weights by the length of the history, within the budget of pairs.

    Parameters
    ----------
    weights : csr_matrix, shape (users, tracks)
    seed : int
        Chooses which tracks of very long histories vote, where all would cost too much.
    """
    return _damp(_thin(weights, seed))


def no_entries(shape: tuple[int, int]) -> sparse.csr_matrix:
    """Return an empty matrix."""
    nowhere = np.zeros(0, dtype=np.int32)
    return sparse.csr_matrix((np.zeros(0, dtype=np.float32), (nowhere, nowhere)), shape=shape)


def weigh_tracks(votes: sparse.csr_matrix) -> FloatArray:
    """Add the squared votes for each track up: what it has together with itself."""
    return np.asarray(votes.multiply(votes).sum(axis=0), dtype=np.float32).ravel()


@dataclass(frozen=True, slots=True, eq=False)
class VoteTable:
    """All votes, both ways round, and what each track has together with itself.

    Attributes
    ----------
    by_listener : csr_matrix, shape (listeners, tracks)
    by_track : csr_matrix, shape (tracks, listeners)
    mass : float32 array
        Of `weigh_tracks`.
    """

    by_listener: sparse.csr_matrix
    by_track: sparse.csr_matrix
    mass: FloatArray

    def blocks(self, tracks: IntArray | None = None) -> list[IntArray]:
        """Cut all or some tracks into runs of about equal work; at least one, if only empty."""
        if tracks is None:
            tracks = np.arange(len(self.mass), dtype=np.int32)
        edges = _cut(self.by_track[tracks], self.by_listener)
        return [tracks[start:stop] for start, stop in edges]

    def multiply(self, tracks: IntArray) -> sparse.csr_matrix:
        """Multiply the votes for some tracks with all others; the diagonal is there too."""
        return sparse.csr_matrix(self.by_track[tracks] @ self.by_listener)


def tabulate(votes: sparse.csr_matrix) -> VoteTable:
    """Arrange votes (listeners x tracks) so that they can be multiplied out block by block."""
    return VoteTable(votes, votes.T.tocsr(), weigh_tracks(votes))


def _thin(weights: sparse.csr_matrix, seed: int) -> sparse.csr_matrix:
    """Keep a seeded sample of the longest histories, so that all pairs fit the budget."""
    lengths = np.diff(weights.indptr).astype(np.int64)
    cap = int(lengths.max(initial=0))
    while cap > MIN_CAP and int((np.minimum(lengths, cap) ** 2).sum()) > PAIR_BUDGET:
        cap = int(cap * 0.9)
    if cap >= lengths.max(initial=0):
        return weights
    rng = np.random.default_rng(seed)
    keep = np.ones(weights.nnz, dtype=bool)
    for user in np.flatnonzero(lengths > cap):
        dropped = rng.choice(lengths[user], lengths[user] - cap, replace=False)
        keep[weights.indptr[user] + dropped] = False
    thinned = weights.copy()
    thinned.data[~keep] = 0
    thinned.eliminate_zeros()
    return thinned


def _damp(weights: sparse.csr_matrix) -> sparse.csr_matrix:
    """Scale each listener's row by length ** -(damping / 2): a pair holds it twice."""
    lengths = np.maximum(np.diff(weights.indptr), 1).astype(np.float32)
    damped = weights.copy()
    damped.data = weights.data * np.repeat(
        lengths ** (-LISTENER_DAMPING / 2), np.diff(weights.indptr)
    )
    return damped


def _cut(by_track: sparse.csr_matrix, votes: sparse.csr_matrix) -> list[tuple[int, int]]:
    """Cut the tracks into runs of about equal work."""
    lengths = np.diff(votes.indptr).astype(np.float64)
    summed = np.append(0.0, np.cumsum(lengths[by_track.indices]))
    work = np.diff(summed[by_track.indptr])
    bins = (np.cumsum(work) // BLOCK_PAIRS).astype(np.int64)
    edges = [0, *(np.flatnonzero(np.diff(bins)) + 1).tolist(), by_track.shape[0]]
    return [(start, stop) for start, stop in pairwise(edges) if stop > start] or [(0, 0)]


def keep_strongest(block: sparse.csr_matrix, n_kept: int) -> None:
    """Drop all but the strongest entries of each row, and what is not over 0."""
    block.data[~mark_strongest(block, n_kept)] = 0
    block.eliminate_zeros()
    block.sort_indices()


def mark_strongest(block: sparse.csr_matrix, n_kept: int) -> NDArray[np.bool_]:
    """Mark the strongest entries over 0 of each row; of equal ones the first tracks."""
    limits = _limits(block, n_kept)
    lengths = np.diff(block.indptr)
    keep: NDArray[np.bool_] = block.data > 0
    keep &= block.data >= np.repeat(limits, lengths)
    counted = np.append(0, np.cumsum(keep))
    n_over = np.diff(counted[block.indptr]) - n_kept
    for row in np.flatnonzero(n_over > 0).tolist():
        start, stop = block.indptr[row], block.indptr[row + 1]
        ties = start + np.flatnonzero(block.data[start:stop] == limits[row])
        keep[ties[np.argsort(block.indices[ties])[-n_over[row] :]]] = False
    return keep


def _limits(block: sparse.csr_matrix, n_kept: int) -> FloatArray:
    """Find the weakest value of each row that is still kept; under all where all are."""
    lengths = np.diff(block.indptr)
    limits = np.full(len(lengths), -np.inf, dtype=np.float32)
    longer = np.flatnonzero(lengths > n_kept)
    longer = longer[np.argsort(lengths[longer], kind="stable")]  # alike in length: little padding
    start = 0
    while start < len(longer):
        # As long as the next rows are, so many fit; a longer one among them makes them fewer.
        n_rows = max(PARTITION_CELLS // int(lengths[longer[start]]), 1)
        width = int(lengths[longer[start : start + n_rows][-1]])
        rows = longer[start : start + max(PARTITION_CELLS // width, 1)]
        width = int(lengths[rows[-1]])
        places = np.arange(width)[None, :]
        inside = places < lengths[rows][:, None]
        values = np.full(inside.shape, -np.inf, dtype=np.float32)
        values[inside] = block.data[(block.indptr[rows][:, None] + places)[inside]]
        limits[rows] = np.partition(values, width - n_kept, axis=1)[:, width - n_kept]
        start += len(rows)
    return limits


def peak(neighbours: sparse.csr_matrix) -> float:
    """Average the strongest entries of the rows that have one over 0; 1 if none has."""
    if neighbours.nnz == 0:
        return 1.0
    peaks = neighbours.max(axis=1).toarray().ravel()
    return float(peaks[peaks > 0].mean()) if (peaks > 0).any() else 1.0
