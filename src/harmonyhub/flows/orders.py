"""Orders of jobs that come with no file; apart from what the jobs run, which is large."""

from harmonyhub.domain.jobs import Job, JobKind, JobState
from harmonyhub.domain.kept_lists import KeptListName, period_at
from harmonyhub.wiring.house import House

AGAIN_S = 3600  # after lists could not be made


async def submit_training(house: House) -> Job:
    """Queue a training; while one waits in the queue, that one is returned."""
    return await house.store.jobs.add(
        kind=JobKind.TRAIN, user_id=None, arguments={}, now=house.clock(), key="train"
    )


async def submit_evaluation(house: House) -> Job:
    """Queue an evaluation; while one waits in the queue, that one is returned."""
    return await house.store.jobs.add(
        kind=JobKind.EVALUATE, user_id=None, arguments={}, now=house.clock(), key="evaluate"
    )


async def order_lists(house: House) -> bool:
    """Queue the making of the lists of the running day and week, where somebody waits for one."""
    record = await house.store.models.current()
    if record is None:
        return False
    now = house.clock()
    jobs = await house.store.jobs.latest(JobKind.LISTS, place=None, n=len(KeptListName))
    if any(job.state is JobState.FAILED and now - (job.finished_at or 0) < AGAIN_S for job in jobs):
        return False  # what failed just now would fail again, every time somebody looks
    for name in KeptListName:
        period = period_at(name, now)
        waiting = await house.store.kept_lists.waiting(
            name, period.id, index_version=record.version, n=1
        )
        if waiting:
            await house.store.jobs.add(
                kind=JobKind.LISTS,
                user_id=None,
                arguments={"list": name.value, "at": period.starts_at},
                now=now,
                key=f"lists:{name.value}:{period.id}",
            )
    return False
