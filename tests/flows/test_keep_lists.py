"""Lists of days and weeks: one per user and period, kept as given, gone with what told of them."""

import asyncio
import json

import pytest

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.jobs import JobKind, JobState
from harmonyhub.domain.kept_lists import KeptList, KeptListName, period_at
from harmonyhub.domain.listens import SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.recommendations import FeedbackKind
from harmonyhub.domain.upstreams import TokenState, UserToken
from harmonyhub.flows.disconnect import forget_spotify
from harmonyhub.flows.export import export_user
from harmonyhub.flows.feedback import give_feedback
from harmonyhub.flows.imports import open_ledger
from harmonyhub.flows.keep_lists import make_lists
from harmonyhub.flows.orders import order_lists
from harmonyhub.flows.train import run_training
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.listens import NewListen
from harmonyhub.wiring.house import House
from tests.conftest import SetClock

ANNA, BEN, NEW = UserId("anna"), UserId("ben"), UserId("new")
DAY = 86_400
NAME = KeptListName.WEEKLY


@pytest.fixture
async def town(house: House) -> House:
    """Give a trained house with two who listen and one who has nothing yet."""
    tracks = await house.store.tracks.resolve(
        [TrackDescription(title=f"Song {n}", artists=(f"Band {n % 9}",)) for n in range(24)]
    )
    for user, chosen in ((ANNA, tracks[:14]), (BEN, tracks[6:])):
        await listen(house, user, chosen)
    await house.store.users.ensure(NEW, now=0)
    await run_training(house, on_progress=lambda _: None)
    return house


async def listen(house: House, user: UserId, tracks: list[TrackId]) -> None:
    """Let a user play some tracks, one a day."""
    ledger = await open_ledger(house, user_id=user, file_name="seed.json")
    await house.store.listens.add(
        user_id=user,
        ledger_id=ledger.id,
        source=SourceKind.LISTENBRAINZ,
        listens=[
            NewListen(number=n + 1, track_id=track, played_at=house.clock() - DAY * (n + 1))
            for n, track in enumerate(tracks)
        ],
    )
    await house.store.users.touch(user)


async def test_two_workers_make_one_list_each(town: House) -> None:
    """Who has a history gets one list, however many work; who brings one later gets it then."""
    period = period_at(NAME, town.clock())
    made = await asyncio.gather(*(make_lists(town, NAME, period) for _ in range(2)))
    assert 2 == sum(made)
    kept = await town.store.kept_lists.get(ANNA, NAME, period.id)
    assert kept is not None
    assert kept.items
    assert await town.store.kept_lists.get(NEW, NAME, period.id) is None
    assert 0 == await make_lists(town, NAME, period)
    await listen(town, NEW, [item.track.id for item in kept.items[:3]])
    assert 1 == await make_lists(town, NAME, period)


async def test_a_list_stays_as_it_was_given(town: House) -> None:
    """What is said and trained later changes no list that was given; the export has it."""
    period = period_at(NAME, town.clock())
    await make_lists(town, NAME, period)
    before = await town.store.kept_lists.get(ANNA, NAME, period.id)
    assert before is not None
    never = before.items[0].track.id
    await give_feedback(town, user_id=ANNA, track_id=never, kind=FeedbackKind.NEVER)
    await run_training(town, on_progress=lambda _: None)
    await make_lists(town, NAME, period)
    assert before == await town.store.kept_lists.get(ANNA, NAME, period.id)
    lines = [json.loads(line) async for line in await export_user(town, ANNA)]
    (told,) = [line for line in lines if line["type"] == "list"]
    assert [item.track.id for item in before.items] == [one["track"]["id"] for one in told["items"]]


async def test_whoever_goes_through_all_keeps_none_in_memory(town: House) -> None:
    """The profile of a listener is dropped when the list is made."""
    await make_lists(town, NAME, period_at(NAME, town.clock()))
    assert not town.tastes._kept


async def test_who_leaves_while_a_list_is_made_leaves_none(
    town: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a listener who disconnects just before the list is written no list of it stays."""
    consent = UserToken(
        user_id=ANNA,
        client_id="app",
        state=TokenState.ACTIVE,
        consented_at=1,
        access_expires_at=2,
    )
    await town.store.tokens.save(consent, refresh_token=Secret("r"), access_token=None)
    add = town.store.kept_lists.add

    async def leave_first(kept: KeptList) -> bool:
        if kept.user_id == ANNA:
            await forget_spotify(town, ANNA)
        return await add(kept)

    monkeypatch.setattr(town.store.kept_lists, "add", leave_first)
    period = period_at(NAME, town.clock())
    await make_lists(town, NAME, period)
    assert [] == await town.store.kept_lists.of_user(ANNA)
    assert 1 == len(await town.store.kept_lists.of_user(BEN))


async def test_pages_of_lists_go_back_in_time(town: House) -> None:
    """What is asked for before a week is older than it, the latest first."""
    for period in ("2024-W01", "2024-W02", "2024-W03"):
        await town.store.kept_lists.add(KeptList(ANNA, NAME, period, 0, "v", "", ()))
    found = await town.store.kept_lists.latest(ANNA, NAME, n=9, before="2024-W03")
    assert ["2024-W02", "2024-W01"] == [kept.period for kept in found]


async def test_jobs_are_ordered_while_somebody_waits(town: House) -> None:
    """Each list of the running period has one job that waits; none where all have theirs."""
    for _ in range(2):
        await order_lists(town)
    jobs = [job for job in await town.store.jobs.recent(9) if job.kind is JobKind.LISTS]
    assert {"daily", "weekly"} == {job.arguments["list"] for job in jobs}
    assert 2 == len(jobs)
    for job in jobs:
        await town.store.jobs._jobs.delete_one({"_id": job.id})
    for name in KeptListName:
        await make_lists(town, name, period_at(name, town.clock()))
    await order_lists(town)
    assert [] == [job for job in await town.store.jobs.recent(9) if job.kind is JobKind.LISTS]


async def test_what_failed_is_not_ordered_again_at_once(town: House, clock: SetClock) -> None:
    """After a failure an hour passes before lists are ordered again."""
    await order_lists(town)
    while job := await town.store.jobs.claim(worker="w", now=clock.now, lease_s=30):
        await town.store.jobs.fail(job, error="no", hint="", now=clock.now)
    for waited_s, n_ordered in ((60, 0), (3600, 2)):
        clock.now += waited_s
        await order_lists(town)
        queued = [job for job in await town.store.jobs.recent(9) if job.state is JobState.QUEUED]
        assert n_ordered == len(queued)


async def test_who_left_spotify_leaves_no_list_of_it(town: House) -> None:
    """Disconnecting deletes the lists that the service had a part in, and no others."""
    for period, is_told in (("2024-W01", True), ("2024-W02", False)):
        await town.store.kept_lists.add(
            KeptList(ANNA, NAME, period, 0, "v", "", (), is_told=is_told)
        )
    await forget_spotify(town, ANNA)
    left = await town.store.kept_lists.of_user(ANNA)
    assert ["2024-W02"] == [kept.period for kept in left]
