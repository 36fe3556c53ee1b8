"""What one process found and others show: the latest of each report, and who is alive."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from harmonyhub.domain.releases import Instance
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

FORGOTTEN_AFTER_S = 86_400  # an instance that was silent for a day will not come back


@dataclass(frozen=True, slots=True)
class Report:
    """A document as it was put, and when (unix seconds UTC)."""

    document: Mapping[str, Any]
    at: int


@guarded
class Reports:
    """The latest report of each name."""

    def __init__(self, database: Database) -> None:
        self._reports = database["reports"]

    @within(WRITE_S)
    async def put(self, name: str, document: Mapping[str, Any], *, now: int) -> None:
        """Keep a report in place of the former one of its name."""
        await self._reports.replace_one(
            {"_id": name}, {"document": dict(document), "at": now}, upsert=True
        )

    @within(READ_S)
    async def get(self, name: str) -> Report | None:
        """Load the latest report of a name; None if there was none."""
        document = await self._reports.find_one({"_id": name})
        return Report(document["document"], document["at"]) if document else None


@guarded
class Instances:
    """The processes that serve or work, each as it last told of itself."""

    def __init__(self, database: Database) -> None:
        self._instances = database["instances"]

    @within(WRITE_S)
    async def beat(self, instance: Instance) -> None:
        """Tell that an instance is alive; those silent for a day are forgotten."""
        fields = msgspec.to_builtins(instance)
        await self._instances.replace_one({"_id": fields.pop("name")}, fields, upsert=True)
        await self._instances.delete_many(
            {"seen_at": {"$lt": instance.seen_at - FORGOTTEN_AFTER_S}}
        )

    @within(WRITE_S)
    async def leave(self, name: str) -> None:
        """Forget an instance that ends."""
        await self._instances.delete_one({"_id": name})

    @within(READ_S)
    async def seen_since(self, at: int) -> list[Instance]:
        """List the instances that were alive at a time or later, by name."""
        cursor = self._instances.find({"seen_at": {"$gte": at}}).sort("_id")
        return [
            msgspec.convert({**document, "name": document["_id"]}, Instance)
            async for document in cursor
        ]
