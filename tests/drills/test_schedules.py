"""Schedules of faults lose nothing; without single guards they do, so the counts can rise."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from harmonyhub.domain.playlists import PushMode
from harmonyhub.drills.fake_spotify.modes import Fault, Strike
from harmonyhub.drills.losses import Losses
from harmonyhub.drills.schedule_plans import Schedule, draw_schedule
from harmonyhub.drills.schedules import Stage, play_all
from harmonyhub.drills.unguarded_playlists import (
    without_lease,
    without_looking,
    without_refresh_lock,
)
from harmonyhub.wiring.house import House


def story(*strikes: Strike, n_workers: int = 1, mode: PushMode = PushMode.CREATE) -> Schedule:
    """Give a schedule of a household's consent, which rotates, and 130 tracks."""
    return Schedule(
        seed=1,
        is_public=True,
        rotation=1.0,
        mode=mode,
        n_there=0,
        n_tracks=130,
        n_workers=n_workers,
        access_life_s=3600,
        strikes=strikes,
        restarts=(),
    )


async def play(house: House, *schedules: Schedule) -> Losses:
    """Play schedules one after the other."""
    return await play_all([await Stage.prepare(house)], schedules)


@pytest.mark.slow
async def test_nothing_is_lost(house: House) -> None:
    """Over the first schedules; the benchmark plays a thousand."""
    losses = await play(house, *(draw_schedule(seed, may_hang=False) for seed in range(5)))

    assert (5, 0, []) == (losses.n_schedules, losses.n_bad, losses.seeds)
    assert losses.n_faults > 4
    assert losses.n_rotations > 4


@pytest.mark.slow
@pytest.mark.timeout(600)  # silences last seconds each
async def test_nothing_is_lost_in_thirty(house: House) -> None:
    """Other seeds than the short test's, silences among them."""
    losses = await play(house, *(draw_schedule(seed) for seed in range(1000, 1030)))

    assert (30, 0, []) == (losses.n_schedules, losses.n_bad, losses.seeds)


def test_a_seed_is_a_schedule() -> None:
    """What a benchmark names can be played again, and seeds differ."""
    assert draw_schedule(5) == draw_schedule(5)
    assert 50 == len({repr(draw_schedule(seed)) for seed in range(50)})


LOSING = [
    (
        without_looking,
        story(Strike(fault=Fault.LOST_RESET, operation="create-playlist")),
        "duplicate_playlists",
    ),
    (
        without_looking,
        story(Strike(fault=Fault.LOST_RESET, operation="add-items"), mode=PushMode.APPEND),
        "duplicate_items",
    ),
    (without_lease, story(n_workers=2), "duplicate_playlists"),
    (without_refresh_lock, story(n_workers=2), "consents_set_aside_wrongly"),
]


@pytest.mark.parametrize(("guard_off", "schedule", "loss"), LOSING)
@pytest.mark.slow
async def test_a_guard_taken_away_is_missed(
    house: House,
    guard_off: Callable[[], AbstractContextManager[None]],
    schedule: Schedule,
    loss: str,
) -> None:
    """The same story ends well with the guard, and loses just that without it."""
    with guard_off():
        without = await play(house, schedule)
    guarded = await play(house, schedule)

    assert 0 == guarded.n_bad
    assert getattr(without, loss) > 0
