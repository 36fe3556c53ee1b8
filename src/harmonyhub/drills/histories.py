"""Gives the people of a site something that they played, so that their lists are real."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.jobs import Progress
from harmonyhub.domain.listens import Ledger, LedgerState, Outcome, SourceKind, SourceLine
from harmonyhub.flows.imports import import_history
from harmonyhub.flows.train import run_training
from harmonyhub.sources.starter.library import LibraryArtist, load_library
from harmonyhub.wiring.house import House

N_ARTISTS = 5
N_PLAYS = 30
PLAYED_MS = 200_000
PLAY_EVERY_S = 7 * 3600


@dataclass(frozen=True, slots=True)
class DrawnHistory:
    """What one person played, as the import reads it."""

    plays: tuple[SourceLine, ...]
    kind: SourceKind = SourceKind.DEMO
    broke_off: str | None = None

    def lines(self) -> Iterator[SourceLine]:
        """Give the plays, newest first."""
        return iter(self.plays)


async def give_histories(house: House, user_ids: Iterable[str], *, rng: random.Random) -> None:
    """Import a small history for each user, and learn from all of them once."""
    library = load_library()
    for user_id in map(UserId, user_ids):
        ledger = Ledger(
            id=LedgerId(f"drill-{user_id}"),
            user_id=user_id,
            file_name="drill",
            source=SourceKind.DEMO,
            state=LedgerState.RUNNING,
            started_at=house.clock(),
        )
        await house.store.ledgers.open(ledger)
        history = draw_history(library, now=house.clock(), rng=rng)
        await import_history(house, ledger=ledger, history=history, on_progress=_no_word)
    await run_training(house, on_progress=_no_word)


def draw_history(library: Sequence[LibraryArtist], *, now: int, rng: random.Random) -> DrawnHistory:
    """Draw plays of a few artists over the last days; none ends after `now`."""
    artists = rng.sample(library, N_ARTISTS)
    tracks = [rng.choice(rng.choice(artists).tracks) for _ in range(N_PLAYS)]
    return DrawnHistory(
        tuple(
            SourceLine(
                number=number,
                outcome=Outcome.KEPT,
                played_at=now - number * PLAY_EVERY_S,
                played_ms=PLAYED_MS,
                track=track,
            )
            for number, track in enumerate(tracks, start=1)
        )
    )


def _no_word(_: Progress) -> None:
    """Nobody watches."""
