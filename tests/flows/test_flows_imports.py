"""Imports: every line is accounted for, once, whatever happens in between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.jobs import Progress
from harmonyhub.domain.listens import LedgerState, Outcome, SourceKind, SourceLine, Tally
from harmonyhub.domain.music import TrackDescription
from harmonyhub.flows.imports import (
    BATCH_LINES,
    import_history,
    ledger_group,
    open_ledger,
    settle,
)
from harmonyhub.wiring.house import House

ANNA = UserId("anna")
START = 1_700_000_000


@dataclass
class Lines:
    """A history in memory that can be told to break."""

    content: Sequence[SourceLine]
    kind: SourceKind = SourceKind.SPOTIFY_EXTENDED
    broke_off: str | None = None
    fails_at: int | None = field(default=None)

    def lines(self) -> Iterator[SourceLine]:
        for line in self.content:
            if line.number == self.fails_at:
                raise ConnectionError("the process dies here")
            yield line


def make_lines(n: int) -> list[SourceLine]:
    """Four listens, one short play, in turn; 40 tracks; every 50th line repeats the one before."""
    lines: list[SourceLine] = []
    for number in range(1, n + 1):
        track = TrackDescription(title=f"Song {number % 40}", artists=("Band",))
        outcome = Outcome.TOO_SHORT if number % 5 == 0 else Outcome.KEPT
        same_as = number - 1 if number % 50 == 2 else number
        if same_as != number:
            track = lines[-1].track or track
        lines.append(
            SourceLine(
                number, outcome, played_at=START + 300 * same_as, played_ms=60_000, track=track
            )
        )
    return lines


async def run(house: House, history: Lines, *, user: UserId = ANNA) -> Tally:
    """Import a history under a ledger of its own."""
    ledger = await open_ledger(house, user_id=user, file_name="history.zip")
    done = await import_history(house, ledger=ledger, history=history, on_progress=lambda _: None)
    return done.tally


async def test_every_line_has_one_outcome(house: House) -> None:
    """The ledger balances: 1,000 lines are 1,000 outcomes, the repeated lines are duplicates."""
    assert Tally(kept=780, duplicate=20, too_short=200) == await run(
        house, Lines(make_lines(1_000))
    )
    assert 780 == (await house.store.listens.history(ANNA)).n_listens


async def test_the_same_file_twice_adds_nothing(house: House) -> None:
    """A second import of the same file finds duplicates only."""
    await run(house, Lines(make_lines(1_000)))
    assert Tally(duplicate=800, too_short=200) == await run(house, Lines(make_lines(1_000)))
    assert 780 == (await house.store.listens.history(ANNA)).n_listens


@pytest.mark.slow
async def test_an_import_that_died_goes_on_and_counts_as_if_it_had_not(house: House) -> None:
    """After a crash in the third batch the same ledger ends with the figures of a quiet run."""
    lines = make_lines(3 * BATCH_LINES)
    quiet = await run(house, Lines(lines), user=UserId("ben"))
    ledger = await open_ledger(house, user_id=ANNA, file_name="anna.zip")
    reported: list[Progress] = []
    with pytest.raises(ConnectionError):
        await import_history(
            house,
            ledger=ledger,
            history=Lines(lines, fails_at=2 * BATCH_LINES + 10),
            on_progress=reported.append,
        )
    assert await house.store.ledgers.committed_batches(ledger.id) < {0, 1, 2}

    done = await import_history(
        house, ledger=ledger, history=Lines(lines), on_progress=lambda _: None
    )

    assert LedgerState.COMPLETE is done.state
    assert quiet == done.tally
    assert quiet.kept == (await house.store.listens.history(ANNA)).n_listens


async def test_a_batch_without_its_page_in_the_ledger_is_counted_as_kept(house: House) -> None:
    """Listens stored just before a crash are kept ones of that ledger, not duplicates."""
    lines = make_lines(100)
    ledger = await open_ledger(house, user_id=ANNA, file_name="anna.zip")
    first = await import_history(
        house, ledger=ledger, history=Lines(lines), on_progress=lambda _: None
    )
    await house.store.ledgers._pages.delete_many({})
    again = await import_history(
        house, ledger=ledger, history=Lines(lines), on_progress=lambda _: None
    )
    assert first.tally == again.tally


async def test_a_file_that_broke_off_keeps_what_was_read(house: House) -> None:
    """A broken file ends as a partial import with its reason, not as a failure."""
    ledger = await open_ledger(house, user_id=ANNA, file_name="anna.zip")
    done = await import_history(
        house,
        ledger=ledger,
        history=Lines(make_lines(10), broke_off="the ZIP ends in the middle"),
        on_progress=lambda _: None,
    )
    assert LedgerState.PARTIAL is done.state
    assert "the ZIP ends in the middle" == done.note
    assert 10 == done.tally.lines


async def test_each_group_can_be_read_back(house: House) -> None:
    """The lines of a group are those that were counted, by their numbers."""
    ledger = await open_ledger(house, user_id=ANNA, file_name="anna.zip")
    await import_history(
        house, ledger=ledger, history=Lines(make_lines(20)), on_progress=lambda _: None
    )
    groups = {
        outcome: sorted([row.number async for row in ledger_group(house, ledger.id, outcome)])
        for outcome in Outcome
    }
    assert [5, 10, 15, 20] == groups[Outcome.TOO_SHORT]
    assert [2] == groups[Outcome.DUPLICATE]
    assert list(range(1, 21)) == sorted(n for numbers in groups.values() for n in numbers)


def test_the_verdict_of_the_store_stands_for_listens_only() -> None:
    """What the door turned away stays so; what it let in is kept or a duplicate."""
    track = TrackDescription(title="Song", artists=("Band",))
    lines = [
        SourceLine(1, Outcome.KEPT, played_at=START, track=track),
        SourceLine(2, Outcome.NOT_MUSIC, reason="podcast"),
        SourceLine(3, Outcome.KEPT, played_at=START, track=track),
        SourceLine(4, Outcome.UNREADABLE, reason="no title"),
    ]
    rows, tally = settle(lines, stored=[Outcome.KEPT, Outcome.DUPLICATE])
    assert Tally(kept=1, duplicate=1, not_music=1, unreadable=1) == tally
    assert [3] == [row.number for row in rows[Outcome.DUPLICATE]]
    assert ["podcast"] == [row.reason for row in rows[Outcome.NOT_MUSIC]]
