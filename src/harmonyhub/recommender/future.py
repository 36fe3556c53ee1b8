"""Listeners' own future: the last fifth of each history by time, hidden from a training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import History, Interactions, ListenColumns
from harmonyhub.domain.ids import TrackId
from harmonyhub.recommender.holding_out import drop_pairs
from harmonyhub.recommender.judging import sort_by_listener, take_history
from harmonyhub.recommender.splits import GIVEN_SHARE, MIN_ITEMS

FEWEST_DATED = 20  # listens of a listener; of fewer, a fifth is an evening
FEWEST_TO_HIDE = 100  # listeners; a tenth of fewer is too few to say anything of
UNSEEN_SHARE = 0.1
MOST_SEEN, MOST_UNSEEN = 1_000, 500  # measured: their means are known well enough


@dataclass(frozen=True, slots=True)
class Listener:
    """What a listener played before a moment, and the tracks played from then on.

    Attributes
    ----------
    moment : int
        Unix seconds of the first play that was hidden.
    """

    given: History
    future: frozenset[TrackId]
    moment: int


@dataclass(frozen=True, slots=True)
class FuturePlan:
    """What a training may see, and on whom it is measured.

    Attributes
    ----------
    training : Interactions
        No listen of anybody's last fifth, and no listen at all of the unseen listeners.
    seen, unseen : tuple of Listener
        Listeners whose past the training knows, and listeners whom it has never seen; none where
        there are too few.
    n_able : int
        Listeners whose history is long enough to be split.
    """

    training: Interactions
    seen: tuple[Listener, ...]
    unseen: tuple[Listener, ...]
    n_able: int


def plan_future(listens: ListenColumns, *, seed: int = 0) -> FuturePlan:
    """Hide the last fifth of each history by time, and a tenth of the listeners as a whole.

    Listens without a date count as past. Of a listener with too short a history nothing is hidden.

    Raises
    ------
    RefusedInputError
        If no listener has a history that can be split.
    """
    cuts = _find_cuts(listens)
    is_future = listens.played_at >= cuts[listens.user_index]
    past, future = (_add_up(listens, mask) for mask in (~is_future, is_future))
    past_of, future_of = sort_by_listener(past), sort_by_listener(future)
    n_past = np.bincount(past.user_index, minlength=len(listens.user_ids))
    able = np.flatnonzero(
        (n_past >= MIN_ITEMS) & (np.bincount(future.user_index, minlength=len(n_past)) > 0)
    )
    if len(able) == 0:
        raise RefusedInputError(
            f"Nothing can be measured yet: no listener has {FEWEST_DATED} listens with dates, and "
            f"{MIN_ITEMS} tracks among their first four fifths.",
            hint="Import a longer listening history; Spotify's extended history has all dates.",
        )
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(able)
    n_unseen = 0
    if len(able) >= FEWEST_TO_HIDE:
        n_unseen = min(round(len(able) * UNSEEN_SHARE), MOST_UNSEEN)

    def listener(user: int) -> Listener:
        hidden = future.track_index[future_of(user)].tolist()
        return Listener(
            given=take_history(past, past_of(user)),
            future=frozenset(listens.track_ids[track] for track in hidden),
            moment=int(cuts[user]),
        )

    unseen, seen = np.sort(drawn[:n_unseen]), np.sort(drawn[n_unseen:][:MOST_SEEN])
    return FuturePlan(
        training=drop_pairs(past, np.isin(past.user_index, unseen)),
        seen=tuple(listener(user) for user in seen.tolist()),
        unseen=tuple(listener(user) for user in unseen.tolist()),
        n_able=len(able),
    )


def _find_cuts(listens: ListenColumns) -> NDArray[np.int64]:
    """Find when the last fifth of the dated listens of each listener begins."""
    dated = np.flatnonzero(listens.played_at > 0)
    order = dated[np.lexsort((listens.played_at[dated], listens.user_index[dated]))]
    users, times = listens.user_index[order], listens.played_at[order]
    n_dated = np.bincount(users, minlength=len(listens.user_ids))
    starts = np.concatenate([[0], np.cumsum(n_dated)[:-1]])
    is_split = n_dated >= FEWEST_DATED
    cuts = np.full(len(n_dated), np.iinfo(np.int64).max)
    places = starts + (n_dated * GIVEN_SHARE).astype(np.int64)
    cuts[is_split] = times[places[is_split]]
    return cuts


def _add_up(listens: ListenColumns, mask: NDArray[np.bool_]) -> Interactions:
    users, tracks = listens.user_index[mask], listens.track_index[mask]
    codes = users.astype(np.int64) * max(len(listens.track_ids), 1) + tracks
    _, firsts, places, plays = np.unique(
        codes, return_index=True, return_inverse=True, return_counts=True
    )
    last = np.zeros(len(firsts), dtype=np.int64)
    np.maximum.at(last, places, listens.played_at[mask])
    return Interactions(
        user_ids=listens.user_ids,
        track_ids=listens.track_ids,
        user_index=users[firsts],
        track_index=tracks[firsts],
        plays=plays.astype(np.int32),
        last_played_at=last,
    )
