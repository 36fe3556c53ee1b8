"""What was recommended to whom and when; forgotten by itself after a quarter of a year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo.write_concern import WriteConcern

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.recommendations import ListName
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, guarded, within

KEPT_S = 90 * 86_400


@dataclass(frozen=True, slots=True)
class Showing:
    """How often a track was shown, and when last (unix seconds UTC)."""

    n: int
    last_at: int


@guarded
class Shown:
    """Lists as they were shown."""

    def __init__(self, database: Database) -> None:
        # On the read path, and nobody's loss: no wait for the journal.
        self._shown = database.get_collection("shown", write_concern=WriteConcern(w=1, j=False))

    @within(READ_S)
    async def record(
        self,
        *,
        user_id: UserId,
        list_name: ListName,
        at: int,
        track_ids: Sequence[TrackId],
        index_version: str,
    ) -> None:
        """Write down one list."""
        await self._shown.insert_one(
            {
                "user": user_id,
                "list": list_name.value,
                "at": at,
                "tracks": list(track_ids),
                "index_version": index_version,
                "expires": datetime.fromtimestamp(at + KEPT_S, tz=UTC),
            }
        )

    @within(READ_S)
    async def last_shown(self, user_id: UserId, *, since: int) -> Mapping[TrackId, Showing]:
        """Tell which tracks the user was shown since a time."""
        cursor = await self._shown.aggregate(
            [
                {"$match": {"user": user_id, "at": {"$gte": since}}},
                {"$unwind": "$tracks"},
                {"$group": {"_id": "$tracks", "n": {"$sum": 1}, "last_at": {"$max": "$at"}}},
            ]
        )
        return {
            TrackId(document["_id"]): Showing(n=document["n"], last_at=document["last_at"])
            async for document in cursor
        }
