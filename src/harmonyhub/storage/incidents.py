"""Incidents: opened once per cause, with a timeline that is only added to."""

import uuid
from contextlib import suppress

import msgspec
from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from harmonyhub.domain.errors import ConflictError
from harmonyhub.domain.incidents import Diagnosis, Event, EventKind, Incident
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

OPEN: Document = {"resolved_at": 0}


@guarded
class Incidents:
    """All incidents. Times are unix seconds UTC, given by the caller.

    Every change answers with the incident as it is now, or with None where it no longer applies:
    of several processes that make the same change, one gets the incident.
    """

    def __init__(self, database: Database) -> None:
        self._incidents = database["incidents"]

    @within(WRITE_S)
    async def open(self, diagnosis: Diagnosis, *, now: int) -> Incident:
        """Open an incident, or give the open one that has the same causes."""
        incident = Incident(
            id=uuid.uuid4().hex[:8],
            diagnosis=diagnosis,
            opened_at=now,
            timeline=(Event(now, EventKind.OPENED, _headline(diagnosis)),),
        )
        document: Document = msgspec.to_builtins(incident)
        del document["id"]
        wanted: Document = {"key": diagnosis.key, **OPEN}
        while (found := await self._incidents.find_one(wanted)) is None:
            # Another process may open it at the same moment; then that one is found.
            with suppress(DuplicateKeyError):
                await self._incidents.insert_one({**document, **wanted, "_id": incident.id})
        return _read(found)

    @within(WRITE_S)
    async def update_diagnosis(
        self, incident_id: str, diagnosis: Diagnosis, *, now: int
    ) -> Incident | None:
        """Replace what is known of an open incident; other causes are told in its timeline.

        Raises
        ------
        ConflictError
            If another open incident has these causes.
        """
        change: Document = {
            "$set": {"diagnosis": msgspec.to_builtins(diagnosis), "key": diagnosis.key}
        }
        told = _push(now, EventKind.DIAGNOSED, _headline(diagnosis))
        try:
            changed = await self._change(
                {"_id": incident_id, "key": {"$ne": diagnosis.key}}, {**change, **told}
            )
            return changed or await self._change({"_id": incident_id}, change)
        except DuplicateKeyError as error:
            raise ConflictError(
                f"Another open incident has the causes {diagnosis.key}.",
                hint=f"Resolve incident {incident_id} in favour of that one.",
            ) from error

    @within(WRITE_S)
    async def add_event(self, incident_id: str, event: Event) -> None:
        """Add one line to the timeline."""
        await self._incidents.update_one(
            {"_id": incident_id}, _push(event.at, event.kind, event.text)
        )

    @within(WRITE_S)
    async def mark_notified(self, incident_id: str, *, now: int, text: str) -> Incident | None:
        """Write down that the first contact was reached for the first time."""
        return await self._change(
            {"_id": incident_id, "notified_at": 0},
            {"$set": {"notified_at": now}, **_push(now, EventKind.NOTIFIED, text)},
        )

    @within(WRITE_S)
    async def acknowledge(self, incident_id: str, *, by: str, now: int) -> Incident | None:
        """Write down who takes care of it; the first one stands."""
        return await self._change(
            {"_id": incident_id, "acknowledged_at": 0},
            {
                "$set": {"acknowledged_at": now, "acknowledged_by": by},
                **_push(now, EventKind.ACKNOWLEDGED, by),
            },
        )

    @within(WRITE_S)
    async def mark_escalated(self, incident_id: str, *, now: int, text: str) -> Incident | None:
        """Write down that the second contact was called, unless somebody takes care already."""
        return await self._change(
            {"_id": incident_id, "acknowledged_at": 0, "escalated_at": 0},
            {"$set": {"escalated_at": now}, **_push(now, EventKind.ESCALATED, text)},
        )

    @within(WRITE_S)
    async def resolve(self, incident_id: str, *, now: int, text: str) -> Incident | None:
        """Close it, and say what ended it."""
        return await self._change(
            {"_id": incident_id},
            {
                "$set": {"resolved_at": now, "resolution": text},
                **_push(now, EventKind.RESOLVED, text),
            },
        )

    @within(READ_S)
    async def current(self) -> list[Incident]:
        """List what is open, the oldest first."""
        cursor = self._incidents.find(OPEN).sort([("opened_at", ASCENDING), ("_id", ASCENDING)])
        return [_read(document) async for document in cursor]

    @within(READ_S)
    async def recent(self, limit: int) -> list[Incident]:
        """List the newest incidents, open or not, the newest first."""
        cursor = self._incidents.find().sort([("opened_at", DESCENDING), ("_id", ASCENDING)])
        return [_read(document) async for document in cursor.limit(limit)]

    @within(READ_S)
    async def get(self, incident_id: str) -> Incident | None:
        """Load an incident."""
        document = await self._incidents.find_one({"_id": incident_id})
        return _read(document) if document else None

    async def _change(self, wanted: Document, change: Document) -> Incident | None:
        document = await self._incidents.find_one_and_update(
            {**wanted, **OPEN}, change, return_document=ReturnDocument.AFTER
        )
        return _read(document) if document else None


def _headline(diagnosis: Diagnosis) -> str:
    return "; ".join(f"{cause.check_id} {cause.message}" for cause in diagnosis.causes)


def _push(at: int, kind: EventKind, text: str) -> Document:
    return {"$push": {"timeline": {"at": at, "kind": kind.value, "text": text}}}


def _read(document: Document) -> Incident:
    return msgspec.convert({**document, "id": document["_id"]}, Incident)
