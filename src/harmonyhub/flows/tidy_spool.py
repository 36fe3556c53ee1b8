"""Uploads that nobody will ever take: files without a job, and jobs without their data folder."""

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from harmonyhub.domain.ids import LedgerId
from harmonyhub.domain.jobs import Job, JobKind, JobState
from harmonyhub.flows.imports import refuse_ledger
from harmonyhub.wiring.house import House

LONE_S: Final = 24 * 3600  # between a file and its job lie seconds; a day later none will come
LOST_DAYS: Final = 7  # a machine that is away for a weekend and a few days comes back to its jobs
LOST_S: Final = LOST_DAYS * 24 * 3600
WITH_FILES: Final = (JobKind.IMPORT, JobKind.ANALYSE)


async def tidy_spool(house: House) -> None:
    """Remove files that no job is for, and end jobs whose data folder is lost."""
    await give_up_lost_jobs(house)
    await remove_lone_files(house)


async def give_up_lost_jobs(house: House) -> list[Job]:
    """End jobs that wait for a data folder where no worker has been for a week; list them."""
    now = house.clock()
    given_up = []
    for job, place in await house.store.jobs.lost(before=now - LOST_S):
        error = (
            f"This waits for the data folder {place}, where no worker has taken a job for "
            f"{LOST_DAYS} days: it is lost, or its worker is."
        )
        hint = (
            "Send the file again."
            if job.kind in WITH_FILES
            else "A worker that starts on that folder (harmonyhub work) does it anew."
        )
        if not await house.store.jobs.give_up(job, error=error, hint=hint, now=now):
            continue
        if job.kind is JobKind.IMPORT:
            ledger_id = LedgerId(str(job.arguments["ledger"]))
            await refuse_ledger(house, ledger_id, why=f"{error} {hint}")
        given_up.append(job)
    return given_up


async def remove_lone_files(house: House) -> None:
    """Remove files of a day ago or older that belong to no job which waits or runs.

    They stay behind where a process dies between a file and its job, or three times over one file.
    """
    before = house.clock() - LONE_S
    jobs = await house.store.jobs.unfinished(WITH_FILES)
    uploads = {str(job.arguments["upload"]) for job in jobs if "upload" in job.arguments}
    await house.store.uploads.remove_lone(before=before, kept=uploads)
    if not _has_copy_in_use(jobs, before):
        kept = {Path(str(job.arguments["path"])).name for job in jobs if "path" in job.arguments}
        await asyncio.to_thread(_remove_old, house.spool_dir, before=before, kept=kept)


def _has_copy_in_use(jobs: Sequence[Job], before: int) -> bool:
    """Tell whether a job has run for so long that an old file may be its copy of an upload."""
    running = [job for job in jobs if job.state is JobState.RUNNING and "upload" in job.arguments]
    return any((job.started_at or 0) < before for job in running)


def _remove_old(folder: Path, *, before: int, kept: Collection[str]) -> None:
    for path in folder.iterdir():
        if path.name not in kept and path.is_file() and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
