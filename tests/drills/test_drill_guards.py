"""Guards turned off one at a time: without any of them an act misses its target."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harmonyhub.drills.act_quiet import play_quiet
from harmonyhub.drills.act_rejection import play_rejection
from harmonyhub.drills.act_secrets import play_secrets
from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.scorecard import TARGETS, Figure
from harmonyhub.drills.site import Ground
from harmonyhub.drills.unguarded import unguarded

SMALL = replace(Scale.short(), n_users=12, virtual_hours=4)
ALL = Guards.all()
REVOKED, FOREIGN = 1, 3  # seeds that draw these ways to be rejected


async def play_day(folder: Path, guards: Guards, *, seed: int = REVOKED) -> Mapping[str, Figure]:
    """Play a day of rejection and the search after it."""
    async with Ground.open(folder) as ground:
        day = await play_rejection(ground, seed=seed, scale=SMALL, guards=guards)
        return {**day, **await play_secrets(ground, seed=seed, scale=SMALL, guards=guards)}


def missed(figures: Mapping[str, Figure]) -> set[str]:
    """Name the targets that figures miss; the latency of a busy test machine is not judged."""
    judged = {target.key: target for target in TARGETS if target.key in figures}
    del judged["users.p95_ratio"]
    return {key for key, target in judged.items() if not target.is_met_by(figures[key].value)}


@pytest.mark.parametrize("guard", Guard)
def test_every_guard_comes_off(guard: Guard) -> None:
    """What it replaces is still where it was: a drill would find out minutes later."""
    with unguarded(Guards.all().without(guard)):
        pass


@pytest.mark.slow
async def test_consents_of_another_app_cost_nobody_a_list(tmp_path: Path) -> None:
    """While every consent is refused one by one, everybody is served, and no secret is left."""
    assert set() == missed(await play_day(tmp_path, ALL, seed=FOREIGN))


@pytest.mark.slow
async def test_readers_that_ask_spotify_are_not_served(tmp_path: Path) -> None:
    """Without STORED_READS users are lost within the hour in which their tokens end."""
    figures = await play_day(tmp_path, ALL.without(Guard.STORED_READS))
    assert {"users.served", "users.reads"} <= missed(figures)
    assert figures["users.served"].value <= 30


@pytest.mark.slow
async def test_secrets_that_are_not_sealed_are_found(tmp_path: Path) -> None:
    """Without SEALING refresh tokens stand in the database."""
    figures = await play_day(tmp_path, ALL.without(Guard.SEALING))
    assert {"secrets.found"} == missed(figures)


@pytest.mark.slow
async def test_without_owners_people_are_woken_for_nothing(tmp_path: Path) -> None:
    """Without OWNERS a ratio of errors pages in a quiet month; with it, nobody is woken."""
    off = ALL.without(Guard.OWNERS)
    async with Ground.open(tmp_path) as ground:
        with_it = await play_quiet(ground, seed=1, scale=SMALL, guards=ALL)
        without = await play_quiet(ground, seed=1, scale=SMALL, guards=off)
    assert with_it["quiet.false_pages"].value == 0
    assert without["quiet.false_pages"].value > 0
