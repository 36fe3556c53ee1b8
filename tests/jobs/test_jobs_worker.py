"""The worker: what nobody waits for takes no slot from what somebody does, and gives way."""

import asyncio
import signal
import subprocess
import sys

import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.jobs import UNHURRIED, Job, JobKind, JobState
from harmonyhub.jobs import worker
from harmonyhub.wiring.house import House


async def test_lists_and_folders_leave_both_slots_to_people(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While days of lists and a folder are worked on, two imports start at once, and no third."""
    running: list[JobKind] = []
    all_began = asyncio.Event()

    async def work_for_ever(_: House, job: Job) -> None:
        running.append(job.kind)
        if len(running) == 4:
            all_began.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(worker, "_run_in_child", work_for_ever)
    kinds = [JobKind.LISTS] * 3 + [JobKind.FOLDER] + [JobKind.IMPORT] * 3
    for number, kind in enumerate(kinds):
        await house.store.jobs.add(
            kind=kind, user_id=UserId("anna"), arguments={}, now=number, key=f"{number}"
        )
    working = asyncio.create_task(worker.work(house, name="w"))
    await asyncio.wait_for(all_began.wait(), 20)
    working.cancel()
    await asyncio.wait([working])
    assert sorted([JobKind.LISTS, JobKind.FOLDER, JobKind.IMPORT, JobKind.IMPORT]) == sorted(
        running
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", [JobKind.LISTS, JobKind.IMPORT, JobKind.ANALYSE])
def test_a_process_is_as_gentle_and_as_bounded_as_its_job_asks(kind: JobKind) -> None:
    """What nobody waits for gives way; an analysis ends by its limits of time and memory."""
    program = (
        "import os, resource as r\n"
        "from harmonyhub.domain.jobs import JobKind; from harmonyhub.jobs import child\n"
        f"before = os.nice(0); child.bound(JobKind.{kind.name}); print(before, os.nice(0))\n"
        "print(0 < r.getrlimit(r.RLIMIT_AS)[0] < 8 << 30, r.getrlimit(r.RLIMIT_CPU)[0] == 3600)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    before, niceness, *bounds = done.stdout.split()
    wanted = int(before) + (10 if kind in UNHURRIED else 0)
    assert min(wanted, 19) == int(niceness)  # the system has none beyond, as under `nice` itself
    assert [str(kind is JobKind.ANALYSE).encode()] * 2 == bounds


async def test_a_file_that_took_its_time_is_not_tried_again(house: House) -> None:
    """Another hour would end alike: the job says so at once, with what to do."""
    await house.store.jobs.add(kind=JobKind.ANALYSE, user_id=None, arguments={}, now=1)
    job = await house.store.jobs.claim(worker="w", now=2, lease_s=30)
    assert job is not None
    await worker._settle(house, job, -signal.SIGXCPU)
    ended = await house.store.jobs.get(job.id)
    assert ended is not None
    assert (JobState.FAILED, True) == (ended.state, "3,600 s of processor" in (ended.error or ""))
    assert ended.hint
