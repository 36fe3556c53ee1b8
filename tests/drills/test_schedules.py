"""Schedules of faults lose nothing; without single guards they do, so the counts can rise."""

from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack
from pathlib import Path

import pytest

from benchmarks.playlists import N_LANES, open_stage
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
async def test_nothing_is_lost(mongodb_uri: str, tmp_path: Path) -> None:
    """Over thirty schedules, silences among them, in six lanes; the benchmark plays a thousand."""
    async with AsyncExitStack() as stack:
        stages = [await open_stage(stack, mongodb_uri, tmp_path) for _ in range(N_LANES)]
        losses = await play_all(stages, [draw_schedule(seed) for seed in range(1000, 1030)])

    assert (30, 0, []) == (losses.n_schedules, losses.n_bad, losses.seeds)
    assert losses.n_faults > 30
    assert losses.n_rotations > 30


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
