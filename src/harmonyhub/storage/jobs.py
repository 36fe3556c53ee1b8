"""Jobs as leases: claimed by one worker at a time, taken over when it falls silent."""

import uuid
from collections.abc import Mapping, Sequence

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from harmonyhub.domain.errors import LostLeaseError
from harmonyhub.domain.ids import JobId, UserId
from harmonyhub.domain.jobs import Job, JobKind, JobState, Progress
from harmonyhub.storage.documents import Database, Document, read_job, write_progress
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

QUEUED, RUNNING = JobState.QUEUED.value, JobState.RUNNING.value


@guarded
class Jobs:
    """All jobs. Times are unix seconds UTC, given by the caller."""

    def __init__(self, database: Database) -> None:
        self._jobs = database["jobs"]

    @within(WRITE_S)
    async def add(
        self,
        *,
        kind: JobKind,
        user_id: UserId | None,
        arguments: Mapping[str, object],
        now: int,
        key: str | None = None,
        place: str | None = None,
    ) -> Job:
        """Queue a job.

        Parameters
        ----------
        place : str or None
            The data folder that its worker must see; None: any worker may take it.
        key : str or None
            Natural key. While a job with this key waits in the queue, that one is returned; while
            one runs, the new one waits for its end, since the running one may have read its input
            already.
        """
        document: Document = {
            "_id": uuid.uuid4().hex,
            "kind": kind.value,
            "user": user_id,
            "state": QUEUED,
            "created_at": now,
            "arguments": dict(arguments),
            "progress": write_progress(Progress()),
            "attempts": 0,
            "fence": 0,
        }
        if key is not None:
            document["key"] = key
        if place is not None:
            document["place"] = place
        while True:
            try:
                await self._jobs.insert_one(document)
                return read_job(document)
            except DuplicateKeyError:
                waiting = await self._jobs.find_one({"state": QUEUED, "key": key})
                if waiting is not None:
                    return read_job(waiting)

    async def claim(
        self,
        *,
        worker: str,
        now: int,
        lease_s: int,
        kinds: Sequence[JobKind] | None = None,
        place: str | None = None,
    ) -> Job | None:
        """Take the oldest job that waits or whose worker fell silent; None if there is none.

        Parameters
        ----------
        kinds : sequence of JobKind, optional
            Only these.
        place : str, optional
            The data folder that the worker sees: jobs bound to another one are left alone.
        """
        busy_keys = await self._jobs.distinct(
            "key", {"state": RUNNING, "lease_until": {"$gte": now}, "key": {"$exists": True}}
        )
        wanted: Document = {
            "$or": [
                {"state": QUEUED, "key": {"$nin": busy_keys}},
                {"state": RUNNING, "lease_until": {"$lt": now}},
            ]
        }
        if kinds is not None:
            wanted["kind"] = {"$in": [kind.value for kind in kinds]}
        if place is not None:
            wanted["place"] = {"$in": [None, place]}  # None also finds jobs without a place
        document = await self._jobs.find_one_and_update(
            wanted,
            {
                "$set": {
                    "state": RUNNING,
                    "worker": worker,
                    "lease_until": now + lease_s,
                    "started_at": now,
                },
                "$inc": {"attempts": 1, "fence": 1},
            },
            sort=[("created_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return read_job(document) if document else None

    async def renew(self, job: Job, *, progress: Progress, now: int, lease_s: int) -> None:
        """Tell that the job is alive and how far it is.

        Raises
        ------
        LostLeaseError
            If another worker holds the job now.
        """
        await self._write(
            job, {"$set": {"lease_until": now + lease_s, "progress": write_progress(progress)}}
        )

    async def finish(
        self,
        job: Job,
        *,
        result: Mapping[str, object],
        now: int,
        progress: Progress | None = None,
    ) -> None:
        """End a job well.

        Raises
        ------
        LostLeaseError
            If another worker holds the job now.
        """
        end: Document = {
            "state": JobState.DONE.value,
            "result": dict(result),
            "finished_at": now,
        }
        if progress is not None:
            end["progress"] = write_progress(progress)
        await self._write(job, {"$set": end})

    async def fail(self, job: Job, *, error: str, hint: str, now: int) -> None:
        """End a job that cannot be done, and say why.

        Raises
        ------
        LostLeaseError
            If another worker holds the job now.
        """
        await self._write(
            job,
            {
                "$set": {
                    "state": JobState.FAILED.value,
                    "error": error,
                    "hint": hint,
                    "finished_at": now,
                }
            },
        )

    async def release(self, job: Job) -> None:
        """Give a job back to the queue; nothing happens if another worker holds it now."""
        await self._requeue({"_id": job.id, "state": RUNNING, "fence": job.fence})

    async def release_worker(self, worker_prefix: str) -> int:
        """Give back all jobs of a worker that is known to be dead; returns how many."""
        held = self._jobs.find(
            {"state": RUNNING, "worker": {"$gte": worker_prefix, "$lt": worker_prefix + "\uffff"}},
            {"fence": 1},
        )
        n_released = 0
        async for document in held:
            n_released += await self._requeue(
                {"_id": document["_id"], "state": RUNNING, "fence": document["fence"]}
            )
        return n_released

    async def workers(self) -> list[str]:
        """List the workers that hold jobs, dead ones with leases that run too."""
        return [str(name) for name in await self._jobs.distinct("worker", {"state": RUNNING})]

    @within(READ_S)
    async def get(self, job_id: JobId) -> Job | None:
        """Load a job."""
        document = await self._jobs.find_one({"_id": job_id})
        return read_job(document) if document else None

    async def of_user(self, user_id: UserId) -> list[Job]:
        """List all jobs of a user."""
        return [read_job(document) async for document in self._jobs.find({"user": user_id})]

    @within(READ_S)
    async def recent(self, n: int) -> list[Job]:
        """List the newest jobs, newest first."""
        cursor = self._jobs.find().sort([("created_at", DESCENDING), ("_id", ASCENDING)]).limit(n)
        return [read_job(document) async for document in cursor]

    @within(READ_S)
    async def latest(self, kind: JobKind, *, place: str | None, n: int) -> list[Job]:
        """List the newest jobs of a kind that are bound to a place, or to none, newest first."""
        cursor = self._jobs.find({"kind": kind.value, "place": place})
        newest = cursor.sort([("created_at", DESCENDING), ("_id", ASCENDING)]).limit(n)
        return [read_job(document) async for document in newest]

    @within(READ_S)
    async def unfinished(self, kinds: Sequence[JobKind]) -> list[Job]:
        """List all jobs of some kinds that wait or run."""
        wanted = {
            "state": {"$in": [QUEUED, RUNNING]},
            "kind": {"$in": [kind.value for kind in kinds]},
        }
        return [read_job(document) async for document in self._jobs.find(wanted)]

    @within(READ_S)
    async def lost(self, *, before: int) -> list[tuple[Job, str]]:
        """List jobs that wait for a data folder where no worker took any since a time.

        Returns
        -------
        list of (Job, str)
            With the id of that folder.
        """
        alive = await self._jobs.distinct("place", {"started_at": {"$gte": before}})
        cursor = self._jobs.find(
            {
                "place": {"$exists": True, "$nin": alive},
                "created_at": {"$lt": before},
                "$or": [{"state": QUEUED}, {"state": RUNNING, "lease_until": {"$lt": before}}],
            }
        )
        return [(read_job(document), str(document["place"])) async for document in cursor]

    async def give_up(self, job: Job, *, error: str, hint: str, now: int) -> bool:
        """End a job that nobody works on; false if somebody has taken it meanwhile."""
        end = {"state": JobState.FAILED.value, "error": error, "hint": hint, "finished_at": now}
        held = {"_id": job.id, "state": job.state.value, "fence": job.fence}
        return bool((await self._jobs.update_one(held, {"$set": end})).matched_count)

    async def _requeue(self, held: Document) -> int:
        back: Document = {"$set": {"state": QUEUED}, "$unset": {"worker": "", "lease_until": ""}}
        try:
            return (await self._jobs.update_one(held, back)).modified_count
        except DuplicateKeyError:
            # A newer job with the same key waits; this one goes on without its key.
            back["$unset"]["key"] = ""
            return (await self._jobs.update_one(held, back)).modified_count

    async def _write(self, job: Job, change: Document) -> None:
        held = {"_id": job.id, "state": RUNNING, "fence": job.fence}
        if (await self._jobs.update_one(held, change)).matched_count == 0:
            raise LostLeaseError(
                f"Job {job.id} is not ours any more.",
                hint="Another worker took it over and reports how it ends.",
            )
