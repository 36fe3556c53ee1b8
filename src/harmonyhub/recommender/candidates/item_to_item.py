"""Tracks that the same listeners play: sparse neighbours learned from everyone's listens."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.co_plays import CoPlays, keep_strongest, no_entries, scale_to_one
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.terms import Term, TermKind, strongest_terms

N_NEIGHBOURS = 100  # 50,000 tracks x 100 x 8 bytes = 40 MB; 200 changed NDCG by under 1 %
SOURCE_POWER, TARGET_POWER = 0.7, 0.4  # best over hetrec and kgat, validation users, grid of 15
N_PARTS = 4 * N_NEIGHBOURS  # more parts leave fewer entries, but are slower to search
ROUNDING = np.float32(1 - 1e-5)  # what is a tie but for rounding is looked at


class ItemToItem:
    """Term: the sum of (weight of a played track) x (its similarity to the item), if over 0."""

    def score(self, profile: Profile, index: ServingIndex) -> FloatArray:  # noqa: ARG002 - interface
        """Return the term for every track; kept with the profile, as it costs the most."""
        return np.maximum(profile.similar, 0)

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, the played tracks that led to it most.

        Tracks without listeners in common with the item are named only where no other leads to it.
        Parts that others take back again are scaled to what is left, so that no part is larger
        than what the score loses without it.
        """
        weights = np.zeros(index.n_tracks, dtype=np.float32)
        weights[profile.items] = profile.weights
        places = np.zeros(index.n_tracks, dtype=np.int32)
        places[profile.items] = np.arange(len(profile.items), dtype=np.int32)

        similarity = index.neighbours.data
        terms: list[list[Term]] = []
        for item in items.tolist():
            total = float(profile.similar[item])
            sources, entries = index.entries_to(item)
            speaks = np.flatnonzero(weights[sources])
            sources = sources[speaks]
            values = weights[sources] * similarity[entries[speaks]]
            if index.factors.width:
                values = values + weights[sources] * index.factors.between(sources, item)
            near = strongest_terms(TermKind.TRACK, values, places[sources])
            terms.append(
                _within(near, total) or _leanings(item, total, profile=profile, index=index)
            )
        return terms


def _leanings(item: int, total: float, *, profile: Profile, index: ServingIndex) -> list[Term]:
    """Name the played tracks that lead to an item by the factors alone."""
    if total <= 0 or index.factors.width == 0:
        return []
    values = profile.weights * index.factors.between(profile.items, item)
    places = np.arange(len(profile.items), dtype=np.int32)
    return _within(strongest_terms(TermKind.LEANING, values, places), total)


def _within(terms: list[Term], total: float) -> list[Term]:
    """Scale terms down to a total that they are over."""
    added = sum(term.value for term in terms)
    if added <= total:
        return terms
    return [term._replace(value=term.value * total / added) for term in terms] if total > 0 else []


def learn_neighbours(
    blocks: Iterable[CoPlays], mass: FloatArray, *, on_block: Callable[[int], None]
) -> sparse.csr_matrix:
    """Learn the strongest neighbours of each track from what is played together.

    What two tracks have in common is divided by how much each of the two is played (more for the
    played than for the suggested one, so that well-known tracks stay reachable), both with a
    prior, so that one shared listener does not make twins.

    Parameters
    ----------
    blocks : iterable of CoPlays
        All tracks, in order.
    mass : array
        Of `weigh_tracks`.
    on_block : callable
        Told how many tracks are done.

    Returns
    -------
    csr_matrix, shape (tracks, tracks), float32
        Row h holds the neighbours of h, in track order; scaled so that the strongest neighbour
        of a track is 1 on average.
    """
    heard = mass[mass > 0].astype(np.float64)
    if len(heard) == 0:
        return no_entries((len(mass), len(mass)))
    source_norm = ((mass + np.median(heard)) ** -SOURCE_POWER).astype(np.float32)
    target_norm = ((mass + heard.mean()) ** -TARGET_POWER).astype(np.float32)

    found = []
    for start, together in blocks:
        stop = start + together.shape[0]
        rows, entries = _promising(together, together.data * target_norm[together.indices])
        tracks = together.indices[entries]
        values = together.data[entries] * (source_norm[start + rows] * target_norm[tracks])
        values[tracks == start + rows] = 0  # no track is its own neighbour
        indptr = np.searchsorted(rows, np.arange(stop - start + 1))
        found.append(sparse.csr_matrix((values, tracks, indptr), shape=together.shape))
        keep_strongest(found[-1], N_NEIGHBOURS)
        on_block(stop)
    return scale_to_one(sparse.vstack(found, format="csr", dtype=np.float32))


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
