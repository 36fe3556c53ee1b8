"""Uploads that nobody takes: they go after a day, and lost jobs end after a week, each in words."""

import os
import time
from dataclasses import replace
from pathlib import Path

from harmonyhub.domain.ids import JobId, UserId
from harmonyhub.domain.jobs import Job, JobKind, JobState
from harmonyhub.domain.listens import LedgerState
from harmonyhub.flows.imports import submit_import
from harmonyhub.flows.spool import spool
from harmonyhub.flows.tidy_spool import LONE_S, LOST_S, remove_lone_files, tidy_spool
from harmonyhub.jobs.runner import run_job
from harmonyhub.settings.secret import Secret
from harmonyhub.wiring.house import House
from tests.conftest import NOW, SetClock

ANNA = UserId("anna")


def write(path: Path) -> Path:
    """Write a file that is no history."""
    path.write_bytes(b"no history" * 50)
    return path


def on_own_store(house: House, at: int) -> House:
    """Give the house with a MongoDB of its own, so that uploads go there, at some time."""
    settings = replace(house.settings, mongodb_uri=Secret("mongodb://db:27017"))
    return replace(house, settings=settings, clock=lambda: at)


async def test_a_file_without_a_job_goes_after_a_day(house: House, tmp_path: Path) -> None:
    """What a crash left between a file and its job goes, whole or in pieces; what waits stays."""
    now = int(time.time())  # GridFS dates its files by the machine's own clock
    soon, later = (on_own_store(house, now + age) for age in (LONE_S - 60, LONE_S + 60))
    lone = await spool(soon, write(tmp_path / "lone"), name="lone.zip")
    chunks = house.store.uploads._chunks
    await chunks.insert_one({"files_id": "never whole", "n": 0, "data": b"x"})
    job, _ = await submit_import(soon, user_id=ANNA, path=write(tmp_path / "kept"), file_name="a")
    kept = str(job.arguments["upload"])
    await remove_lone_files(soon)
    assert {lone.arguments["upload"], kept, "never whole"} == set(await chunks.distinct("files_id"))
    await remove_lone_files(later)
    assert [kept] == await chunks.distinct("files_id")
    assert [kept] == [file._id async for file in house.store.uploads._bucket.find({})]


async def test_a_file_in_the_spool_goes_after_a_day(house: House, tmp_path: Path) -> None:
    """Likewise on the disk: the file of a job that waits stays, however old."""
    job, _ = await submit_import(house, user_id=ANNA, path=write(tmp_path / "a"), file_name="a")
    kept = Path(str(job.arguments["path"]))
    lone, fresh = write(house.spool_dir / "lone.zip"), write(house.spool_dir / "fresh.zip")
    for path, age_s in ((kept, 9 * LONE_S), (lone, LONE_S + 60), (fresh, LONE_S - 60)):
        os.utime(path, (house.clock() - age_s,) * 2)
    await remove_lone_files(house)
    assert {kept, fresh} == set(house.spool_dir.iterdir())


async def test_the_copy_of_an_upload_that_is_worked_on_stays(house: House, tmp_path: Path) -> None:
    """While a job has run for more than a day, no old file of the disk is taken for a lone one."""
    now = int(time.time())
    begun, later = on_own_store(house, now), on_own_store(house, now + LONE_S + 60)
    await submit_import(begun, user_id=ANNA, path=write(tmp_path / "a"), file_name="a")
    job = await house.store.jobs.claim(worker="w", now=now, lease_s=9 * LONE_S)
    assert job is not None
    copy = write(house.spool_dir / "copy.zip")
    os.utime(copy, (now - LONE_S, now - LONE_S))
    await remove_lone_files(later)
    assert copy.exists()
    await house.store.jobs.finish(job, result={}, now=now + LONE_S)
    await remove_lone_files(later)
    assert not copy.exists()


async def test_a_job_whose_data_folder_is_lost_ends_after_a_week(
    house: House, clock: SetClock, tmp_path: Path
) -> None:
    """It says where it waited, and so does its ledger; one whose folder has a worker goes on."""
    house = replace(house, clock=clock)
    here, lost = house, replace(house, place="0123456789abcdef")
    gone, ledger = await submit_import(
        lost, user_id=ANNA, path=write(tmp_path / "gone"), file_name="gone.zip"
    )
    waiting, _ = await submit_import(
        here, user_id=ANNA, path=write(tmp_path / "here"), file_name="here.zip"
    )
    clock.now = NOW + LOST_S - 60
    await tidy_spool(here)
    assert JobState.QUEUED is (await state_of(house, gone.id)).state
    await house.store.jobs.add(
        kind=JobKind.FOLDER, user_id=None, arguments={}, now=clock.now, place=here.place
    )
    claimed = await house.store.jobs.claim(
        worker="w", now=clock.now, lease_s=30, kinds=[JobKind.FOLDER], place=here.place
    )
    assert claimed is not None
    clock.now = NOW + LOST_S + 60
    await tidy_spool(here)
    ended = await state_of(house, gone.id)
    assert JobState.FAILED is ended.state
    assert "0123456789abcdef" in (ended.error or "")
    assert "7 days" in (ended.error or "")
    assert "Send the file again." == ended.hint
    account = await house.store.ledgers.get(ledger.id)
    assert account is not None
    assert (LedgerState.REFUSED, True) == (account.state, "7 days" in account.note)
    assert JobState.QUEUED is (await state_of(house, waiting.id)).state


async def test_a_job_whose_file_is_gone_says_so(house: House, tmp_path: Path) -> None:
    """A file that was removed from the spool is a reason in words, not three dead processes."""
    job, ledger = await submit_import(
        house, user_id=ANNA, path=write(tmp_path / "a"), file_name="a.zip"
    )
    os.unlink(str(job.arguments["path"]))  # noqa: PTH108 - a path in async code
    claimed = await house.store.jobs.claim(worker="w", now=house.clock(), lease_s=30)
    assert claimed is not None
    await run_job(house, claimed)
    ended = await state_of(house, job.id)
    assert (JobState.FAILED, "Send it again.") == (ended.state, ended.hint)
    account = await house.store.ledgers.get(ledger.id)
    assert account is not None
    assert LedgerState.REFUSED is account.state


async def state_of(house: House, job_id: JobId) -> Job:
    """Load a job as it stands."""
    found = await house.store.jobs.get(job_id)
    assert found is not None
    return found
