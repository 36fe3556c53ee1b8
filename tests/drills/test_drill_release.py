"""The act of the releases without the watch, and the load that it counts; the rest: the drill."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from harmonyhub.drills.act_release import play_release
from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.drills.http import Answer, Request, listen
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.site import Ground
from harmonyhub.drills.steady_load import Load
from tests.release.conftest import HAS_HAPROXY


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """Give a MongoDB server of the test's own."""
    async with Ground.open(tmp_path / "ground") as ground:
        yield ground


@pytest.mark.skipif(not HAS_HAPROXY, reason="haproxy is not installed")
@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_without_the_watch_a_release_that_turns_bad_stays(ground: Ground) -> None:
    """With the rollback off there is no way back to be measured, so that the target is missed."""
    guards = Guards.all().without(Guard.ROLLBACK)
    figures = await play_release(ground, seed=3, scale=Scale.short(), guards=guards)
    assert "recovery.rollback_s" not in figures


async def test_load_counts_what_is_not_answered_with_200() -> None:
    """Of requests that come on and on, those that are refused are told, with their status."""
    asked: list[str] = []
    is_enough = asyncio.Event()

    async def answer(request: Request) -> Answer:
        asked.append(request.path)
        if len(asked) == 4:
            is_enough.set()
        return Answer(httpx2.codes.OK if request.path == "/livez" else 503)

    async with (
        listen(answer, now=lambda: 0.0) as port,
        Load.on(f"http://127.0.0.1:{port}", password="any") as load,
    ):
        await is_enough.wait()
    refused = [path for path in asked if path != "/livez"]
    assert load.n_sent == len(asked)
    assert ["503"] * len(refused) == [failure.what for failure in load.failures]
    assert len(refused) in {2, 3}
