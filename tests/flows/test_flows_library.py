"""A library in: few calls, page by page through every trouble, with a ledger that balances."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

import pytest

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.library import RecentPlay
from harmonyhub.domain.library_parts import (
    PLAYLISTS,
    Entry,
    ListName,
    ListState,
    OwnPlaylist,
    Part,
)
from harmonyhub.domain.listens import Outcome as Kept
from harmonyhub.domain.matching import FoundBy
from harmonyhub.domain.upstreams import Outcome
from harmonyhub.drills.fake_spotify.modes import Fault, Mode
from harmonyhub.flows.disconnect import forget_spotify
from harmonyhub.flows.export import export_user
from harmonyhub.flows.sync import LIBRARY_EVERY_S, sync_due, sync_library_due, sync_now
from harmonyhub.sources.spotify.requests import create_playlist
from harmonyhub.storage.resolutions import Resolution
from harmonyhub.wiring.house import House
from tests.conftest import SetClock
from tests.flows.town import Town, open_town

SAVED = ListName(part=Part.SAVED_TRACKS)
COLLECTIONS = ("tokens", "synced_plays", "spotify_lists", "spotify_pages", "kept_answers")


@pytest.fixture
async def town(house: House, clock: SetClock) -> AsyncIterator[Town]:
    """Give a house with a fake Spotify."""
    async with open_town(house, clock) as town:
        yield town


async def newcomer(town: Town, *, n_saved: int = 110, n_playlists: int = 3) -> UserId:
    """Let one person consent just now, who keeps so much."""
    (user,) = await town.sign_in(1, age_s=0)
    await town.fake.control.set_library(
        user.user_id,
        n_saved_tracks=n_saved,
        n_saved_albums=20,
        n_followed=20,
        n_playlists=n_playlists,
    )
    return UserId(user.user_id)


async def newcomer_at_home(town: Town) -> UserId:
    """Let one person consent to an app of a household's own."""
    theirs = await town.fake.control.add_app()
    (user,) = await town.sign_in(1, client_id=theirs.client_id, age_s=0)
    await town.house.store._database["tokens"].update_one(
        {"_id": user.user_id}, {"$set": {"is_public": True}}
    )
    return UserId(user.user_id)


async def library(town: Town, user: UserId) -> dict[str, list[Entry]]:
    """Give all entries that count now, by list."""
    found: dict[str, list[Entry]] = {}
    async for state, entries in town.house.store.spotify_library.all_entries(user):
        found.setdefault(str(state.name), []).extend(entries)
    return found


async def states(town: Town, user: UserId) -> Mapping[ListName, ListState]:
    """Give what is known of each list."""
    return await town.house.store.spotify_library.states(user)


async def calls(town: Town) -> Counter[str]:
    """Count what the Web API was asked, by operation."""
    counts: Counter[str] = Counter()
    for entry in await town.fake.control.requests():
        if entry.operation != "refresh":
            counts[entry.operation] += 1
    return counts


async def test_a_first_synchronization_takes_at_most_45_calls(town: Town) -> None:
    """The standard person: 50 plays, 6 top lists, 500 saved tracks, 20 playlists and more."""
    (person,) = await town.sign_in(1, age_s=0)
    user = UserId(person.user_id)
    await sync_due(town.house)

    found = await library(town, user)
    assert 50 == await town.house.store.synced_plays.count(user)
    assert 20 == len(found[str(PLAYLISTS)])
    assert 20 == sum(name.startswith("playlist-items/") for name in found)
    assert 6 == sum(name.startswith("top-") for name in found)
    counts = await calls(town)
    assert counts.total() <= 45, counts
    assert 10 == counts["saved-tracks"]


@pytest.mark.slow
async def test_the_export_holds_all_of_it(town: Town) -> None:
    """Plays with their source, and every kept entry with its list."""
    user = await newcomer(town)
    await sync_due(town.house)
    lines = [json.loads(line) async for line in await export_user(town.house, user)]
    listens = [line for line in lines if line["type"] == "listen"]
    assert (50, {"spotify-sync"}) == (len(listens), {line["source"] for line in listens})
    kept = Counter(line["list"] for line in lines if line["type"] == "kept")
    assert {name: len(entries) for name, entries in (await library(town, user)).items()} == kept


@pytest.mark.slow
async def test_the_ledger_of_every_list_balances(town: Town) -> None:
    """Entries that the fake holds = kept + duplicate + not music + unreadable, list by list."""
    user = await newcomer(town, n_playlists=20)
    truth = await town.fake.control.library(user)
    await sync_due(town.house)

    known, found = await states(town, user), await library(town, user)
    for name, state in known.items():
        assert state.total == state.tally.lines, name
        if name.part is not Part.PLAYS:
            assert len(found.get(str(name), [])) == state.tally.kept, name
    saved = known[SAVED]
    assert len(truth.saved_tracks) == saved.tally.lines
    assert truth.n_hollow_tracks == saved.tally.unreadable > 0
    kinds = Counter(kind for playlist in truth.playlists for kind in playlist.kinds)
    items = [state.tally for name, state in known.items() if name.part is Part.PLAYLIST_ITEMS]
    assert kinds["episode"] == sum(tally.not_music for tally in items) > 0
    hollow = kinds["local"] + kinds["removed"] + kinds["null"]
    assert hollow == sum(tally.unreadable for tally in items) > 0


