"""Counters of the whole fleet, which outlive a restart; the metrics page shows their sums."""

from collections.abc import Mapping
from typing import TypeAlias

from pymongo import UpdateOne
from pymongo.write_concern import WriteConcern

from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

CounterKey: TypeAlias = tuple[str, tuple[str, ...]]
"""A metric and the values of its labels, in the order in which the metric declares them."""


@guarded
class Counters:
    """All counters; labels come from closed sets, so their number stays small."""

    def __init__(self, database: Database) -> None:
        # A count lost at a crash is nobody's loss: no wait for the journal.
        self._counters = database.get_collection("counters", write_concern=WriteConcern(w=1))

    @within(WRITE_S)
    async def add(self, increments: Mapping[CounterKey, float]) -> None:
        """Add to many counters in one message."""
        if not increments:
            return
        await self._counters.bulk_write(
            [
                UpdateOne(
                    {"_id": "|".join((metric, *labels))},
                    {
                        "$inc": {"value": by},
                        "$setOnInsert": {"metric": metric, "labels": list(labels)},
                    },
                    upsert=True,
                )
                for (metric, labels), by in increments.items()
            ],
            ordered=False,
        )

    @within(READ_S)
    async def all(self) -> Mapping[CounterKey, float]:
        """Read all counters."""
        return {
            (document["metric"], tuple(document["labels"])): float(document["value"])
            async for document in self._counters.find()
        }
