"""Listening history in: from a file alone, in batches that survive a crash, with a ledger."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from itertools import islice
from pathlib import Path
from typing import Protocol

from harmonyhub.domain.errors import NotFoundError, RefusedInputError
from harmonyhub.domain.ids import LedgerId, TrackId, UserId
from harmonyhub.domain.jobs import Job, JobKind, Progress, Report
from harmonyhub.domain.listens import (
    Ledger,
    LedgerState,
    Outcome,
    SourceKind,
    SourceLine,
    Tally,
)
from harmonyhub.domain.music import TrackDescription
from harmonyhub.flows.leave import check_stays, stop_if_gone
from harmonyhub.flows.spool import spool
from harmonyhub.sources.history import read_history
from harmonyhub.storage.ledgers import LedgerRow
from harmonyhub.storage.listens import NewListen
from harmonyhub.wiring.house import House

BATCH_LINES = 5_000  # 20 to 100 ms at the store; pages of a ledger are numbered by it
KNOWN_TRACKS = 30_000  # descriptions remembered during one import, about 20 MB


async def submit_import(
    house: House, *, user_id: UserId, path: Path, file_name: str
) -> tuple[Job, Ledger]:
    """Take over a spooled file, open its ledger and queue the import."""
    ledger = await open_ledger(house, user_id=user_id, file_name=file_name)
    spooled = await spool(house, path, name=f"{ledger.id}{path.suffix}")
    job = await house.store.jobs.add(
        kind=JobKind.IMPORT,
        user_id=user_id,
        arguments={"ledger": ledger.id, **spooled.arguments},
        now=house.clock(),
        key=f"import:{ledger.id}",
        place=spooled.place,
    )
    await check_stays(house, user_id)
    return job, ledger


async def open_ledger(house: House, *, user_id: UserId, file_name: str) -> Ledger:
    """Open the account of one import."""
    now = house.clock()
    await house.store.users.ensure(user_id, now=now)
    ledger = Ledger(
        id=LedgerId(uuid.uuid4().hex),
        user_id=user_id,
        file_name=file_name,
        source=None,
        state=LedgerState.RUNNING,
        started_at=now,
    )
    await house.store.ledgers.open(ledger)
    await check_stays(house, user_id)
    return ledger


async def run_import(house: House, *, ledger: Ledger, path: Path, on_progress: Report) -> Ledger:
    """Read a file into the store; run again after a crash, it goes on where it stopped.

    Raises
    ------
    RefusedInputError
        If the file is none that we read; its ledger says so and stays.
    """
    try:
        history = await asyncio.to_thread(read_history, path)
        return await import_history(house, ledger=ledger, history=history, on_progress=on_progress)
    except RefusedInputError as error:
        await refuse_ledger(house, ledger.id, why=f"{error.message} {error.hint}".strip())
        raise


async def refuse_ledger(house: House, ledger_id: LedgerId, *, why: str) -> None:
    """Close the account of an import that cannot be done."""
    await house.store.ledgers.finish(
        ledger_id, state=LedgerState.REFUSED, note=why, now=house.clock()
    )


class History(Protocol):
    """What an import reads: a file of any kind, or the generated history of the demo."""

    @property
    def kind(self) -> SourceKind:
        """Where the listens come from."""

    @property
    def broke_off(self) -> str | None:
        """Why the lines ended early, once they have been read; None if they did not."""

    def lines(self) -> Iterator[SourceLine]:
        """Give the lines, in the same order at every reading."""


async def import_history(
    house: House, *, ledger: Ledger, history: History, on_progress: Report
) -> Ledger:
    """Store all lines of a history and close its ledger."""
    await house.store.ledgers.identify(ledger.id, source=history.kind)
    await _store_lines(house, ledger=ledger, history=history, on_progress=on_progress)

    state = LedgerState.PARTIAL if history.broke_off else LedgerState.COMPLETE
    await house.store.ledgers.finish(
        ledger.id, state=state, note=history.broke_off or "", now=house.clock()
    )
    await house.store.users.touch(ledger.user_id)
    return await load_ledger(house, ledger.id)


async def _store_lines(
    house: House, *, ledger: Ledger, history: History, on_progress: Report
) -> None:
    committed = await house.store.ledgers.committed_batches(ledger.id)
    known: dict[TrackDescription, TrackId] = {}
    n_lines = 0
    async with aclosing(_batches(history.lines())) as batches:
        number = 0
        async for batch in batches:
            if number not in committed:
                await _store_batch(
                    house,
                    ledger=ledger,
                    source=history.kind,
                    number=number,
                    lines=batch,
                    known=known,
                )
            if number == 0:  # the newest listens: a first list need not wait for the rest
                await house.store.users.touch(ledger.user_id)
            number += 1
            n_lines += len(batch)
            on_progress(Progress(done=n_lines, unit="lines", message="importing"))


async def _batches(lines: Iterator[SourceLine]) -> AsyncGenerator[list[SourceLine], None]:
    """Parse the next batch in a thread while MongoDB works on this one."""
    upcoming = asyncio.create_task(asyncio.to_thread(_take, lines))
    try:
        while batch := await upcoming:
            upcoming = asyncio.create_task(asyncio.to_thread(_take, lines))
            yield batch
    finally:  # a thread that still reads must not outlive the file
        await asyncio.gather(upcoming, return_exceptions=True)


def _take(lines: Iterator[SourceLine]) -> list[SourceLine]:
    return list(islice(lines, BATCH_LINES))


async def _store_batch(
    house: House,
    *,
    ledger: Ledger,
    source: SourceKind,
    number: int,
    lines: Sequence[SourceLine],
    known: dict[TrackDescription, TrackId],
) -> None:
    """Store one batch: tracks, listens, and last its page of the ledger, which makes it final."""
    listens = [line for line in lines if line.outcome is Outcome.KEPT]
    await _learn_tracks(house, lines=listens, known=known)
    outcomes = await house.store.listens.add(
        user_id=ledger.user_id,
        ledger_id=ledger.id,
        source=source,
        listens=[
            NewListen(
                number=line.number,
                track_id=known[line.track],
                played_at=line.played_at,
                played_ms=line.played_ms,
                is_skipped=line.is_skipped,
            )
            for line in listens
            if line.track is not None and line.played_at is not None
        ],
    )
    rows, tally = settle(lines, stored=outcomes)
    await house.store.ledgers.commit_batch(ledger.id, number=number, tally=tally, rows=rows)
    await stop_if_gone(house, ledger)


async def _learn_tracks(
    house: House, *, lines: Sequence[SourceLine], known: dict[TrackDescription, TrackId]
) -> None:
    if len(known) > KNOWN_TRACKS:
        known.clear()
    new = list({line.track: None for line in lines if line.track and line.track not in known})
    known.update(zip(new, await house.store.tracks.resolve(new), strict=True))


def settle(
    lines: Sequence[SourceLine], *, stored: Sequence[Outcome]
) -> tuple[dict[Outcome, list[LedgerRow]], Tally]:
    """Account for every line of a batch: the store's word for listens, the door's for the rest.

    `stored` has one outcome for each line that the door called KEPT, in their order.
    """
    verdicts = iter(stored)
    rows: dict[Outcome, list[LedgerRow]] = {}
    counts = dict.fromkeys(Outcome, 0)
    for line in lines:
        outcome = next(verdicts) if line.outcome is Outcome.KEPT else line.outcome
        counts[outcome] += 1
        if outcome is not Outcome.KEPT:
            rows.setdefault(outcome, []).append(LedgerRow.of(line, outcome))
    return rows, Tally(**{outcome.value: n for outcome, n in counts.items()})


async def load_ledger(house: House, ledger_id: LedgerId) -> Ledger:
    """Load the account of one import as it stands.

    Raises
    ------
    NotFoundError
        If there is none with that id.
    """
    ledger = await house.store.ledgers.get(ledger_id)
    if ledger is None:
        raise NotFoundError(
            f"There is no import {ledger_id}.", hint="GET /api/v1/users/{user}/imports lists them."
        )
    return ledger


async def ledger_group(
    house: House, ledger_id: LedgerId, outcome: Outcome
) -> AsyncIterator[LedgerRow]:
    """Stream the lines of one group of an import."""
    await load_ledger(house, ledger_id)
    if outcome is Outcome.KEPT:
        rows = house.store.listens.of_ledger(ledger_id)
    else:
        rows = house.store.ledgers.rows(ledger_id, outcome)
    async for row in rows:
        yield row
