"""What users played last at an upstream, as the latest synchronization found it."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from harmonyhub.domain.library import RecentPlay
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within


@dataclass(frozen=True, slots=True)
class RecentPlays:
    """The plays, newest first, and when they were read (unix seconds UTC): their freshness."""

    plays: tuple[RecentPlay, ...]
    at: int


@guarded
class RecentPlaysOfUsers:
    """The latest plays of all users."""

    def __init__(self, database: Database) -> None:
        self._plays = database["recent_plays"]

    @within(WRITE_S)
    async def put(self, user_id: str, plays: Sequence[RecentPlay], *, now: int) -> None:
        """Keep the latest plays of a user in place of the former ones."""
        await self._plays.replace_one(
            {"_id": user_id},
            {"at": now, "plays": [msgspec.to_builtins(play) for play in plays]},
            upsert=True,
        )

    @within(READ_S)
    async def get(self, user_id: str) -> RecentPlays | None:
        """Load the latest plays of a user; None if there was no synchronization yet."""
        document = await self._plays.find_one({"_id": user_id})
        return msgspec.convert(document, RecentPlays) if document else None
