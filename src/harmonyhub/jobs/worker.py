"""The worker: claims jobs and gives each a process of its own."""

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.jobs import UNHURRIED, Job, JobKind, JobState
from harmonyhub.jobs.leases import ANALYSIS_CPU_S, LEASE_S, MAX_ATTEMPTS
from harmonyhub.storage.parent_death import die_with_parent
from harmonyhub.wiring.house import House

log = logging.getLogger(__name__)

IDLE_S = 0.5
JOBS_AT_ONCE = 2  # a long analysis must not keep an import waiting
HURRIED = tuple(kind for kind in JobKind if kind not in UNHURRIED)
UNHURRIED_IDLE_S = 5.0  # each of those kinds has a slot of its own, and lets others start first
STOP_S = 10.0


async def work(house: House, *, name: str) -> None:
    """Claim and run jobs until cancelled; running jobs then go back to the queue.

    Parameters
    ----------
    name : str
        This worker's name in leases, unique per process.
    """
    async with asyncio.TaskGroup() as slots:
        for number in range(JOBS_AT_ONCE):
            slots.create_task(_run_slot(house, f"{name}/{number}", kinds=HURRIED))
        for kind in sorted(UNHURRIED):
            slots.create_task(
                _run_slot(house, f"{name}/{kind.value}", kinds=(kind,), idle_s=UNHURRIED_IDLE_S)
            )


async def _run_slot(
    house: House, name: str, *, kinds: Sequence[JobKind], idle_s: float = IDLE_S
) -> None:
    while True:
        try:
            job = await house.store.jobs.claim(
                worker=name,
                now=house.clock(),
                lease_s=LEASE_S,
                kinds=kinds,
                place=house.place,
            )
            if job is None:
                await asyncio.sleep(idle_s)
            else:
                await _run_in_child(house, job)
        except UnavailableError as error:
            log.error("no jobs for now: %s", error.message)  # noqa: TRY400 - expected, and repeated
            await asyncio.sleep(IDLE_S * 4)


async def _run_in_child(house: House, job: Job) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "harmonyhub.jobs.child",
        job.id,
        str(job.fence),
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    try:
        status = await child.wait()
    except asyncio.CancelledError:
        await _stop(child)
        await house.store.jobs.release(job)
        raise
    await _settle(house, job, status)


async def _stop(child: asyncio.subprocess.Process) -> None:
    child.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(child.wait(), STOP_S)
    except TimeoutError:
        child.kill()
        await child.wait()


async def _settle(house: House, job: Job, status: int) -> None:
    """Give a job whose process died another try, or call it failed."""
    now = await house.store.jobs.get(job.id)
    if now is None or now.state is not JobState.RUNNING or now.fence != job.fence:
        return
    cause = f"signal {-status}" if status < 0 else f"exit status {status}"
    log.error("the process of job %s (%s) ended with %s", job.id, job.kind.value, cause)
    if status == -signal.SIGXCPU:  # another try takes the same hour
        await house.store.jobs.fail(
            job,
            error=f"It took more than {ANALYSIS_CPU_S:,} s of processor time and was given up.",
            hint="See whether a player takes the file; copy, encode or split it.",
            now=house.clock(),
        )
        return
    if job.attempts < MAX_ATTEMPTS:
        await house.store.jobs.release(job)
        return
    await house.store.jobs.fail(
        job,
        error=f"The process of this job ended {job.attempts} times with {cause}.",
        hint="The log of the service has the lines before it; a damaged file is the usual cause.",
        now=house.clock(),
    )