@pytest.mark.slow
async def test_a_second_reading_of_the_day_costs_what_changed(town: Town) -> None:
    """A day later: one call per head and per range, none for playlists that are as they were."""
    user = await newcomer(town)
    await sync_due(town.house)
    before, n_before = await library(town, user), await calls(town)
    town.clock.now += LIBRARY_EVERY_S
    await town.fake.control.advance(LIBRARY_EVERY_S)
    assert await sync_library_due(town.house)

    again = await calls(town) - n_before
    assert {"saved-tracks": 1, "saved-albums": 1, "own-playlists": 1, "followed-artists": 1} == {
        name: n for name, n in again.items() if not name.startswith("top-")
    }
    assert before == await library(town, user)


async def test_a_spent_budget_goes_on_where_it_stopped(town: Town) -> None:
    """No page is asked for twice, and what was read stays visible meanwhile."""
    user = await newcomer(town)
    await town.fake.control.strike(Fault.RATE_LIMIT, operation="saved-tracks", skip=1, seconds=20)
    await sync_due(town.house)
    middle = (await states(town, user))[SAVED]
    assert middle.reading is not None
    assert (50, Outcome.RATE_LIMITED) == (middle.reading.offset, middle.outcome)
    assert 45 < len((await library(town, user))[str(SAVED)]) <= 50
    town.clock.now += 30
    while await sync_library_due(town.house):
        pass

    state = (await states(town, user))[SAVED]
    assert (None, 110, 110) == (state.reading, state.tally.lines, state.total)
    assert 4 == (await calls(town))["saved-tracks"]  # three pages and the refused one


@pytest.mark.slow
async def test_what_was_read_stays_until_the_new_reading_is_whole(town: Town) -> None:
    """A reading that broke off in the middle changes nothing that anybody sees."""
    user = await newcomer(town)
    await sync_due(town.house)
    before = (await library(town, user))[str(SAVED)]
    await town.fake.control.set_library(user, n_saved_tracks=160)
    town.clock.now += LIBRARY_EVERY_S
    await town.fake.control.strike(Fault.RATE_LIMIT, operation="saved-tracks", skip=2, seconds=20)
    await sync_library_due(town.house)
    assert before == (await library(town, user))[str(SAVED)]
    town.clock.now += 30
    while await sync_library_due(town.house):
        pass

    state = (await states(town, user))[SAVED]
    assert 160 == state.tally.lines
    assert state.tally.kept == len((await library(town, user))[str(SAVED)])


@pytest.mark.slow
async def test_a_restart_in_the_middle_loses_and_doubles_nothing(town: Town) -> None:
    """The process dies at any moment of a first synchronization: the next ones finish it."""
    user = await newcomer(town, n_saved=260)
    for _ in range(8):
        began = time.time()
        running = asyncio.create_task(sync_due(town.house))
        while not await town.fake.control.requests(since=began):
            assert not running.done()
        running.cancel()
        await asyncio.wait([running])
        town.clock.now += 130  # the claim of the dead one ends
    await sync_due(town.house)
    while await sync_library_due(town.house):
        pass

    for name, state in (await states(town, user)).items():
        assert state.total == state.tally.lines, name
    ids = [entry.id for entry in (await library(town, user))[str(SAVED)]]
    assert len(ids) == len(set(ids)) == (await states(town, user))[SAVED].tally.kept


@pytest.mark.slow
async def test_two_at_once_tell_everything_once(town: Town) -> None:
    """A service and a command that read the same library: each page has one writer."""
    user = await newcomer(town, n_saved=260)
    await asyncio.gather(*(sync_now(town.house, user) for _ in range(3)))
    while await sync_library_due(town.house):
        pass
    town.clock.now += 300
    while await sync_library_due(town.house):
        pass

    found = await library(town, user)
    for name, state in (await states(town, user)).items():
        assert (None, state.total) == (state.reading, state.tally.lines), name
        if name.part is not Part.PLAYS:
            assert len(found.get(str(name), [])) == state.tally.kept, name


@pytest.mark.slow
async def test_a_changed_playlist_alone_is_read_again(town: Town) -> None:
    """Another snapshot costs one call, a playlist that is no more takes its items along."""
    user = await newcomer(town)
    await sync_due(town.house)
    n_before = await calls(town)
    known = await states(town, user)
    one, other = [name for name in known if name.part is Part.PLAYLIST_ITEMS][:2]
    library_ = town.house.store.spotify_library
    await library_.save(user, replace(known[one], snapshot_id="before"))
    gone = replace(known[other], name=ListName(part=Part.PLAYLIST_ITEMS, which="x" * 22))
    await library_.save(user, gone)
    town.clock.now += LIBRARY_EVERY_S
    await sync_library_due(town.house)

    assert 1 == (await calls(town) - n_before)["playlist-items"]
    assert set(known) == set(await states(town, user))


