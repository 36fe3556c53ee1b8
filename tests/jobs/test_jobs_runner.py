"""How a job ends: done, refused with a reason, given back, or taken over by another worker."""

import asyncio
from pathlib import Path

import pytest

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.jobs import Job, JobKind, JobState
from harmonyhub.domain.listens import LedgerState
from harmonyhub.flows.analyse import submit_analysis
from harmonyhub.flows.imports import submit_import
from harmonyhub.flows.train import submit_training
from harmonyhub.jobs import runner
from harmonyhub.jobs.runner import run_job
from harmonyhub.wiring.house import House
from tests.conftest import NOW, SetClock
from tests.tools.spotify_zip import write_listener_zip

ANNA = UserId("anna")


async def claim(house: House, *, worker: str = "here/1") -> Job:
    """Claim the job that waits."""
    job = await house.store.jobs.claim(worker=worker, now=house.clock(), lease_s=30)
    assert job is not None
    return job


async def state_of(house: House, job: Job) -> Job:
    """Load a job as it stands."""
    found = await house.store.jobs.get(job.id)
    assert found is not None
    return found


async def test_an_import_ends_done_and_queues_a_training(house: House, tmp_path: Path) -> None:
    """The uploaded file goes when it is in; what was imported is learned next."""
    path = tmp_path / "upload.zip"
    write_listener_zip(path, n_listens=50)
    job, ledger = await submit_import(house, user_id=ANNA, path=path, file_name="history.zip")
    await run_job(house, await claim(house))

    done = await state_of(house, job)
    assert (JobState.DONE, {"ledger": ledger.id, "lines": 50, "kept": 50}) == (
        done.state,
        done.result,
    )
    assert [] == list(house.spool_dir.iterdir())
    assert JobKind.TRAIN is (await claim(house)).kind


async def test_a_refused_file_fails_its_job_with_a_hint(house: House, tmp_path: Path) -> None:
    """There is no second try for a file that is none of ours, and it does not stay on the disk."""
    path = tmp_path / "upload"
    path.write_bytes(b"no history" * 50)
    job, ledger = await submit_import(house, user_id=ANNA, path=path, file_name="photo.jpg")
    await run_job(house, await claim(house))

    failed = await state_of(house, job)
    assert JobState.FAILED is failed.state
    assert failed.error
    assert failed.hint
    refused = await house.store.ledgers.get(ledger.id)
    assert refused is not None
    assert LedgerState.REFUSED is refused.state
    assert [] == list(house.spool_dir.iterdir())


async def test_audio_that_is_none_fails_its_job(house: House, tmp_path: Path) -> None:
    """The analysis of a text file says what is wrong with it."""
    path = tmp_path / "upload"
    path.write_text("la la la")
    job = await submit_analysis(house, path=path, file_name="song.mp3", user_id=ANNA)
    await run_job(house, await claim(house))
    assert JobState.FAILED is (await state_of(house, job)).state


async def test_an_unavailable_store_gives_the_job_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not the job's fault is tried again, by whoever comes next."""

    async def break_off(*_: object, **__: object) -> None:
        raise UnavailableError("gone for a moment")

    job = await submit_training(house)
    monkeypatch.setattr(runner, "run_training", break_off)
    with pytest.raises(UnavailableError):
        await run_job(house, await claim(house))
    assert JobState.QUEUED is (await state_of(house, job)).state
    assert 2 == (await claim(house)).attempts


async def test_a_job_that_was_taken_over_is_left_to_the_other(
    house: House, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that lost its lease stops its flow and writes nothing more."""
    is_cancelled = asyncio.Event()

    async def take_long(*_: object, **__: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            is_cancelled.set()

    monkeypatch.setattr(runner, "run_training", take_long)
    monkeypatch.setattr(runner, "HEARTBEAT_S", 0.01)
    job = await submit_training(house)
    mine = await claim(house)
    clock.now = NOW + 31
    theirs = await claim(house, worker="there/1")
    await asyncio.wait_for(run_job(house, mine), timeout=10)

    assert is_cancelled.is_set()
    held = await state_of(house, job)
    assert (JobState.RUNNING, theirs.fence) == (held.state, held.fence)
