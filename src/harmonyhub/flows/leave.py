"""A listener leaves the house, and everything of them goes.

A mark comes first and the user's document last, so that a run after a crash finds the mark and does
the rest. Who writes while a listener leaves finds the mark afterwards and takes back what it wrote.
"""

import asyncio
import logging
from pathlib import Path
from typing import Final

from harmonyhub.domain.errors import ConflictError, LostLeaseError, NotFoundError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.jobs import Job, Progress, Report
from harmonyhub.domain.leaving import Departure
from harmonyhub.domain.listens import Ledger
from harmonyhub.flows.disconnect import forget_foreign_ids
from harmonyhub.flows.orders import submit_training
from harmonyhub.storage.leaving import Follow
from harmonyhub.wiring.house import House

log = logging.getLogger(__name__)

BROKEN_OFF_S: Final = 600  # ten million documents take less; whoever began is not at it any more


async def look_before(house: House, user_id: UserId) -> Departure:
    """Say in numbers what would go.

    Raises
    ------
    NotFoundError
        If there is nothing of that name.
    """
    counts = await house.store.leaving.count(user_id)
    is_known = await house.store.users.revision(user_id) is not None
    if not (is_known or counts or await house.store.leaving.has_begun(user_id)):
        raise NotFoundError(
            f"There is no listener {user_id}.",
            hint="Names are written as their owners see them, capitals and all.",
        )
    return Departure(user_id, counts)


async def leave(
    house: House, user_id: UserId, *, on_progress: Report = lambda _: None
) -> Departure:
    """Delete everything of a listener, and let the models learn anew; again after a crash.

    Raises
    ------
    NotFoundError
        If there is nothing of that name.
    """
    departure = await look_before(house, user_id)
    total = sum(departure.deleted.values())
    friends = await house.store.friendships.friends_of(user_id)

    await house.store.leaving.begin(user_id, now=house.clock())
    await _forget(
        house,
        user_id,
        follow=lambda n: on_progress(
            Progress(done=min(n, total), total=total, unit="documents", message="deleting")
        ),
    )
    await submit_training(house)
    await house.store.leaving.end(user_id)
    # A page that was being made wrote down what it showed. Who took the name since keeps theirs.
    await forget_if_gone(house, user_id)
    for name in friends:
        await house.store.users.touch(name)
    house.tastes.forget(user_id)
    house.shared_tastes.forget(user_id)
    house.company.forget(user_id)
    return departure


async def finish_departures(house: House) -> list[UserId]:
    """Do the rest where a crash broke off a departure; list who has left now."""
    left = []
    for user_id in await house.store.leaving.broken_off(before=house.clock() - BROKEN_OFF_S):
        if await house.store.leaving.has_begun(user_id):  # else another worker was quicker
            await leave(house, user_id)
            log.info("a departure that had broken off is finished")
            left.append(user_id)
    return left


async def forget_if_gone(house: House, user_id: UserId) -> bool:
    """Take back what was written of a user who has left, or leaves; tells whether so."""
    if await house.store.leaving.is_staying(user_id):
        return False
    await _forget(house, user_id)
    return True


async def check_stays(house: House, user_id: UserId) -> None:
    """Take back what a request wrote of a user who leaves at this moment.

    Raises
    ------
    ConflictError
        If it was so.
    """
    if await forget_if_gone(house, user_id):
        raise ConflictError(
            f"Everything of {user_id} is being deleted.", hint="Choose another name, or wait."
        )


async def stop_if_gone(house: House, ledger: Ledger) -> None:
    """Take back what an import wrote of a user who left meanwhile.

    Raises
    ------
    LostLeaseError
        If it was so, also where somebody else has the name by now.
    """
    if await house.store.leaving.take_back(ledger.user_id, ledger.id):
        raise LostLeaseError(
            f"{ledger.user_id} has left while this was imported.", hint="Nothing of it is kept."
        )


async def clean_up_behind(house: House, job: Job) -> None:
    """Take back what a job wrote after its listener left, which removed the job."""
    if job.user_id is not None and await house.store.jobs.get(job.id) is None:
        await forget_if_gone(house, job.user_id)


async def _forget(house: House, user_id: UserId, *, follow: Follow = lambda _: None) -> None:
    for job in await house.store.jobs.of_user(user_id):  # before the jobs, which name the files
        await _remove_file(house, job)
    await house.store.leaving.sweep(user_id, follow=follow)
    await forget_foreign_ids(house)


async def _remove_file(house: House, job: Job) -> None:
    upload, path = job.arguments.get("upload"), job.arguments.get("path")
    if upload is not None:
        await house.store.uploads.remove(str(upload))
    if path is not None:  # in the data folder of another machine, this name is nowhere
        own = house.spool_dir / Path(str(path)).name
        await asyncio.to_thread(own.unlink, missing_ok=True)
