"""Links between tracks: which few played tracks tell best that a track is played too."""

from collections.abc import Callable

import numpy as np
from scipy import sparse

from harmonyhub.recommender.co_plays import Gram, no_entries, scale_to_one
from harmonyhub.recommender.interactions import FloatArray, IntArray

N_SOURCES = 50  # per track; 100 gave no more NDCG on hetrec and kgat, validation users
PRIOR_SHARE = 5.0  # of a mean vote: one shared listener does not make a source
RIDGE_POWER = 0.25  # well-known tracks are held back a little more


def learn_links(
    gram: Gram,
    targets: IntArray,
    *,
    ridge: float,
    on_target: Callable[[int], None] = lambda _: None,
) -> sparse.csr_matrix:
    """Learn, for each target, the weights of its nearest tracks that predict it best.

    A ridge regression over at most fifty sources per target, so cost and memory grow with the
    number of targets, whatever the size of the catalogue. Negative weights are dropped: with them
    NDCG was at most 1 % higher, and a reason could not be a positive part of a score.

    Parameters
    ----------
    ridge : float
        In mean votes; more holds all weights back.
    on_target : callable
        Told how many targets are done.

    Returns
    -------
    csr_matrix, shape (tracks, tracks), float32
        Row h holds what the played track h says of others; scaled like `learn_neighbours`.

    References
    ----------
    Ning and Karypis 2011, "SLIM: sparse linear methods for top-n recommender systems"; the sources
    are chosen beforehand as in their fsSLIM, and the problem is Steck's (2019, "Embarrassingly
    shallow autoencoders") on those.
    """
    mass, together = gram.mass, gram.together
    heard = mass[mass > 0]
    unit = float(heard.mean()) if len(heard) else 1.0
    held_back = ridge * unit * (np.maximum(mass, unit * 1e-3) / unit) ** RIDGE_POWER
    solver = _Solver(together, diagonal=(mass + held_back).astype(np.float32))
    sources, weights, lengths = [], [], np.zeros(together.shape[0], dtype=np.int64)
    for done, target in enumerate(targets.tolist(), start=1):
        row = slice(together.indptr[target], together.indptr[target + 1])
        places, shared = together.indices[row], together.data[row]
        if len(places) > N_SOURCES:
            near = shared / (np.sqrt(mass[places] * mass[target]) + PRIOR_SHARE * unit)
            best = np.sort(np.argsort(-near, kind="stable")[:N_SOURCES])
            places, shared = places[best], shared[best]
        if len(places):
            sources.append(places)
            weights.append(np.maximum(solver.solve(places, shared), 0))
            lengths[target] = len(places)
        on_target(done)
    if not sources:
        return no_entries(together.shape)
    columns = np.repeat(targets, lengths[targets])
    entries = (np.concatenate(weights), (np.concatenate(sources), columns))
    links = sparse.csr_matrix(entries, shape=together.shape, dtype=np.float32)
    links.eliminate_zeros()
    return scale_to_one(links)


class _Solver:
    """Solves the small systems; keeps one lookup table for all of them."""

    def __init__(self, together: sparse.csr_matrix, *, diagonal: FloatArray) -> None:
        self._together = together
        self._diagonal = diagonal
        self._place_of = np.full(together.shape[0], -1, dtype=np.int32)

    def solve(self, places: IntArray, shared: FloatArray) -> FloatArray:
        """Return the weights of some tracks for what they share with the target."""
        n_places = len(places)
        starts, ends = self._together.indptr[places], self._together.indptr[places + 1]
        lengths = ends - starts
        first = np.cumsum(lengths) - lengths
        entries = np.repeat(starts - first, lengths) + np.arange(int(lengths.sum()))
        self._place_of[places] = np.arange(n_places)
        columns = self._place_of[self._together.indices[entries]]
        self._place_of[places] = -1
        inside = np.flatnonzero(columns >= 0)
        rows = np.repeat(np.arange(n_places), lengths)[inside]
        system = np.zeros((n_places, n_places), dtype=np.float32)
        system[rows, columns[inside]] = self._together.data[entries[inside]]
        system = np.maximum(system, system.T)  # a cut row may lack what the other still has
        np.fill_diagonal(system, self._diagonal[places])
        return np.asarray(np.linalg.solve(system, shared), dtype=np.float32)
