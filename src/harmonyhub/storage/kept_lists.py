"""Lists of days and weeks as they were given, and who still waits for one."""

import msgspec
from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from harmonyhub.domain.ids import CHECK_USER, TrackId, UserId
from harmonyhub.domain.kept_lists import KeptList, KeptListName
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within
from harmonyhub.storage.users import STAYING


@guarded
class KeptLists:
    """One list per user, list and period, whoever makes it; never changed. Times are unix s."""

    def __init__(self, database: Database) -> None:
        self._lists = database["kept_lists"]
        self._users = database["users"]

    @within(WRITE_S)
    async def add(self, kept: KeptList) -> bool:
        """Keep a list; False where there is one of that user, list and period already."""
        fields: Document = msgspec.to_builtins(kept)
        key = f"{kept.list_name.value}/{kept.period}/{kept.user_id}"
        try:
            await self._lists.insert_one({"_id": key, **fields})
        except DuplicateKeyError:
            return False
        return True

    @within(READ_S)
    async def get(self, user_id: UserId, list_name: KeptListName, period: str) -> KeptList | None:
        """Load the list of one period."""
        key = f"{list_name.value}/{period}/{user_id}"
        document = await self._lists.find_one({"_id": key})
        return _read(document) if document else None

    @within(READ_S)
    async def latest(
        self, user_id: UserId, list_name: KeptListName, *, n: int, before: str | None = None
    ) -> list[KeptList]:
        """List up to `n`, the latest period first; `before` a period, where one is named."""
        wanted: Document = {"user_id": user_id, "list_name": list_name.value}
        if before is not None:
            wanted["period"] = {"$lt": before}
        cursor = self._lists.find(wanted).sort("period", DESCENDING).limit(n)
        return [_read(document) async for document in cursor]

    async def of_user(self, user_id: UserId) -> list[KeptList]:
        """List all of a user, by list and period."""
        cursor = self._lists.find({"user_id": user_id}).sort([("list_name", 1), ("period", 1)])
        return [_read(document) async for document in cursor]

    @within(READ_S)
    async def tracks_since(
        self, user_id: UserId, list_name: KeptListName, *, since: int, before: str
    ) -> set[TrackId]:
        """Collect what lists made since a time held, those of a period before `before`."""
        cursor = self._lists.find(
            {
                "user_id": user_id,
                "list_name": list_name.value,
                "period": {"$lt": before},
                "made_at": {"$gte": since},
            },
            {"items.track.id": 1},
        )
        return {
            TrackId(item["track"]["id"]) async for document in cursor for item in document["items"]
        }

    async def waiting(
        self, list_name: KeptListName, period: str, *, index_version: str, n: int
    ) -> list[UserId]:
        """List up to `n` users whose list of a period is neither made nor found impossible.

        What was impossible is tried again once the user's data or the index has changed.
        """
        mark = f"$lists.{list_name.value}"
        state = {"$concat": [{"$toString": "$revision"}, ":", index_version]}
        undone = {
            "$or": [
                {"$ne": [f"{mark}.period", period]},
                {
                    "$and": [
                        {"$gt": [f"{mark}.none_at", None]},
                        {"$ne": [f"{mark}.none_at", state]},
                    ]
                },
            ]
        }
        cursor = self._users.find(
            {"_id": {"$ne": CHECK_USER}, **STAYING, "$expr": undone}, {"_id": 1}
        )
        return [UserId(user["_id"]) async for user in cursor.sort("_id").limit(n)]

    @within(WRITE_S)
    async def settle(
        self, user_id: UserId, list_name: KeptListName, period: str, *, none_at: str | None
    ) -> None:
        """Note that a user's list is made, or at what revision and index it was impossible."""
        mark = {"period": period, "none_at": none_at}
        await self._users.update_one({"_id": user_id}, {"$set": {f"lists.{list_name.value}": mark}})

    @within(WRITE_S)
    async def forget_told(self, user_id: UserId) -> None:
        """Delete a user's lists that a streaming service had a part in."""
        await self._lists.delete_many({"user_id": user_id, "is_told": True})


def _read(document: Document) -> KeptList:
    return msgspec.convert(document, KeptList)
