"""What goes with what: neighbours, links and factors, mixed as serves held-out people best."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from harmonyhub.recommender.candidates.factors import Factors, learn_factors, no_factors, scaled
from harmonyhub.recommender.candidates.item_to_item import learn_neighbours
from harmonyhub.recommender.candidates.links import learn_links
from harmonyhub.recommender.co_plays import cast_votes, hold_together, multiply, weigh_tracks
from harmonyhub.recommender.mixing import Mix, fit_mix
from harmonyhub.recommender.splits import MIN_ITEMS

# Fewer, and a tenth of them decides nothing.
MIN_LISTENERS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """How each track speaks for others: sparse rows of `neighbours`, and `factors` for the rest."""

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
        mass = weigh_tracks(votes)
        near = learn_neighbours(multiply(votes), mass, on_block=on_block)
        return Similarity(near, no_factors(n_tracks))
    mix = fit_mix(weights, seed=seed)
    return _learn(weights, votes, mix=mix, seed=seed, on_block=on_block)


def _learn(
    weights: sparse.csr_matrix,
    votes: sparse.csr_matrix,
    *,
    mix: Mix,
    seed: int,
    on_block: Callable[[int], None],
) -> Similarity:
    gram = hold_together(votes)
    neighbours = learn_links(
        gram, np.arange(weights.shape[1], dtype=np.int32), ridge=mix.ridge, on_target=on_block
    )
    if mix.near > 0:
        near = learn_neighbours(gram.blocks(), gram.mass, on_block=lambda _: None)
        neighbours = sparse.csr_matrix(neighbours + near * np.float32(mix.near))
        neighbours.sort_indices()
    factors = no_factors(weights.shape[1])
    if mix.factors > 0:
        factors = scaled(learn_factors(weights, seed=seed), mix.factors)
    return Similarity(neighbours, factors)
