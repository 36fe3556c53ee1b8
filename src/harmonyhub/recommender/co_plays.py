"""Who plays what together: the votes of the listeners, and the product over all pairs of tracks."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.interactions import FloatArray

CoPlays = tuple[int, sparse.csr_matrix]  # the first track, and that and the next tracks x all

PAIR_BUDGET = 600_000_000  # multiply-adds of one training: about ten seconds on one core
BLOCK_PAIRS = 4_000_000  # at most this many products at once: under 100 MB
LISTENER_DAMPING = 0.5  # a listener of 400 tracks says a quarter as much per pair as one of 25
MIN_CAP = 50
GRAM_ENTRIES = 30_000_000  # of all pairs: 240 MB
MIN_ROW = 300  # rows cut to 100 lost 5 % of NDCG on hetrec: what is cut counts as never together


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


def multiply(votes: sparse.csr_matrix) -> Iterator[CoPlays]:
    """Multiply the votes out, some tracks at a time; the diagonal is there too."""
    by_track = votes.T.tocsr()
    for start, stop in _blocks(by_track, votes):
        yield start, (by_track[start:stop] @ votes).tocsr()


@dataclass(frozen=True, slots=True, eq=False)
class Gram:
    """Co-plays of all pairs of tracks, held at once: the diagonal is `mass`."""

    mass: FloatArray
    together: sparse.csr_matrix

    def blocks(self) -> Iterator[CoPlays]:
        """Give what `multiply` gives, without the diagonal and what was cut."""
        bins = self.together.indptr[:-1] // BLOCK_PAIRS
        edges = [0, *(np.flatnonzero(np.diff(bins)) + 1).tolist(), len(self.mass)]
        for start, stop in pairwise(edges):
            if stop > start:
                yield start, self.together[start:stop]


def hold_together(votes: sparse.csr_matrix) -> Gram:
    """Keep the products; of tracks that are played with very many others the nearest stay."""
    mass = weigh_tracks(votes)
    n_tracks = len(mass)
    longest = max(GRAM_ENTRIES // max(n_tracks, 1), MIN_ROW)
    size = np.sqrt(np.maximum(mass, np.float32(1e-9)))
    blocks = [no_entries((0, n_tracks))]
    for start, block in multiply(votes):
        rows = np.repeat(np.arange(start, start + block.shape[0]), np.diff(block.indptr))
        block.data[rows == block.indices] = 0
        _cut(block, longest, size[rows] * size[block.indices])
        blocks.append(block)
    return Gram(mass, sparse.vstack(blocks, format="csr", dtype=np.float32))


def _cut(block: sparse.csr_matrix, n_kept: int, sizes: FloatArray) -> None:
    """Drop zeros, and all but the entries of each row that are largest against their size."""
    together, block.data = block.data, block.data / sizes
    is_kept = mark_strongest(block, n_kept)
    block.data = np.where(is_kept, together, np.float32(0))
    block.eliminate_zeros()
    block.sort_indices()


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


def _blocks(by_track: sparse.csr_matrix, votes: sparse.csr_matrix) -> list[tuple[int, int]]:
    """Cut the tracks into runs of about equal work."""
    lengths = np.diff(votes.indptr).astype(np.float64)
    work = np.add.reduceat(
        np.append(lengths[by_track.indices], 0.0), np.minimum(by_track.indptr[:-1], by_track.nnz)
    )
    work[np.diff(by_track.indptr) == 0] = 0
    bins = (np.cumsum(work) // BLOCK_PAIRS).astype(np.int64)
    edges = [0, *(np.flatnonzero(np.diff(bins)) + 1).tolist(), by_track.shape[0]]
    return [(start, stop) for start, stop in pairwise(edges) if stop > start]


def keep_strongest(block: sparse.csr_matrix, n_kept: int) -> None:
    """Drop all but the strongest entries of each row, and what is not over 0."""
    block.data[~mark_strongest(block, n_kept)] = 0
    block.eliminate_zeros()
    block.sort_indices()


def mark_strongest(block: sparse.csr_matrix, n_kept: int) -> NDArray[np.bool_]:
    """Mark the strongest entries over 0 of each row; of equal ones the first tracks."""
    keep = np.asarray(block.data > 0)
    for row in np.flatnonzero(np.diff(block.indptr) > n_kept).tolist():
        start, stop = block.indptr[row], block.indptr[row + 1]
        values = block.data[start:stop]
        limit = np.partition(values, -n_kept)[-n_kept]
        is_strong = values >= limit
        n_over = np.count_nonzero(is_strong) - n_kept
        if n_over:
            ties = np.flatnonzero(values == limit)
            is_strong[ties[np.argsort(block.indices[start:stop][ties])[-n_over:]]] = False
        keep[start:stop] &= is_strong
    return keep


def scale_to_one(neighbours: sparse.csr_matrix) -> sparse.csr_matrix:
    """Scale a matrix, in place, so that the strongest entry of a row is 1 on average."""
    peaks = neighbours.max(axis=1).toarray().ravel()
    if (peaks > 0).any():
        neighbours.data /= np.float32(peaks[peaks > 0].mean())
    return neighbours
