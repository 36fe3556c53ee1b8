"""What Spotify tells speaks in its listener's lists at once, and nowhere else."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence

import pytest

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.library_parts import Part
from harmonyhub.domain.recommendations import EvidenceKind, FeedbackKind, ListName, Recommendation
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.flows.disconnect import forget_spotify
from harmonyhub.flows.feedback import give_feedback
from harmonyhub.flows.recommend import Answer, recommend
from harmonyhub.flows.sync import sync_due, sync_library_due
from harmonyhub.flows.train import run_training
from harmonyhub.jobs.sync import run_sync
from harmonyhub.wiring.house import House
from tests.conftest import SetClock
from tests.flows.town import Town, open_town, open_trained_town

FROM_SPOTIFY = {
    EvidenceKind.SAVED,
    EvidenceKind.TOP,
    EvidenceKind.IN_PLAYLIST,
    EvidenceKind.FOLLOWED,
}
LISTS = (ListName.FOR_YOU, ListName.DISCOVER, ListName.REDISCOVER)
# A skewed clock is no outage; HANG waits for time-outs, and is to us what RESET is.
OUTAGES = [mode for mode in Mode if mode not in {Mode.CLOCK_SKEW, Mode.HANG}]


@pytest.fixture
async def town(house: House, clock: SetClock) -> AsyncIterator[Town]:
    """Give a house with a fake Spotify, trained on the starter catalogue and three listeners."""
    async with open_trained_town(house, clock) as town:
        yield town


async def connect(town: Town) -> UserId:
    """Let one person consent just now, with a small library."""
    (user,) = await town.sign_in(1, age_s=0)
    await town.fake.control.set_library(
        user.user_id, n_saved_tracks=90, n_saved_albums=5, n_followed=10, n_playlists=2
    )
    return UserId(user.user_id)


async def ask(town: Town, user: UserId, name: ListName = ListName.DISCOVER) -> Answer:
    """Ask for a list."""
    return await recommend(town.house, user_id=user, list_name=name, n=20)


def kinds(items: Sequence[Recommendation]) -> set[EvidenceKind]:
    """Name the kinds of evidence in a list."""
    return {reason.evidence.kind for item in items for reason in item.reasons}


async def kept_ids(town: Town, user: UserId, *parts: Part) -> set[TrackId]:
    """Give the tracks that were read of some parts of the library."""
    found: set[TrackId] = set()
    async for state, entries in town.house.store.spotify_library.all_entries(user):
        if state.name.part in parts:
            found |= {TrackId(entry.id) for entry in entries}
    return found


async def test_a_newcomer_gets_recommendations_at_once(town: Town) -> None:
    """Without a training: before it only what all play, after it reasons from the own library."""
    user = await connect(town)
    before = await ask(town, user)
    await sync_due(town.house)
    after = await ask(town, user)

    assert {EvidenceKind.POPULAR} == kinds(before.items)
    assert FROM_SPOTIFY & kinds(after.items)
    assert "favourite tracks and" in after.based_on
    assert after.freshness.is_current
    saved = await kept_ids(town, user, Part.SAVED_TRACKS)
    assert 80 < len(saved)
    assert not saved & {item.track.id for item in after.items}
    # Which of them, the plays of this hour decide: Spotify's clock is not the house's.
    kept = saved | await kept_ids(town, user, Part.TOP_TRACKS, Part.PLAYLIST_ITEMS)
    for_you = await ask(town, user, ListName.FOR_YOU)
    assert 3 <= len(kept & {item.track.id for item in for_you.items})


@pytest.mark.alone
async def test_a_newcomer_waits_seconds(town: Town) -> None:
    """With 100 ms an answer, the loops bring own reasons within 10 s of the consent."""
    await town.fake.control.set_latency(100)
    loops = asyncio.create_task(run_sync(town.house))
    try:
        (user,) = await town.sign_in(1, age_s=0)
        async with asyncio.timeout(10):
            while True:
                answer = await ask(town, UserId(user.user_id))
                if FROM_SPOTIFY & kinds(answer.items):
                    break
                await asyncio.sleep(0.05)
    finally:
        loops.cancel()
        await asyncio.wait([loops])


async def test_feedback_acts_at_once_on_them(town: Town) -> None:
    """A track with "never" is gone from the very next list."""
    user = await connect(town)
    await sync_due(town.house)
    first = (await ask(town, user)).items[0].track.id
    await give_feedback(town.house, user_id=user, track_id=first, kind=FeedbackKind.NEVER)
    assert first not in {item.track.id for item in (await ask(town, user)).items}


@pytest.mark.slow
async def test_trainings_read_none_of_it(town: Town) -> None:
    """Trained before and after a synchronization, the index is the same to the byte."""

    async def digest() -> str:
        result = await run_training(town.house, on_progress=lambda _: None)
        return hashlib.sha256(await town.house.store.models.load(result.version)).hexdigest()

    before = await digest()
    user = await connect(town)
    await sync_due(town.house)
    assert 50 == await town.house.store.synced_plays.count(user)
    assert before == await digest()


@pytest.mark.slow
async def test_lists_are_as_they_were_while_spotify_is_away(town: Town) -> None:
    """Whatever Spotify does, and though plays and library are due: the same lists."""
    user = await connect(town)
    await sync_due(town.house)
    expected = [await ask(town, user, name) for name in LISTS]
    for mode in OUTAGES:
        await town.fake.control.clear()
        town.clock.now += 90_000
        await town.spotify.probe()  # what the mode before closed opens again
        await town.house.store.tokens.restore(town.client_id)
        await town.fake.control.set(mode, seconds=60)
        n_calls = await town.n_calls()
        await sync_due(town.house)
        await sync_library_due(town.house)
        assert n_calls < await town.n_calls(), f"{mode} was met by nobody"
        for name, answer in zip(LISTS, expected, strict=True):
            assert answer.items == (await ask(town, user, name)).items, mode


@pytest.mark.slow
async def test_nothing_stays_of_it_in_the_lists(town: Town) -> None:
    """Who disconnects has the lists of before."""
    user = await connect(town)
    before = await ask(town, user)
    await sync_due(town.house)
    assert before.items != (await ask(town, user)).items
    await forget_spotify(town.house, user)
    assert before == await ask(town, user)


async def test_a_house_without_an_index_trains_one(house: House, clock: SetClock) -> None:
    """A first consent on an empty house queues the training of the starter catalogue."""
    async with open_town(house, clock) as town:
        await connect(town)
        await sync_due(town.house)
        jobs = await town.house.store.jobs.recent(n=5)
    assert ["train"] == [job.kind.value for job in jobs]
