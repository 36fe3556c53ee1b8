"""Ledgers: the account of each import, one page per batch of lines."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from pymongo import DESCENDING

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.listens import (
    Ledger,
    LedgerState,
    Outcome,
    SourceKind,
    SourceLine,
    Tally,
)
from harmonyhub.storage.documents import Database, read_ledger, storable, write_ledger, write_tally
from harmonyhub.storage.door import READ_S, guarded, within


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line of an import, for the person who downloads its group; never the raw text."""

    number: int
    played_at: int | None
    artist: str
    title: str
    played_ms: int | None
    reason: str

    @classmethod
    def of(cls, line: SourceLine, outcome: Outcome) -> "LedgerRow":
        """Describe a line that was not kept."""
        reason = line.reason
        if outcome is Outcome.DUPLICATE and not reason:
            reason = "this play is known already"
        return cls(
            number=line.number,
            played_at=line.played_at,
            artist=", ".join(line.track.artists) if line.track else "",
            title=line.track.title if line.track else "",
            played_ms=line.played_ms,
            reason=reason,
        )


Rows = Mapping[Outcome, Sequence[LedgerRow]]


@guarded
class Ledgers:
    """All ledgers; a page is written once per batch, however often the batch is run."""

    def __init__(self, database: Database) -> None:
        self._ledgers = database["ledgers"]
        self._pages = database["ledger_pages"]

    async def open(self, ledger: Ledger) -> None:
        """Open an account; one that is open already stays as it is."""
        document = write_ledger(ledger)
        await self._ledgers.update_one(
            {"_id": document.pop("_id")}, {"$setOnInsert": document}, upsert=True
        )

    async def identify(self, ledger_id: LedgerId, *, source: SourceKind) -> None:
        """Write down of which kind the file is."""
        await self._ledgers.update_one({"_id": ledger_id}, {"$set": {"source": source.value}})

    async def commit_batch(
        self, ledger_id: LedgerId, *, number: int, tally: Tally, rows: Rows
    ) -> None:
        """Write the page of one batch, which makes the batch final.

        `rows` holds the lines that were not kept; the kept ones are the listens themselves.
        """
        await self._pages.replace_one(
            {"ledger": ledger_id, "number": number},
            {
                "ledger": ledger_id,
                "number": number,
                "tally": write_tally(tally),
                "rows": {outcome.value: list(map(_write_row, of)) for outcome, of in rows.items()},
            },
            upsert=True,
        )

    async def committed_batches(self, ledger_id: LedgerId) -> set[int]:
        """Tell which batches are final."""
        cursor = self._pages.find({"ledger": ledger_id}, {"_id": 0, "number": 1})
        return {page["number"] async for page in cursor}

    async def finish(self, ledger_id: LedgerId, *, state: LedgerState, note: str, now: int) -> None:
        """Close the account."""
        await self._ledgers.update_one(
            {"_id": ledger_id},
            {"$set": {"state": state.value, "note": storable(note), "finished_at": now}},
        )

    @within(READ_S)
    async def get(self, ledger_id: LedgerId) -> Ledger | None:
        """Load the account as it stands."""
        document = await self._ledgers.find_one({"_id": ledger_id})
        if document is None:
            return None
        tallies = await self._tallies([ledger_id])
        return read_ledger(document, tallies.get(ledger_id, Tally()))

    async def first(self, prefix: str) -> Ledger | None:
        """Load the first one whose id begins like this."""
        ids = {"$gte": prefix, "$lt": f"{prefix}\uffff"}
        found = await self._ledgers.find_one({"_id": ids}, {"_id": 1}, sort=[("_id", 1)])
        return None if found is None else await self.get(LedgerId(found["_id"]))

    @within(READ_S)
    async def of_user(self, user_id: UserId) -> list[Ledger]:
        """List all accounts of a user, newest first."""
        cursor = self._ledgers.find({"user": user_id}).sort(
            [("started_at", DESCENDING), ("_id", DESCENDING)]
        )
        documents = await cursor.to_list()
        tallies = await self._tallies([document["_id"] for document in documents])
        return [
            read_ledger(document, tallies.get(document["_id"], Tally())) for document in documents
        ]

    async def rows(self, ledger_id: LedgerId, outcome: Outcome) -> AsyncIterator[LedgerRow]:
        """Stream the lines of one group, in the order of the file.

        The group of kept lines is with the listens.
        """
        field = f"rows.{outcome.value}"
        cursor = self._pages.find({"ledger": ledger_id, field: {"$exists": True}}, {field: 1})
        async for page in cursor.sort("number"):
            for row in page["rows"][outcome.value]:
                yield LedgerRow(*row)

    async def _tallies(self, ledger_ids: Sequence[LedgerId]) -> dict[LedgerId, Tally]:
        names = tuple(write_tally(Tally()))
        cursor = await self._pages.aggregate(
            [
                {"$match": {"ledger": {"$in": list(ledger_ids)}}},
                {
                    "$group": {
                        "_id": "$ledger",
                        **{name: {"$sum": f"$tally.{name}"} for name in names},
                    }
                },
            ]
        )
        return {page.pop("_id"): Tally(**page) async for page in cursor}


def _write_row(row: LedgerRow) -> list[object]:
    names = storable(row.artist), storable(row.title)
    return [row.number, row.played_at, *names, row.played_ms, storable(row.reason)]
