"""Tracks that the same listeners play: sparse neighbours learned from everyone's listens."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.terms import Term, TermKind, strongest_terms

N_NEIGHBOURS = 100  # 50,000 tracks x 100 x 8 bytes = 40 MB; 200 changed NDCG by under 1 %
PAIR_BUDGET = 600_000_000  # multiply-adds of one training: about ten seconds on one core
BLOCK_PAIRS = 4_000_000  # at most this many products at once: under 100 MB
LISTENER_DAMPING = 0.5  # a listener of 400 tracks says a quarter as much per pair as one of 25
SOURCE_POWER, TARGET_POWER = 0.7, 0.4  # best over hetrec and kgat, validation users, grid of 15
MIN_CAP = 50
N_PARTS = 4 * N_NEIGHBOURS  # more parts leave fewer entries, but are slower to search
ROUNDING = np.float32(1 - 1e-5)  # what is a tie but for rounding is looked at


class ItemToItem:
    """Term: the sum of (weight of a played track) x (its similarity to the item)."""

    def score(self, profile: Profile, index: ServingIndex) -> FloatArray:  # noqa: ARG002 - interface
        """Return the term for every track; kept with the profile, as it costs the most."""
        return profile.similar

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, the played tracks that led to it most."""
        weights = np.zeros(index.n_tracks, dtype=np.float32)
        weights[profile.items] = profile.weights
        places = np.zeros(index.n_tracks, dtype=np.int32)
        places[profile.items] = np.arange(len(profile.items), dtype=np.int32)

        similarity = index.neighbours.data
        terms: list[list[Term]] = []
        for item in items.tolist():
            sources, entries = index.entries_to(item)
            speaks = np.flatnonzero(weights[sources])
            sources = sources[speaks]
            values = weights[sources] * similarity[entries[speaks]]
            terms.append(strongest_terms(TermKind.TRACK, values, places[sources]))
        return terms


def learn_neighbours(
    weights: sparse.csr_matrix, *, seed: int, on_block: Callable[[int], None]
) -> sparse.csr_matrix:
    """Learn the strongest neighbours of each track from users x tracks weights.

    A listener's vote is damped by the length of the history, a pair's co-plays by how much each
    of the two is played (more for the played than for the suggested one, so that well-known
    tracks stay reachable); both with a prior, so that one shared listener does not make twins.

    Parameters
    ----------
    seed : int
        Chooses which tracks of very long histories vote, where all would cost too much.
    on_block : callable
        Told how many tracks are done.

    Returns
    -------
    csr_matrix, shape (tracks, tracks), float32
        Row h holds the neighbours of h, in track order; scaled so that the strongest neighbour
        of a track is 1 on average.
    """
    votes = _damp(_thin(weights, seed))
    by_track = votes.T.tocsr()
    if votes.nnz == 0:
        return sparse.csr_matrix(by_track @ votes)
    mass = np.asarray(votes.multiply(votes).sum(axis=0), dtype=np.float64).ravel()
    heard = mass[mass > 0]
    source_norm = ((mass + np.median(heard)) ** -SOURCE_POWER).astype(np.float32)
    target_norm = ((mass + heard.mean()) ** -TARGET_POWER).astype(np.float32)

    blocks = []
    for start, stop in _blocks(by_track, votes):
        together = (by_track[start:stop] @ votes).tocsr()
        rows, entries = _promising(together, together.data * target_norm[together.indices])
        tracks = together.indices[entries]
        values = together.data[entries] * (source_norm[start + rows] * target_norm[tracks])
        values[tracks == start + rows] = 0  # no track is its own neighbour
        indptr = np.searchsorted(rows, np.arange(stop - start + 1))
        blocks.append(sparse.csr_matrix((values, tracks, indptr), shape=together.shape))
        _keep_strongest(blocks[-1])
        on_block(stop)
    neighbours = sparse.vstack(blocks, format="csr", dtype=np.float32)
    return _scale(neighbours)


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


def _promising(block: sparse.csr_matrix, values: FloatArray) -> tuple[IntArray, NDArray[np.int64]]:
    """Find all entries of a block that may be among the strongest of their row, and few others.

    A few comparisons per row instead of a partition of thousands of entries: this is half of the
    time of a training.

    Returns
    -------
    rows, entries : array
        Where they stand; ordered by row.
    """
    found = []
    for start, stop in pairwise(block.indptr.tolist()):
        row = values[start:stop]
        if stop - start > N_PARTS:
            # As many parts as there are neighbours, and one for the track itself, hold a value
            # that is over the limit, so the strongest are too.
            parts = row[: (stop - start) // N_PARTS * N_PARTS].reshape(-1, N_PARTS)
            limit = np.partition(parts.max(axis=0), -N_NEIGHBOURS - 1)[-N_NEIGHBOURS - 1]
            found.append(start + np.flatnonzero(row >= limit * ROUNDING))
        else:
            found.append(np.arange(start, stop))
    rows = np.repeat(np.arange(len(found), dtype=np.int32), [len(entries) for entries in found])
    return rows, np.concatenate(found)


def _keep_strongest(block: sparse.csr_matrix) -> None:
    """Drop all but the strongest neighbours of each row; of equal ones the first tracks stay."""
    keep = block.data > 0
    for row in np.flatnonzero(np.diff(block.indptr) > N_NEIGHBOURS).tolist():
        start, stop = block.indptr[row], block.indptr[row + 1]
        values = block.data[start:stop]
        limit = np.partition(values, -N_NEIGHBOURS)[-N_NEIGHBOURS]
        is_strong = values >= limit
        n_over = np.count_nonzero(is_strong) - N_NEIGHBOURS
        if n_over:
            ties = np.flatnonzero(values == limit)
            is_strong[ties[np.argsort(block.indices[start:stop][ties])[-n_over:]]] = False
        keep[start:stop] &= is_strong
    block.data[~keep] = 0
    block.eliminate_zeros()
    block.sort_indices()


def _scale(neighbours: sparse.csr_matrix) -> sparse.csr_matrix:
    peaks = neighbours.max(axis=1).toarray().ravel()
    if (peaks > 0).any():
        neighbours.data /= np.float32(peaks[peaks > 0].mean())
    return neighbours
