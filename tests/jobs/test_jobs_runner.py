"""How a job ends: done, refused with a reason, given back, or taken over by another worker."""

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.jobs import Job, JobKind, JobState
from harmonyhub.domain.listens import LedgerState
from harmonyhub.flows import spool as spooling
from harmonyhub.flows.analyse import submit_analysis
from harmonyhub.flows.imports import submit_import
from harmonyhub.flows.orders import submit_training
from harmonyhub.jobs import runner
from harmonyhub.jobs.runner import run_job
from harmonyhub.settings.secret import Secret
from harmonyhub.wiring.house import House, furnish
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


def on_shared_store(house: House, folder: Path) -> House:
    """Give the same house as seen from a data folder of its own, with a MongoDB of its own."""
    settings = replace(house.settings, data_dir=folder, mongodb_uri=Secret("mongodb://db:27017"))
    return replace(furnish(settings, house.store), clock=house.clock)


@pytest.mark.parametrize("is_large", [False, True])
async def test_a_worker_elsewhere_takes_what_it_can_see(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_large: bool
) -> None:
    """An upload goes to a worker with another data folder, unless it is too large for that."""
    if is_large:
        monkeypatch.setattr(spooling, "SHARED_BYTES_MAX", 100)
    here, there = (on_shared_store(house, tmp_path / name) for name in ("here", "there"))
    assert here.place != there.place
    path = tmp_path / "upload.zip"
    write_listener_zip(path, n_listens=50)
    job, _ = await submit_import(here, user_id=ANNA, path=path, file_name="history.zip")
    assert is_large == any(here.spool_dir.iterdir())
    taken = await claim_at(there)
    if is_large:
        assert taken is None
        taken = await claim_at(here)
    assert taken is not None
    await run_job(here if is_large else there, taken)

    assert 50 == ((await state_of(house, job)).result or {})["kept"]
    assert [] == [*here.spool_dir.iterdir(), *there.spool_dir.iterdir()]
    assert [] == [file async for file in house.store.uploads._bucket.find({})]


async def claim_at(house: House) -> Job | None:
    """Claim a job as the worker of this data folder does."""
    return await house.store.jobs.claim(
        worker="w/1", now=house.clock(), lease_s=30, place=house.place
    )


@pytest.mark.parametrize("is_shared", [True, False])
async def test_an_upload_stays_for_another_try(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_shared: bool
) -> None:
    """When the store goes away in the middle, the next worker finds the upload still there."""

    async def break_off(*_: object, **__: object) -> None:
        raise UnavailableError("gone for a moment")

    here = there = house
    if is_shared:
        here, there = (on_shared_store(house, tmp_path / name) for name in ("here", "there"))
    path = tmp_path / "upload.zip"
    write_listener_zip(path, n_listens=50)
    job, _ = await submit_import(here, user_id=ANNA, path=path, file_name="history.zip")
    with monkeypatch.context() as patched:
        patched.setattr(runner, "run_import", break_off)
        with pytest.raises(UnavailableError):
            await run_job(there, await claim(there))
    assert is_shared == (not any(there.spool_dir.iterdir()))
    await run_job(here, await claim(here))
    assert [] == list(here.spool_dir.iterdir())
    assert 50 == ((await state_of(house, job)).result or {})["kept"]


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


@pytest.mark.slow
def test_an_analysis_that_never_ends_is_ended() -> None:
    """The process of a job gets a limit of processor time, which the system sees to."""
    program = "from harmonyhub.jobs.child import limit_cpu\nlimit_cpu(3)\nwhile True: pass"
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=100)
    assert -signal.SIGXCPU == ended.returncode
