"""Lists that are kept: those of the running day and week for everybody, and the look back."""

import asyncio
from dataclasses import dataclass
from typing import Final

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.jobs import Job, Progress, Report
from harmonyhub.domain.kept_lists import KeptList, KeptListName, Period, period_at
from harmonyhub.flows.leave import forget_if_gone
from harmonyhub.recommender.periodic import make_list
from harmonyhub.wiring.house import House
from harmonyhub.wiring.serving import LiveModel

BATCH: Final = 50
PAUSE_S: Final = 0.01  # between two users: whoever waits for a page goes first
DAY_S: Final = 86_400
# Eight weeks without a repeat; a favourite may come back after three days.
REST_S: Final = {KeptListName.DAILY: 3 * DAY_S, KeptListName.WEEKLY: 56 * DAY_S}


@dataclass(frozen=True, slots=True)
class Outlook:
    """When there will be a list, where the running period has none: in words."""

    period: Period
    note: str


async def run_lists(house: House, job: Job, *, on_progress: Report) -> dict[str, object]:
    """Make what a job asks for: one list and period, for all users who wait for it."""
    name = KeptListName(str(job.arguments["list"]))
    period = period_at(name, int(str(job.arguments["at"])))
    n_made = await make_lists(house, name, period, on_progress=on_progress)
    return {"list": name.value, "period": period.id, "made": n_made}


async def make_lists(
    house: House, name: KeptListName, period: Period, *, on_progress: Report = lambda _: None
) -> int:
    """Make the lists of a period; returns how many are new.

    Whoever has one keeps it: two workers, or a second try, make one per user. One user after the
    other is in memory, so that it does not grow with their number.
    """
    model = await house.serving.current()
    if model is None:
        return 0
    n_made = n_seen = 0
    version = model.record.version
    while users := await house.store.kept_lists.waiting(
        name, period.id, index_version=version, n=BATCH
    ):
        for user_id in users:
            n_made += await _keep_list(house, name, period, user_id=user_id, model=model)
            n_seen += 1
            on_progress(Progress(done=n_seen, unit="listeners", message=f"{name} {period.id}"))
            await asyncio.sleep(PAUSE_S)
    return n_made


async def _keep_list(
    house: House, name: KeptListName, period: Period, *, user_id: UserId, model: LiveModel
) -> bool:
    store = house.store
    is_told = await store.tokens.get(user_id) is not None
    taste = await house.tastes.of(user_id, model)
    house.tastes.forget(user_id)
    given = await store.kept_lists.tracks_since(
        user_id, name, since=period.starts_at - REST_S[name], before=period.id
    )
    is_known = len(taste.profile.items) > 0
    listed = await asyncio.to_thread(
        make_list,
        name,
        period,
        user_id=user_id,
        profile=taste.profile,
        feedback=taste.feedback,
        index=model.index,
        given=given,
    )
    is_new = False
    if is_known and listed.items:
        is_new = await store.kept_lists.add(
            KeptList(
                user_id=user_id,
                list_name=name,
                period=period.id,
                made_at=house.clock(),
                index_version=model.record.version,
                based_on=listed.based_on,
                items=listed.items,
                is_told=is_told,
            )
        )
        if is_told and await store.tokens.get(user_id) is None:
            await store.kept_lists.forget_told(user_id)  # left while it was made
        await forget_if_gone(house, user_id)
    none_at = None if is_known and listed.items else f"{taste.revision}:{model.record.version}"
    await store.kept_lists.settle(user_id, name, period.id, none_at=none_at)
    return is_new


async def load_kept(
    house: House, user_id: UserId, list_name: KeptListName, *, period: str
) -> KeptList:
    """Load one list as it was given.

    Raises
    ------
    NotFoundError
        If the user was given none in that period.
    """
    kept = await house.store.kept_lists.get(user_id, list_name, period)
    if kept is None:
        raise NotFoundError(
            f"{user_id} was given no {list_name.value} list of {period}.",
            hint=f"GET /api/v1/users/{user_id}/lists names those that are kept.",
        )
    return kept


async def look_ahead(house: House, user_id: UserId, list_name: KeptListName) -> Outlook:
    """Say when a list of the running period will be there."""
    period = period_at(list_name, house.clock())
    if await house.store.models.current() is None:
        note = "It is made after the first training, which starts by itself after an import."
    elif not await house.store.plays.recent(user_id, n=1, before=None):
        note = "It is made within minutes once a listening history is imported."
    else:
        note = "It is made within minutes, while a worker runs and the model knows your tracks."
    return Outlook(period, note)
