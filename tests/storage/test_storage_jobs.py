"""Jobs: natural keys, leases, fencing."""

import asyncio
from functools import partial

import pytest

from harmonyhub.domain.errors import LostLeaseError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.jobs import Job, JobKind, JobState, Progress
from harmonyhub.storage.store import Store


async def queue(store: Store, *, now: int = 1, key: str | None = None) -> Job:
    """Queue a training."""
    return await store.jobs.add(
        kind=JobKind.TRAIN, user_id=None, arguments={"a": 1}, now=now, key=key
    )


async def claim(store: Store, worker: str = "w1", *, now: int = 10) -> Job:
    """Claim the next job, which is there."""
    job = await store.jobs.claim(worker=worker, now=now, lease_s=30)
    assert job is not None
    return job


async def test_job_runs_from_queue_to_result(store: Store) -> None:
    """A job keeps its arguments, shows its progress, and ends with its result."""
    added = await store.jobs.add(
        kind=JobKind.IMPORT, user_id=UserId("ada"), arguments={"path": "x"}, now=1
    )
    job = await claim(store)
    progress = Progress(done=3, total=7, unit="lines", message="importing")
    await store.jobs.renew(job, progress=progress, now=11, lease_s=30)
    running = await store.jobs.get(job.id)
    await store.jobs.finish(job, result={"lines": 7}, now=12)
    done = await store.jobs.get(job.id)
    assert running is not None
    assert done is not None
    assert (added.id, JobState.RUNNING, progress) == (job.id, running.state, running.progress)
    assert (JobState.DONE, {"lines": 7}, 12, {"path": "x"}, progress) == (
        done.state,
        done.result,
        done.finished_at,
        done.arguments,
        done.progress,
    )


async def test_oldest_waits_least_and_nothing_is_none(store: Store) -> None:
    """Jobs are claimed in the order of their making; an empty queue gives None."""
    second = await queue(store, now=2)
    first = await queue(store, now=1)
    assert [first.id, second.id] == [(await claim(store)).id, (await claim(store)).id]
    assert await store.jobs.claim(worker="w", now=10, lease_s=30) is None


async def test_kinds_are_respected(store: Store) -> None:
    """A worker for imports leaves trainings alone."""
    await queue(store)
    assert (await store.jobs.claim(worker="w", now=1, lease_s=9, kinds=[JobKind.IMPORT])) is None


async def test_same_key_waits_once(store: Store) -> None:
    """While a job of a key waits, asking again returns it, at the same moment too."""
    jobs = await asyncio.gather(*(queue(store, key="train") for _ in range(8)))
    assert 1 == len({job.id for job in jobs})


async def test_running_key_lets_one_wait_for_its_end(store: Store) -> None:
    """What came in during a training is learned by the next, which starts after its end."""
    await queue(store, key="train")
    running = await claim(store)
    waiting = await queue(store, now=2, key="train")
    assert running.id != waiting.id
    assert await store.jobs.claim(worker="w2", now=11, lease_s=30) is None
    await store.jobs.finish(running, result={}, now=12)
    assert waiting.id == (await claim(store, "w2", now=13)).id


async def test_silent_worker_loses_the_job(store: Store) -> None:
    """After a lease ran out another worker has the job, and the first may not write any more."""
    await queue(store)
    slow = await claim(store, "slow", now=10)
    assert await store.jobs.claim(worker="fast", now=40, lease_s=30) is None
    fast = await claim(store, "fast", now=41)
    assert (slow.id, slow.fence + 1, 2) == (fast.id, fast.fence, fast.attempts)
    with pytest.raises(LostLeaseError):
        await store.jobs.renew(slow, progress=Progress(), now=42, lease_s=30)
    with pytest.raises(LostLeaseError):
        await store.jobs.finish(slow, result={}, now=42)
    with pytest.raises(LostLeaseError):
        await store.jobs.fail(slow, error="e", hint="h", now=42)
    await store.jobs.release(slow)
    await store.jobs.finish(fast, result={}, now=43)


async def test_only_one_of_many_workers_gets_a_job(store: Store) -> None:
    """Workers that ask at the same moment never share a job."""
    await queue(store)
    claims = await asyncio.gather(
        *(store.jobs.claim(worker=f"w{n}", now=5, lease_s=9) for n in range(8))
    )
    assert 1 == sum(job is not None for job in claims)


async def test_dead_worker_is_released_at_once(store: Store) -> None:
    """At a start the jobs of a dead process return to the queue, those of others do not."""
    await queue(store, now=1)
    await queue(store, now=2)
    dead = await claim(store, "box:17:ab/0")
    await claim(store, "box:170:cd/0")
    assert ["box:170:cd/0", "box:17:ab/0"] == sorted(await store.jobs.workers())
    assert 1 == await store.jobs.release_worker("box:17:")
    assert dead.id == (await claim(store, "box:18:ef/0")).id
    assert 2 == await store.jobs.release_worker("")


async def test_released_job_gives_its_key_to_the_one_that_waits(store: Store) -> None:
    """A job that goes back to the queue does not clash with a newer one of its key."""
    await queue(store, key="train")
    running = await claim(store)
    await queue(store, now=2, key="train")
    await store.jobs.release(running)
    assert running.id == (await claim(store)).id


async def test_failure_says_why(store: Store) -> None:
    """A failed job carries its error and hint, and recent jobs come newest first."""
    await queue(store, now=1)
    newer = await queue(store, now=2)
    job = await claim(store)
    await store.jobs.fail(job, error="no", hint="do this", now=20)
    recent = await store.jobs.recent(5)
    assert [newer.id, job.id] == [one.id for one in recent]
    assert (JobState.FAILED, "no", "do this") == (recent[1].state, recent[1].error, recent[1].hint)


async def test_a_job_of_one_place_waits_for_its_worker(store: Store) -> None:
    """A job that is bound to a data folder goes to workers that see it, any other to anybody."""
    bound = await store.jobs.add(
        kind=JobKind.ANALYSE, user_id=None, arguments={}, now=1, place="here"
    )
    free = await store.jobs.add(kind=JobKind.ANALYSE, user_id=None, arguments={}, now=2)
    claim = partial(store.jobs.claim, now=5, lease_s=9)
    taken = await claim(worker="w1", place="there")
    assert taken is not None
    assert free.id == taken.id
    assert await claim(worker="w1", place="there") is None
    taken = await claim(worker="w2", place="here")
    assert taken is not None
    assert bound.id == taken.id
    taken = await claim(worker="w3", place="there", now=20)  # silent ones as well
    assert taken is not None
    assert free.id == taken.id
