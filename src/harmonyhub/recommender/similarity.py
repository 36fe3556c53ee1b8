"""What goes with what: neighbours, links and factors, mixed as serves held-out people best."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from harmonyhub.recommender.candidates.factors import (
    Factors,
    damped,
    learn_factors,
    no_factors,
    scaled,
)
from harmonyhub.recommender.candidates.item_to_item import Nearness, learn_neighbours
from harmonyhub.recommender.candidates.links import Regressions, Sources, solve_links
from harmonyhub.recommender.co_plays import (
    VoteTable,
    cast_votes,
    keep_strongest,
    peak,
    tabulate,
)
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.loudness import PRIOR, Loudness
from harmonyhub.recommender.mixing import Mix, fit_mix, weigh_rarity
from harmonyhub.recommender.splits import MIN_ITEMS
from harmonyhub.recommender.stages import INLINE, Engine

# Fewer, and a tenth of them decides nothing.
MIN_LISTENERS = 200
SERVED = 0.6  # the weight of one play in a list, against its weight in the trial
N_KEPT = 100  # of links and neighbours together, per track: 50,000 tracks take 40 MB


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """How each track speaks for others: sparse rows of `neighbours`, and `factors` for the rest.

    Scaled so that the strongest neighbour of a track is 1 on average.
    """

    neighbours: sparse.csr_matrix
    factors: Factors
    loudness: Loudness = PRIOR


def learn_similarity(
    weights: sparse.csr_matrix,
    *,
    artists: sparse.csr_matrix,
    seed: int,
    on_block: Callable[[int], None],
    engine: Engine = INLINE,
) -> Similarity:
    """Learn from users x tracks weights which tracks speak for which.

    With fewer than 200 listeners of five tracks these are the neighbours alone.

    Parameters
    ----------
    artists : csr_matrix, shape (tracks, artists)
        How much each track speaks for its artists.
    on_block : callable
        Told how many tracks are done.
    engine : Engine
        Runs the stages; the result is the same bytes with any.
    """
    n_tracks = weights.shape[1]
    votes = cast_votes(weights, seed=seed)
    if not are_enough(weights):
        near = learn_neighbours(tabulate(votes), on_block=on_block, engine=engine)
        near.data /= np.float32(peak(near))
        return Similarity(near, no_factors(n_tracks))
    mix = fit_mix(weights, votes, artists=artists, seed=seed, engine=engine)
    table = tabulate(votes)
    rarity = weigh_rarity(table.mass, mix.damping)
    near = _learn_near(table, mix=mix, rarity=rarity, on_block=on_block, engine=engine)
    unit = peak(near)
    near.data /= np.float32(unit)
    loudness = _loudness(mix, unit)
    if mix.factors == 0:
        return Similarity(near, no_factors(n_tracks), loudness)
    factors = damped(learn_factors(weights, seed=seed), rarity)
    return Similarity(near, scaled(factors, mix.factors / unit), loudness)


def are_enough(weights: sparse.csr_matrix) -> bool:
    """Tell whether so many listen that more can be learned than neighbours."""
    return bool(np.count_nonzero(np.diff(weights.indptr) >= MIN_ITEMS) >= MIN_LISTENERS)


def _loudness(mix: Mix, unit: float) -> Loudness:
    return Loudness(
        artists=PRIOR.artists if mix.artists is None else mix.artists / unit,
        familiar=max(mix.level / unit * SERVED, PRIOR.familiar),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Shared:
    """What all blocks of tracks read."""

    table: VoteTable
    regressions: Regressions
    nearness: Nearness


def _learn_near(
    table: VoteTable,
    *,
    mix: Mix,
    rarity: FloatArray,
    on_block: Callable[[int], None],
    engine: Engine,
) -> sparse.csr_matrix:
    """Choose sources and find neighbours in one pass, weigh, and keep the strongest of the sum."""
    regressions = Regressions(table.mass, mix.n_sources)
    shared = _Shared(table, regressions, Nearness(table.mass))
    chosen, near, done = [], [], 0
    for sources, neighbour in engine.map(_learn_block, table.blocks(), shared=shared):
        chosen.append(sources)
        near.append(neighbour)
        done += neighbour.shape[0]
        on_block(done)
    links = solve_links(chosen, table, ridges=(mix.ridge,), engine=engine)[0]
    spoken = links.T.tocsr()  # from targets to what speaks for them
    both = spoken + sparse.vstack(near, format="csr") * np.float32(mix.near)
    sums = sparse.csr_matrix(both, dtype=np.float32)
    sums.data *= rarity[sums.indices]
    keep_strongest(sums, N_KEPT)
    return sums


def _learn_block(shared: _Shared, tracks: IntArray) -> tuple[Sources, sparse.csr_matrix]:
    """Choose the sources of some tracks, and find their neighbours."""
    together = shared.table.multiply(tracks)
    sources = shared.regressions.choose_sources(tracks, together)
    return sources, shared.nearness.nearest(tracks, together)
