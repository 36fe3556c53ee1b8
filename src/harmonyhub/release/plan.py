"""What the keeper should run, decided from the ledger alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from harmonyhub.domain.releases import Release, ReleaseState

HEARTBEAT_LOST_S = 6  # a deploy beats every second; MongoDB may elect a primary in between
LEDGER_PAGE = 50  # how far back one looks; the live release counts however old it is


@dataclass(frozen=True, slots=True)
class Wanted:
    """The releases to run, the one that gets the requests, the one whose worker runs."""

    run: tuple[int, ...]
    serving: int | None
    working: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """A state that the keeper writes into the ledger by itself.

    `back_to` is the release that carries the traffic again.
    """

    number: int
    state: ReleaseState
    note: str
    back_to: int | None = None


def plan(ledger: Sequence[Release]) -> Wanted:
    """Tell what should run: candidates, the live release, and while it is watched its predecessor.

    Parameters
    ----------
    ledger : sequence of Release
        The newest first.
    """
    candidates = [each.number for each in ledger if each.state is ReleaseState.CANDIDATE]
    live = find_live(ledger)
    if live is None:
        # Without a live release the candidate's own worker is the only one there can be.
        return Wanted(tuple(candidates), None, candidates[0] if candidates else None)
    run = [live.number, *candidates]
    if live.state is ReleaseState.LIVE and _predecessor(live, ledger) is not None:
        run.append(int(live.replaced or 0))
    return Wanted(tuple(run), live.number, live.number)


def find_live(ledger: Sequence[Release]) -> Release | None:
    """Find the release that carries the traffic."""
    carrying = (ReleaseState.LIVE, ReleaseState.COMMITTED)
    return next((each for each in ledger if each.state in carrying), None)


def settle_abandoned(ledger: Sequence[Release], *, is_watched: bool) -> tuple[Change, ...]:
    """Tell what becomes of releases whose deploy has ended without a word.

    A candidate is refused; a live one that was never committed gives the traffic back to its
    predecessor, or is committed where it has none or is itself what a rollback returned to.
    """
    if is_watched:
        return ()
    changes = [
        # One that was live before is only being started again.
        Change(each.number, ReleaseState.RETIRED, "")
        if each.live_at
        else Change(each.number, ReleaseState.REFUSED, "the deploy was interrupted")
        for each in ledger
        if each.state is ReleaseState.CANDIDATE
    ]
    live = find_live(ledger)
    if live is not None and live.state is ReleaseState.LIVE:
        before = _predecessor(live, ledger)
        if before is None or came_back(live, ledger):
            changes.append(Change(live.number, ReleaseState.COMMITTED, ""))
        else:
            changes.append(
                Change(
                    live.number,
                    ReleaseState.ROLLED_BACK,
                    "the deploy ended before it had watched this release",
                    back_to=before.number,
                )
            )
    return tuple(changes)


def came_back(release: Release, ledger: Sequence[Release]) -> bool:
    """Whether a later release was live before: this one was returned to.

    It then runs on the values of the ledger. The files that its variables were read from may
    hold by now what the later release was given.
    """
    return any(each.number > release.number and each.live_at > 0 for each in ledger)


def _predecessor(live: Release, ledger: Sequence[Release]) -> Release | None:
    return next((each for each in ledger if each.number == live.replaced), None)
