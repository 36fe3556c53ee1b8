"""Friends beside an index: what of their plays may be told, and how names stand in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harmonyhub.domain.history import History
from harmonyhub.domain.ids import UserId
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import (
    FloatArray,
    IntArray,
    weigh_plays,
    weigh_recency,
)

TOLD_PLAYS = 3  # what a friend played once or twice is not told: it can be chance, or shame
OFTEN_PLAYS = 10


@dataclass(frozen=True, slots=True, eq=False)
class FriendPlays:
    """What a friend plays, as far as that may be told.

    Attributes
    ----------
    items : int32 array
        Tracks of the index that were played three times or more, ascending.
    plays : int32 array
    weights : float32 array
        How much each speaks, in [0, 1): by plays and by how lately.
    """

    name: UserId
    items: IntArray
    plays: IntArray
    weights: FloatArray


def read_friend(name: UserId, history: History, index: ServingIndex) -> FriendPlays:
    """Take from a friend's imported history what may be told."""
    places = index.places(history.track_ids)
    told = np.flatnonzero((places >= 0) & (history.plays >= TOLD_PLAYS))
    told = told[np.argsort(places[told], kind="stable")]
    plays = history.plays[told]
    recency = weigh_recency(history.last_played_at[told], index.newest_at)
    return FriendPlays(name, places[told], plays.astype(np.int32), weigh_plays(plays) * recency)


class Player(NamedTuple):
    """A friend who plays one track."""

    name: UserId
    n_plays: int


def find_players(friends: Sequence[FriendPlays], item: int) -> list[Player]:
    """List the friends who play a track, whoever plays it most first."""
    found = []
    for friend in friends:
        place = int(np.searchsorted(friend.items, item))
        if place < len(friend.items) and friend.items[place] == item:
            found.append(Player(friend.name, int(friend.plays[place])))
    return sorted(found, key=lambda one: (-one.n_plays, one.name))


def say_names(names: Sequence[UserId], asker: UserId | None = None) -> str:
    """Name listeners as a sentence does, who asks as "you" and first."""
    said = [*(["you"] if asker in names else []), *(one for one in names if one != asker)]
    *first, last = said
    return f"{', '.join(first)} and {last}" if first else last
