"""What each app was seen to be at an upstream: a new one, or one that keeps what old ones had."""

from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within


@guarded
class AppModes:
    """The modes of all apps, named by their client ids."""

    def __init__(self, database: Database) -> None:
        self._modes = database["app_modes"]

    @within(WRITE_S)
    async def note(self, client_id: str, *, is_extended: bool, now: int) -> None:
        """Remember what the latest answer showed."""
        await self._modes.replace_one(
            {"_id": client_id}, {"is_extended": is_extended, "at": now}, upsert=True
        )

    @within(READ_S)
    async def is_extended(self, client_id: str) -> bool:
        """Tell whether an app keeps more than new ones get; what was never seen is new."""
        found = await self._modes.find_one({"_id": client_id})
        return found is not None and bool(found["is_extended"])
