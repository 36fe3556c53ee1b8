"""The demo library into an empty data folder: generated listeners, a model, analysed pieces."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harmonyhub.domain.errors import ConflictError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.jobs import Progress, Report
from harmonyhub.domain.listens import Ledger, LedgerState, SourceKind, SourceLine
from harmonyhub.flows.folder_analysis import run_folder_analysis
from harmonyhub.flows.generated import demo_ledger_id, find_demo
from harmonyhub.flows.imports import import_history
from harmonyhub.flows.train import run_training
from harmonyhub.sources.demo.listeners import DemoHistory, generate_listeners
from harmonyhub.sources.demo.pieces import synthesize_pieces
from harmonyhub.sources.starter.library import load_library
from harmonyhub.wiring.house import House

SEED = 20_240_814
FILE_NAME = "demo library (generated)"


@dataclass(frozen=True, slots=True)
class DemoFile:
    """A generated history in the shape of a history file."""

    history: DemoHistory
    kind: SourceKind = SourceKind.DEMO
    broke_off: str | None = None

    def lines(self) -> Iterator[SourceLine]:
        """Give the generated lines."""
        return iter(self.history.lines)


async def load_demo(house: House, *, on_progress: Report) -> None:
    """Load the demo library; a load that broke off goes on, a finished one costs nothing.

    Raises
    ------
    ConflictError
        If the data folder holds listeners already, and no demo.
    """
    first = await find_demo(house)
    pieces = house.settings.data_dir / "demo-pieces"
    if first is None or not await asyncio.to_thread(pieces.is_dir):
        await _load_listeners(house, first=first, on_progress=on_progress)
    # Made after all listeners: where it is, who is not there has left, and stays away.
    await asyncio.to_thread(synthesize_pieces, pieces)
    await run_folder_analysis(house, folder=pieces, on_progress=on_progress)
    if await house.store.models.current() is None:
        await run_training(house, on_progress=on_progress)


async def _load_listeners(house: House, *, first: Ledger | None, on_progress: Report) -> None:
    now = first.started_at if first else house.clock()
    histories = await asyncio.to_thread(_generate, now)
    if first is None:  # who came later was let in by the demo itself
        _refuse_strangers(await house.store.users.list_all(), histories)

    for number, history in enumerate(histories):
        on_progress(
            Progress(
                done=number, total=len(histories), unit="listeners", message="loading the demo"
            )
        )
        await _load_listener(house, history=history, now=now)


def _generate(now: int) -> list[DemoHistory]:
    return list(generate_listeners(load_library(), now=now, rng=np.random.default_rng(SEED)))


def _refuse_strangers(present: Iterable[UserId], histories: Sequence[DemoHistory]) -> None:
    strangers = sorted(set(present) - {history.user_id for history in histories})
    if strangers:
        raise ConflictError(
            f"This data folder has listeners of its own ({', '.join(strangers[:3])}); generated "
            "ones would change their recommendations.",
            hint="Set HARMONYHUB_DATA_DIR to another folder for the demo, or leave it unset.",
        )


async def _load_listener(house: House, *, history: DemoHistory, now: int) -> None:
    ledger_id = demo_ledger_id(history.user_id)
    ledger = await house.store.ledgers.get(ledger_id)
    if ledger is not None and ledger.state is LedgerState.COMPLETE:
        return
    if ledger is None:
        ledger = Ledger(
            id=ledger_id,
            user_id=history.user_id,
            file_name=FILE_NAME,
            source=SourceKind.DEMO,
            state=LedgerState.RUNNING,
            started_at=now,
        )
        await house.store.users.ensure(history.user_id, now=now)
        await house.store.ledgers.open(ledger)
    await import_history(
        house, ledger=ledger, history=DemoFile(history), on_progress=lambda _: None
    )
