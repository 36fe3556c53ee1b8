"""What the whole fleet knows about each upstream: one document each, changed one at a time."""

from collections.abc import Callable

import msgspec
from pymongo.errors import DuplicateKeyError

from harmonyhub.domain.errors import ConflictError
from harmonyhub.domain.upstreams import UpstreamState
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

# In each round somebody's update succeeds; more than this many at once would be a fault of ours.
MAX_ROUNDS = 100


@guarded
class Upstreams:
    """The states of all upstreams."""

    def __init__(self, database: Database) -> None:
        self._upstreams = database["upstreams"]

    @within(READ_S)
    async def load(self, name: str) -> UpstreamState:
        """Load what is known of an upstream; that of one never called is the default."""
        document = await self._upstreams.find_one({"_id": name})
        return _read(document) if document else UpstreamState(name=name)

    @within(WRITE_S)
    async def update(
        self, name: str, change: Callable[[UpstreamState], UpstreamState]
    ) -> UpstreamState:
        """Change the state, and see that nobody else's change is lost.

        Parameters
        ----------
        change : callable
            Pure: it is called again on the newer state when another process was faster.

        Raises
        ------
        ConflictError
            If others were faster again and again.
        """
        for _ in range(MAX_ROUNDS):
            document = await self._upstreams.find_one({"_id": name})
            old = _read(document) if document else UpstreamState(name=name)
            new = change(old)
            if document is not None and new == old:
                return old
            if await self._replace(name, document, new):
                return new
        raise ConflictError(
            f"The state of {name} is changed by too many processes at once.",
            hint="See how many instances of HarmonyHub use this database.",
        )

    @within(WRITE_S)
    async def claim_probe(self, name: str, *, now: int, next_at: int) -> bool:
        """Take the right to probe now; exactly one process gets it until `next_at`."""
        fresh = _write(UpstreamState(name=name, next_probe_at=next_at))
        kept = {field: value for field, value in fresh.items() if field != "next_probe_at"}
        try:
            change = await self._upstreams.update_one(
                {"_id": name, "next_probe_at": {"$lte": now}},
                {
                    "$set": {"next_probe_at": next_at},
                    "$inc": {"revision": 1},
                    "$setOnInsert": kept,
                },
                upsert=True,
            )
        except DuplicateKeyError:
            return False  # it is there, and its next probe is not due
        return change.modified_count == 1 or change.upserted_id is not None

    async def _replace(self, name: str, seen: Document | None, new: UpstreamState) -> bool:
        if seen is not None:
            revision = seen["revision"]
            written = await self._upstreams.replace_one(
                {"_id": name, "revision": revision}, {**_write(new), "revision": revision + 1}
            )
            return written.modified_count == 1
        try:
            await self._upstreams.insert_one({"_id": name, **_write(new), "revision": 1})
        except DuplicateKeyError:
            return False
        return True


def _read(document: Document) -> UpstreamState:
    return msgspec.convert({**document, "name": document["_id"]}, UpstreamState)


def _write(state: UpstreamState) -> Document:
    fields: Document = msgspec.to_builtins(state)
    del fields["name"]
    return fields
