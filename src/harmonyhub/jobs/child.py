"""The process of one job: a decoder that crashes takes down its job, never the worker."""

import asyncio
import os
import resource
import sys

from harmonyhub.domain.ids import JobId
from harmonyhub.domain.jobs import UNHURRIED, JobKind
from harmonyhub.flows.memory_limits import limit_memory
from harmonyhub.jobs.leases import ANALYSIS_CPU_S
from harmonyhub.jobs.runner import run_job
from harmonyhub.settings.load import read_settings
from harmonyhub.telemetry.logs import configure_logs
from harmonyhub.wiring.house import open_house

NICENESS = 10  # a tenth of a core where something else wants all of it


async def run(job_id: JobId, fence: int) -> None:
    """Run the job with that id, if this fence is still the one in force."""
    settings = read_settings()
    configure_logs(settings)
    async with open_house(settings, owner="job") as house:
        job = await house.store.jobs.get(job_id)
        if job is not None and job.fence == fence:
            bound(job.kind)
            await run_job(house, job)


def bound(kind: JobKind) -> None:
    """Let this process give way, or end after so much time or memory, as its kind of job asks."""
    if kind in UNHURRIED:
        os.nice(NICENESS)
    if kind is JobKind.ANALYSE:
        limit_cpu(ANALYSIS_CPU_S)
        limit_memory()


def limit_cpu(seconds: int) -> None:
    """Let the system end this process after so much processor time."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    asyncio.run(run(JobId(sys.argv[1]), int(sys.argv[2])))
