"""The synthetic journey against a real service, with a real worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harmonyhub.domain.ids import CHECK_USER, UserId
from harmonyhub.domain.music import TrackDescription
from harmonyhub.jobs.leases import LEASE_S
from harmonyhub.jobs.runner import run_job
from harmonyhub.release.journey import run_journey
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from harmonyhub.web.app import build_app
from harmonyhub.web.server import serve
from harmonyhub.wiring.house import House, furnish, system_clock
from tests.journeys.conftest import free_port


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """Serve a house on a free port."""
    port = free_port()
    is_ready = asyncio.Event()
    task = asyncio.create_task(
        serve(build_app(house), host="127.0.0.1", port=port, on_ready=is_ready.set)
    )
    await is_ready.wait()
    yield f"http://127.0.0.1:{port}"
    task.cancel()
    await asyncio.wait([task])


async def work(house: House) -> None:
    """Take jobs as a worker does, in this process."""
    while True:
        job = await house.store.jobs.claim(worker="test", now=system_clock(), lease_s=LEASE_S)
        if job is None:
            await asyncio.sleep(0.05)
        else:
            await run_job(house, job)


@pytest.fixture
def living(house: House) -> House:
    """A house with the real time, since jobs are waited for."""
    return replace(house, clock=system_clock)


async def test_journey_goes_every_step_and_leaves_nothing(living: House, store: Store) -> None:
    """Analysis, feedback and lists work, and afterwards the store holds what it held before."""
    await store.tracks.resolve([TrackDescription(title="Kept", artists=("Somebody",))])
    before = await store.counts()
    worker = asyncio.create_task(work(living))
    async with served(living) as url:
        journey = await run_journey(url, password=None, has_worker=True)
    worker.cancel()

    assert [] == [step for step in journey.steps if not step.is_good]
    assert ["ready", "recommendation", "analysis", "write and read back", "clean up"] == [
        step.name for step in journey.steps
    ]
    assert before == await store.counts()
    assert [] == await store.feedback.current(CHECK_USER)
    assert [] == await store.jobs.recent(10)


async def test_journey_without_a_worker_names_the_step_that_fails(
    living: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Audio that nobody analyses is the bad step, and the journey cleans up after it."""
    monkeypatch.setattr("harmonyhub.release.journey.ANALYSIS_S", 0.3)
    async with served(living) as url:
        journey = await run_journey(url, password=None, has_worker=True)
    assert ["analysis"] == [step.name for step in journey.steps if not step.is_good]
    assert "clean up" == journey.steps[-1].name
    assert [] == await living.store.jobs.recent(10)


async def test_journey_shows_its_password_to_the_service_only(tmp_path: Path, store: Store) -> None:
    """With the right access password it passes; with a wrong one the evidence does not hold it."""
    settings, _ = load_settings(
        {"HARMONYHUB_DATA_DIR": str(tmp_path), "HARMONYHUB_ACCESS_PASSWORD": "a right password"},
        folder=tmp_path,
    )
    assert settings is not None
    house = furnish(settings, store)
    async with served(house) as url:
        good = await run_journey(url, password=Secret("a right password"), has_worker=False)
        bad = await run_journey(url, password=Secret("a wrong password"), has_worker=False)
    assert good.is_good
    assert not bad.is_good
    assert "a wrong password" not in repr(bad)
    assert "401" in bad.steps[1].seen


async def test_nobody_there_is_told_apart(unused_port: int) -> None:
    """Where nobody listens, the journey says that it could not see anything."""
    journey = await run_journey(f"http://127.0.0.1:{unused_port}", password=None, has_worker=False)
    assert journey.is_not_there
    assert journey.steps[0].seen.startswith("no answer")
    assert 1 == len(journey.steps)


async def test_reserved_listener_is_no_user(living: House) -> None:
    """While a journey runs, the list of users does not name its listener."""
    await living.store.users.ensure(CHECK_USER, now=1)
    await living.store.users.ensure(UserId("anna"), now=1)
    assert ["anna"] == await living.store.users.list_all()


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens on."""
    return free_port()
