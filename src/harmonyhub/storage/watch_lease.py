"""The lease of the watch: one process of the fleet looks after all."""

from pymongo.errors import DuplicateKeyError

from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within


@guarded
class WatchLease:
    """Who watches, and until when (unix seconds UTC, by the caller's clock)."""

    def __init__(self, database: Database) -> None:
        self._meta = database["meta"]

    @within(WRITE_S)
    async def hold(self, owner: str, *, now: int, lease_s: int) -> bool:
        """Take or renew the lease; False while another process holds it."""
        try:
            await self._meta.update_one(
                {"_id": "watch", "$or": [{"owner": owner}, {"until": {"$lte": now}}]},
                {"$set": {"owner": owner, "until": now + lease_s}},
                upsert=True,
            )
        except DuplicateKeyError:
            return False  # it is there, and not ours
        return True

    @within(READ_S)
    async def held_until(self) -> int:
        """Tell until when somebody watches, or did; 0 where nobody ever did, or gave it back."""
        document = await self._meta.find_one({"_id": "watch"})
        return int(document["until"]) if document else 0

    @within(WRITE_S)
    async def give_back(self, owner: str) -> None:
        """Let the next process have it at once; nothing happens if it is another's by now."""
        await self._meta.delete_one({"_id": "watch", "owner": owner})
