"""What a knowledge pack holds, learned from the listens of people elsewhere."""

from collections.abc import Callable

import numpy as np
from scipy import sparse

from harmonyhub.recommender.co_plays import keep_strongest, no_entries
from harmonyhub.recommender.interactions import VOTES_HALF, weigh_plays
from harmonyhub.recommender.knowledge import round_half
from harmonyhub.recommender.similarity import learn_similarity

N_KEPT = 50  # neighbours of a track in a pack; 100 and 200 gave no more NDCG on hetrec


def learn_pack_neighbours(
    plays: sparse.csr_matrix, *, seed: int, on_block: Callable[[int], None]
) -> sparse.csr_matrix:
    """Learn what a pack holds from users x tracks plays.

    Neighbours alone, which listeners have in common: what a whole taste says of a track needs the
    histories of others to be explained.
    """
    weights = sparse.csr_matrix(plays, dtype=np.float32, copy=True)
    weights.data = weigh_plays(weights.data, VOTES_HALF)
    neighbours = learn_similarity(
        weights, artists=no_entries((weights.shape[1], 0)), seed=seed, on_block=on_block
    ).neighbours.tocsr()
    keep_strongest(neighbours, N_KEPT)
    return round_half(neighbours)
