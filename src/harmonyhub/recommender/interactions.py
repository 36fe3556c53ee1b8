"""Listens as matrices: how much a pair of listener and track counts."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import Interactions

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

DAY_S = 86_400
PLAYS_HALF = 1.0  # one play counts half of very many: the tenth play says less than the second
VOTES_HALF = 0.25  # which tracks go together: here how often says little (validation: +2 % NDCG)
RECENCY_HALF_LIFE_DAYS = 180.0  # half a year: a taste changes with seasons, not with days
RECENCY_FLOOR = 0.5  # an old love counts half of a new one, never nothing
RECENCY_UNKNOWN = 0.75  # no date: the middle of the range


def weigh_plays(plays: NDArray[Any], half: float = PLAYS_HALF) -> FloatArray:
    """Turn play counts into weights in [0, 1) that saturate.

    Parameters
    ----------
    plays : array
        0 or more.
    half : float
        As many plays weigh 0.5.
    """
    counts = plays.astype(np.float32)
    return counts / (counts + np.float32(half))


def weigh_recency(last_played_at: NDArray[np.int64], newest_at: int) -> FloatArray:
    """Turn the time of the last play into a factor in [0.5, 1].

    Parameters
    ----------
    last_played_at : int64 array
        Unix seconds, 0 where unknown.
    newest_at : int
        What counts as now: the newest play of the training data. It does not depend on the
        history at hand, so that taking a track out of a history leaves all other weights alone.
    """
    age_days = np.maximum(newest_at - last_played_at, 0) / DAY_S
    fading = np.exp2(-age_days / RECENCY_HALF_LIFE_DAYS)
    factor = RECENCY_FLOOR + (1 - RECENCY_FLOOR) * fading
    return np.where(last_played_at > 0, factor, RECENCY_UNKNOWN).astype(np.float32)


def prominence_of(popularity: FloatArray) -> FloatArray:
    """Say how much an artist's tracks speak for themselves, 0.5 to 1 by popularity."""
    return (0.5 + 0.5 * np.sqrt(popularity)).astype(np.float32)


def check_plays(plays: NDArray[Any]) -> None:
    """Refuse what cannot be a number of plays.

    Raises
    ------
    RefusedInputError
        If any count is negative or not finite.
    """
    if not (np.isfinite(plays).all() and (plays >= 0).all()):
        raise RefusedInputError(
            "Play counts must be finite and not negative.",
            hint="Drop or correct the rows with a negative or missing number of plays.",
        )


def read_pairs(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return users x tracks plays as canonical float32 CSR: pairs added up, zeros gone.

    Raises
    ------
    RefusedInputError
        If any count is negative or not finite.
    """
    plays = sparse.csr_matrix(matrix, dtype=np.float32, copy=True)
    check_plays(plays.data)
    plays.sum_duplicates()
    plays.eliminate_zeros()
    return plays


def place_pairs(interactions: Interactions, columns: IntArray) -> Interactions:
    """Drop the pairs without a place in the catalogue and point the others at it.

    Parameters
    ----------
    columns : int32 array
        For each track of `interactions` its place in the catalogue, -1 if it has none.
    """
    places = columns[interactions.track_index]
    known = (places >= 0) & (interactions.plays > 0)
    return replace(
        interactions,
        user_index=interactions.user_index[known],
        track_index=places[known],
        plays=interactions.plays[known],
        last_played_at=interactions.last_played_at[known],
    )
