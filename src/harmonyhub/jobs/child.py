"""The process of one job: a decoder that crashes takes down its job, never the worker."""

import asyncio
import sys

from harmonyhub.domain.ids import JobId
from harmonyhub.jobs.runner import run_job
from harmonyhub.settings.load import read_settings
from harmonyhub.telemetry.logs import configure_logs
from harmonyhub.wiring.house import open_house


async def run(job_id: JobId, fence: int) -> None:
    """Run the job with that id, if this fence is still the one in force."""
    settings = read_settings()
    configure_logs(settings)
    async with open_house(settings, owner="job") as house:
        job = await house.store.jobs.get(job_id)
        if job is not None and job.fence == fence:
            await run_job(house, job)


if __name__ == "__main__":
    asyncio.run(run(JobId(sys.argv[1]), int(sys.argv[2])))
