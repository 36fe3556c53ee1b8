"""Listening histories in columns: one user's, and everyone's for training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.ids import ArtistId, ReleaseId, TrackId, UserId


@dataclass(frozen=True, slots=True)
class History:
    """One user's listens added up by track; all columns have the same length (tracks).

    Attributes
    ----------
    track_ids : sequence of TrackId
    plays : int32 array
        Plays per track, 1 or more.
    first_played_at, last_played_at : int64 array
        Unix seconds UTC; 0 where the source told no time (Exportify).
    """

    track_ids: Sequence[TrackId]
    plays: NDArray[np.int32]
    first_played_at: NDArray[np.int64]
    last_played_at: NDArray[np.int64]

    @property
    def n_listens(self) -> int:
        """All plays added up."""
        return int(self.plays.sum())


def join_histories(one: History, other: History) -> History:
    """Add two histories of one user up; of two dates of a track the outer ones stay."""
    every_id = [*one.track_ids, *other.track_ids]
    ids = list(dict.fromkeys(every_id))
    place_of = {track_id: place for place, track_id in enumerate(ids)}
    places = np.array([place_of[track_id] for track_id in every_id], dtype=np.int64)
    plays = np.zeros(len(ids), dtype=np.int32)
    first = np.full(len(ids), np.iinfo(np.int64).max)
    last = np.zeros(len(ids), dtype=np.int64)
    np.add.at(plays, places, np.concatenate([one.plays, other.plays]))
    np.minimum.at(first, places, np.concatenate([one.first_played_at, other.first_played_at]))
    np.maximum.at(last, places, np.concatenate([one.last_played_at, other.last_played_at]))
    return History(track_ids=ids, plays=plays, first_played_at=first, last_played_at=last)


@dataclass(frozen=True, slots=True)
class Interactions:
    """Everyone's histories as triples; `user_index` and `track_index` point into the id lists.

    `plays` (int32) and `last_played_at` (int64, unix seconds, 0 if unknown) belong to the pair;
    a pair stands at most once.
    """

    user_ids: Sequence[UserId]
    track_ids: Sequence[TrackId]
    user_index: NDArray[np.int32]
    track_index: NDArray[np.int32]
    plays: NDArray[np.int32]
    last_played_at: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ListenColumns:
    """Everyone's listens, one by one; `played_at` is in unix seconds UTC, 0 if unknown."""

    user_ids: Sequence[UserId]
    track_ids: Sequence[TrackId]
    user_index: NDArray[np.int32]
    track_index: NDArray[np.int32]
    played_at: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """What the recommender needs to know of one track. `tags` are lower case."""

    id: TrackId
    title: str
    artist: str
    artist_ids: tuple[ArtistId, ...]
    release_id: ReleaseId | None = None
    tags: tuple[str, ...] = ()