async def test_our_own_playlists_are_not_read_back(town: Town) -> None:
    """What we recommended does not come back as the listener's own choice."""
    user = await newcomer(town)
    made = create_playlist(name="Discover", description="HarmonyHub 0123456789")
    await town.spotify.ask(user, made, purpose=Purpose.PERSON)
    await sync_due(town.house)
    found = await library(town, user)
    playlists = [entry.thing for entry in found[str(PLAYLISTS)]]
    assert 1 == sum(isinstance(one, OwnPlaylist) and one.is_pushed for one in playlists)
    assert 3 == sum(name.startswith("playlist-items/") for name in found)


async def test_what_was_not_allowed_is_left_out(town: Town) -> None:
    """Somebody who allows plays and saved tracks alone gets just these, and is not set aside."""
    user = await newcomer(town)
    token = await town.house.store.tokens.get(user)
    assert token is not None
    refresh, access = await town.house.store.tokens.secrets_of(user)
    some = replace(token, scopes=("user-read-recently-played", "user-library-read"))
    await town.house.store.tokens.save(some, refresh_token=refresh, access_token=access)
    report = await sync_due(town.house)

    assert (1, 0) == (report.n_synced, report.n_kept_aside)
    assert {"saved-tracks", "saved-albums"} == set(await library(town, user))
    outcomes = {name.part: state.outcome for name, state in (await states(town, user)).items()}
    assert Outcome.SCOPE_MISSING is outcomes[Part.TOP_TRACKS]
    assert Outcome.OK is outcomes[Part.SAVED_TRACKS]


async def test_a_page_written_after_the_listener_left_goes_too(town: Town) -> None:
    """Who disconnects while the library is read leaves nothing behind."""
    user = await newcomer(town)
    running = asyncio.create_task(sync_due(town.house))
    while not await library(town, user):  # noqa: ASYNC110 - MongoDB tells nobody
        await asyncio.sleep(0.01)
    await forget_spotify(town.house, user)
    await running

    left = {
        name: await town.house.store._database[name].count_documents({}) for name in COLLECTIONS
    }
    assert dict.fromkeys(COLLECTIONS, 0) == left


async def test_plays_written_after_the_listener_left_go_too(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who disconnects between Spotify's answer and our write leaves nothing behind."""
    user = await newcomer(town)
    await sync_due(town.house)
    while await sync_library_due(town.house):
        pass
    add = town.house.store.synced_plays.add

    async def leave_then_add(user_id: UserId, plays: Sequence[RecentPlay]) -> list[Kept]:
        await forget_spotify(town.house, user)
        return await add(user_id, plays)

    monkeypatch.setattr(town.house.store.synced_plays, "add", leave_then_add)
    town.clock.now += 3_600
    await town.fake.control.advance(3_600)
    await sync_due(town.house)

    left = {
        name: await town.house.store._database[name].count_documents({}) for name in COLLECTIONS
    }
    assert dict.fromkeys(COLLECTIONS, 0) == left


async def test_ids_stay_while_a_household_is_connected(town: Town) -> None:
    """What was found at Spotify goes with the last consent, whosever app it was given to."""
    user = await newcomer(town)
    other = await newcomer_at_home(town)
    found = Resolution(
        track_id=TrackId("t" * 25), spotify_id="x", confidence=1.0, by=FoundBy.SEARCH, at=0
    )
    await town.house.store.resolutions.remember([found])
    kept = []
    for leaving in (user, other):
        await forget_spotify(town.house, leaving)
        kept.append(await town.house.store._database["resolutions"].count_documents({}))

    assert [1, 0] == kept


async def test_an_overrun_is_told(town: Town) -> None:
    """Fifty new plays since the last reading: some in between may be missing, and it is said."""
    user = await newcomer(town)
    await sync_due(town.house)
    plays = ListName(part=Part.PLAYS)
    first = (await states(town, user))[plays]
    town.clock.now += 900
    await town.fake.control.advance(900)
    await sync_due(town.house)
    assert 0 == (await states(town, user))[plays].gap_since
    town.clock.now += 20_000
    await town.fake.control.advance(20_000)
    await sync_due(town.house)

    state = (await states(town, user))[plays]
    assert first.newest_at < state.gap_since < state.gap_until < state.newest_at
    assert 50 == state.tally.lines == state.tally.kept


@pytest.mark.slow
@pytest.mark.parametrize("mode", [Mode.SECRET_REVOKED, Mode.QUOTA])
async def test_trouble_of_all_stops_the_library_and_loses_nothing(town: Town, mode: Mode) -> None:
    """What was read is there, and the next reading has its time."""
    user = await newcomer(town)
    await sync_due(town.house)
    before = await library(town, user)
    town.clock.now += LIBRARY_EVERY_S
    await town.fake.control.set(mode, seconds=7200)
    await sync_library_due(town.house)
    assert not await sync_library_due(town.house)
    assert before == await library(town, user)
