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
class CatalogueEntry:
    """What the recommender needs to know of one track. `tags` are lower case."""

    id: TrackId
    title: str
    artist: str
    artist_ids: tuple[ArtistId, ...]
    release_id: ReleaseId | None = None
    tags: tuple[str, ...] = ()
