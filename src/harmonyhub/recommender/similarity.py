"""What goes with what: neighbours, links and factors, mixed as serves held-out people best."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from harmonyhub.recommender.candidates.factors import Factors, learn_factors, no_factors, scaled
from harmonyhub.recommender.candidates.item_to_item import Nearness, learn_neighbours
from harmonyhub.recommender.candidates.links import Regressions
from harmonyhub.recommender.co_plays import (
    cast_votes,
    keep_strongest,
    multiply,
    peak,
    weigh_tracks,
)
from harmonyhub.recommender.mixing import Mix, fit_mix
from harmonyhub.recommender.splits import MIN_ITEMS

# Fewer, and a tenth of them decides nothing.
MIN_LISTENERS = 200
N_KEPT = 100  # of links and neighbours together, per track: 50,000 tracks take 40 MB


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """How each track speaks for others: sparse rows of `neighbours`, and `factors` for the rest.

    Scaled so that the strongest neighbour of a track is 1 on average.
    """

    neighbours: sparse.csr_matrix
    factors: Factors


def learn_similarity(
    weights: sparse.csr_matrix, *, seed: int, on_block: Callable[[int], None]
) -> Similarity:
    """Learn from users x tracks weights which tracks speak for which.

    With fewer than 200 listeners of five tracks these are the neighbours alone.

    Parameters
    ----------
    on_block : callable
        Told how many tracks are done.
    """
    n_tracks = weights.shape[1]
    votes = cast_votes(weights, seed=seed)
    if np.count_nonzero(np.diff(weights.indptr) >= MIN_ITEMS) < MIN_LISTENERS:
        near = learn_neighbours(multiply(votes), weigh_tracks(votes), on_block=on_block)
        near.data /= np.float32(peak(near))
        return Similarity(near, no_factors(n_tracks))
    mix = fit_mix(weights, votes, seed=seed)
    near = _learn_near(votes, mix=mix, on_block=on_block)
    unit = peak(near)
    near.data /= np.float32(unit)
    if mix.factors == 0:
        return Similarity(near, no_factors(n_tracks))
    return Similarity(near, scaled(learn_factors(weights, seed=seed), mix.factors / unit))


def _learn_near(
    votes: sparse.csr_matrix, *, mix: Mix, on_block: Callable[[int], None]
) -> sparse.csr_matrix:
    """Learn links and neighbours in one pass, and keep the strongest of their sum."""
    mass, regressions = weigh_tracks(votes), Regressions(votes)
    nearness = Nearness(mass)
    links, near, done = [], [], 0
    for tracks, together in multiply(votes):
        links += regressions.solve(tracks, together, ridges=(mix.ridge,))
        near.append(nearness.nearest(tracks, together))
        done += len(tracks)
        on_block(done)
    spoken = sparse.vstack(links, format="csr").T.tocsr()  # from targets to what speaks for them
    both = spoken + sparse.vstack(near, format="csr") * np.float32(mix.near)
    sums = sparse.csr_matrix(both, dtype=np.float32)
    keep_strongest(sums, N_KEPT)
    return sums
