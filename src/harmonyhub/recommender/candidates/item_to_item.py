"""Tracks that the same listeners play: sparse neighbours learned from everyone's listens."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from harmonyhub.recommender.co_plays import VoteTable, mark_strongest
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile, find_known
from harmonyhub.recommender.rows import EVERY, Items
from harmonyhub.recommender.stages import INLINE, Engine
from harmonyhub.recommender.terms import Term, TermKind, strongest_terms

N_NEIGHBOURS = 100  # 50,000 tracks x 100 x 8 bytes = 40 MB; 200 changed NDCG by under 1 %
SOURCE_POWER, TARGET_POWER = 0.7, 0.4  # best over hetrec and kgat, validation users, grid of 15


class ItemToItem:
    """Term: the sum of (weight of a played track) x (its similarity to the item), if over 0."""

    def score(
        self,
        profile: Profile,
        index: ServingIndex,  # noqa: ARG002 - interface
        items: Items = EVERY,
    ) -> FloatArray:
        """Return the term; that of every track is kept with the profile, as it costs the most."""
        return np.maximum(profile.similar.at(items), 0)

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, the played tracks that led to it most.

        Tracks without listeners in common with the item are named only where no other leads to it.
        Parts that others take back again are scaled to what is left, so that no part is larger
        than what the score loses without it.
        """
        which, sources, entries = index.entries_to(items)
        places = find_known(profile, sources, index)
        is_known = places >= 0
        which, places = which[is_known], places[is_known]
        values = profile.weights[places] * index.neighbours.data[entries[is_known]]
        if index.factors.width:
            leading, rows = np.unique(places, return_inverse=True)
            shares = index.factors.between(profile.items[leading], items)
            values += profile.weights[places] * shares[rows, which]
        near = strongest_terms(TermKind.TRACK, values, places, of=which, n=len(items))
        totals = profile.similar.at(items).tolist()
        return [
            _within(terms, total) or _leanings(item, total, profile=profile, index=index)
            for item, terms, total in zip(items, near, totals, strict=True)
        ]


def _leanings(item: np.int32, total: float, *, profile: Profile, index: ServingIndex) -> list[Term]:
    """Name the played tracks that lead to an item by the factors alone."""
    if total <= 0 or index.factors.width == 0:
        return []
    n_known = len(profile.items)
    values = profile.weights * index.factors.between(profile.items, np.array([item]))[:, 0]
    places, of = np.arange(n_known, dtype=np.int32), np.zeros(n_known, dtype=np.int32)
    (terms,) = strongest_terms(TermKind.LEANING, values, places, of=of, n=1)
    return _within(terms, total)


def _within(terms: list[Term], total: float) -> list[Term]:
    """Scale terms down to a total that they are over."""
    added = sum(term.value for term in terms)
    if added <= total:
        return terms
    return [term._replace(value=term.value * total / added) for term in terms] if total > 0 else []


class Nearness:
    """What is played together, against how much each of the two tracks is played.

    More against how much the played one is than the suggested one, so that well-known tracks stay
    reachable; both with a prior, so that one shared listener does not make twins.
    """

    def __init__(self, mass: FloatArray) -> None:
        heard = mass[mass > 0].astype(np.float64)
        middle, mean = (np.median(heard), heard.mean()) if len(heard) else (1.0, 1.0)
        self._of_source = ((mass + middle) ** -SOURCE_POWER).astype(np.float32)
        self._of_target = ((mass + mean) ** -TARGET_POWER).astype(np.float32)

    def nearest(self, tracks: IntArray, together: sparse.csr_matrix) -> sparse.csr_matrix:
        """Return the strongest neighbours of some tracks, in track order."""
        rows = np.repeat(np.arange(len(tracks)), np.diff(together.indptr))
        values = together.data * self._of_target[together.indices]
        values *= self._of_source[tracks[rows]]
        values[together.indices == tracks[rows]] = 0  # no track is its own neighbour
        shape = together.shape
        near = sparse.csr_matrix((values, together.indices, together.indptr), shape=shape)
        entries = np.flatnonzero(mark_strongest(near, N_NEIGHBOURS))
        indptr = np.searchsorted(rows[entries], np.arange(len(tracks) + 1))
        kept = (values[entries], together.indices[entries], indptr)
        near = sparse.csr_matrix(kept, shape=shape, dtype=np.float32)
        near.sort_indices()
        return near


@dataclass(frozen=True, slots=True, eq=False)
class _Shared:
    """What all blocks of tracks read."""

    table: VoteTable
    nearness: Nearness


def learn_neighbours(
    table: VoteTable,
    tracks: IntArray | None = None,
    *,
    on_block: Callable[[int], None] = lambda _: None,
    engine: Engine = INLINE,
) -> sparse.csr_matrix:
    """Learn the strongest neighbours of all or some tracks from what is played together.

    Parameters
    ----------
    on_block : callable
        Told how many tracks are done.

    Returns
    -------
    csr_matrix, shape (tracks, all tracks), float32
        Row h holds the neighbours of the h-th of those tracks, in track order.
    """
    shared = _Shared(table, Nearness(table.mass))
    found, done = [], 0
    for near in engine.map(_find_nearest, table.blocks(tracks), shared=shared):
        found.append(near)
        done += near.shape[0]
        on_block(done)
    return sparse.csr_matrix(sparse.vstack(found, format="csr", dtype=np.float32))


def _find_nearest(shared: _Shared, tracks: IntArray) -> sparse.csr_matrix:
    return shared.nearness.nearest(tracks, shared.table.multiply(tracks))
