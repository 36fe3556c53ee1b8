"""What the keeper runs, from ledgers alone."""

import pytest

from harmonyhub.domain.releases import GateVerdict, Release, ReleaseState
from harmonyhub.release.plan import Change, Wanted, came_back, plan, settle_abandoned

State = ReleaseState


def release(
    number: int, state: ReleaseState, *, replaced: int | None = None, live_at: int | None = None
) -> Release:
    """A release; it was live where its state says so, unless told otherwise."""
    never = state in {State.CANDIDATE, State.REFUSED}
    return Release(
        number=number,
        created_at=number,
        version="0",
        code_digest="",
        python="",
        configuration=(),
        configuration_fingerprint="",
        state=state,
        verdict=GateVerdict.PASS,
        replaced=replaced,
        live_at=live_at if live_at is not None else 0 if never else 100 + number,
    )


@pytest.mark.parametrize(
    ("ledger", "wanted"),
    [
        ([], Wanted((), None, None)),
        # The first candidate has a worker of its own: there is no other.
        ([release(1, State.CANDIDATE)], Wanted((1,), None, 1)),
        ([release(1, State.COMMITTED)], Wanted((1,), 1, 1)),
        (
            [release(2, State.CANDIDATE, replaced=1), release(1, State.COMMITTED)],
            Wanted((1, 2), 1, 1),
        ),
        # While it is watched, the one before stays warm.
        ([release(2, State.LIVE, replaced=1), release(1, State.RETIRED)], Wanted((2, 1), 2, 2)),
        ([release(2, State.COMMITTED, replaced=1), release(1, State.RETIRED)], Wanted((2,), 2, 2)),
        (
            [
                release(3, State.REFUSED),
                release(2, State.ROLLED_BACK, replaced=1),
                release(1, State.COMMITTED),
            ],
            Wanted((1,), 1, 1),
        ),
    ],
)
def test_plan(ledger: list[Release], wanted: Wanted) -> None:
    """Candidates, the live one, and its predecessor until it is committed; one worker."""
    assert wanted == plan(ledger)


def test_live_release_that_nobody_watches_goes_back() -> None:
    """A deploy that died after the switch loses its release; while it beats, nothing changes."""
    ledger = [release(2, State.LIVE, replaced=1), release(1, State.RETIRED)]
    assert () == settle_abandoned(ledger, is_watched=True)
    (change,) = settle_abandoned(ledger, is_watched=False)
    assert (2, State.ROLLED_BACK, 1) == (change.number, change.state, change.back_to)


def test_rollback_that_was_cut_off_is_completed() -> None:
    """The release that was returned to is committed, whatever it replaced itself once."""
    ledger = [
        release(3, State.RETIRED, replaced=2),
        release(2, State.LIVE, replaced=1),
        release(1, State.RETIRED),
    ]
    assert (Change(2, State.COMMITTED, ""),) == settle_abandoned(ledger, is_watched=False)


def test_first_release_without_a_watcher_stays() -> None:
    """There is nothing to go back to."""
    ledger = [release(1, State.LIVE)]
    assert (Change(1, State.COMMITTED, ""),) == settle_abandoned(ledger, is_watched=False)


def test_candidate_that_nobody_watches_is_refused() -> None:
    """A new one is refused; one that was live before is retired again."""
    ledger = [
        release(3, State.CANDIDATE, replaced=2),
        release(2, State.COMMITTED, replaced=1),
        release(1, State.CANDIDATE, live_at=7),
    ]
    changes = settle_abandoned(ledger, is_watched=False)
    assert [(3, State.REFUSED), (1, State.RETIRED)] == [(c.number, c.state) for c in changes]


def test_release_that_came_back_is_known() -> None:
    """It came back where a later one was live; a later one that was only refused does not count."""
    first, second = release(1, State.COMMITTED), release(2, State.ROLLED_BACK, replaced=1)
    assert came_back(first, [second, first])
    assert not came_back(first, [release(2, State.REFUSED), first])
    assert not came_back(second, [second, first])
