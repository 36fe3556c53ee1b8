"""What was measured of the lists: each evaluation by index, and what trainings were told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import DESCENDING

from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

KEPT = 200  # of each kind; a training a day for half a year


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as it was added, of which index (None: none went live), and when."""

    document: Mapping[str, Any]
    version: str | None
    at: int


@guarded
class QualityLog:
    """Entries of two kinds, the newest first; times are unix seconds UTC."""

    def __init__(self, database: Database) -> None:
        self._log = database["quality_log"]

    @within(WRITE_S)
    async def add(
        self, kind: str, document: Mapping[str, Any], *, version: str | None, now: int
    ) -> None:
        """Add an entry; of an index that has one of that kind, it takes its place."""
        entry: Document = {
            "kind": kind,
            "version": version,
            "at": now,
            "document": dict(document),
        }
        if version is None:
            await self._log.insert_one(entry)
        else:
            await self._log.replace_one({"kind": kind, "version": version}, entry, upsert=True)
        old = self._log.find({"kind": kind}, {"_id": 1}).sort("at", DESCENDING).skip(KEPT)
        await self._log.delete_many({"_id": {"$in": [one["_id"] async for one in old]}})

    @within(READ_S)
    async def latest(self, kind: str, *, n: int) -> list[Entry]:
        """List the newest entries of a kind."""
        found = self._log.find({"kind": kind}).sort([("at", DESCENDING), ("_id", DESCENDING)])
        return [Entry(one["document"], one["version"], one["at"]) async for one in found.limit(n)]
