"""Playlists out: once, whole, in order, whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.errors import ConflictError, NotFoundError, RefusedInputError, UpstreamError
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.knobs import NO_WISH, Knobs, Wish
from harmonyhub.domain.playlists import (
    DESCRIPTION_LONGEST,
    PushMode,
    PushState,
    first_plan,
    has_marker,
)
from harmonyhub.domain.push_problems import push_problem
from harmonyhub.domain.recommendations import ListName
from harmonyhub.domain.upstreams import Outcome
from harmonyhub.drills.fake_spotify.modes import Fault, Mode, Strike
from harmonyhub.flows.playlist_wishes import PlaylistWish, name_subject
from harmonyhub.flows.push_playlist import order_of_job, order_playlist, submit_push
from harmonyhub.sources.spotify.requests import remove_playlist
from harmonyhub.wiring.house import House
from tests.conftest import SetClock
from tests.flows.studio import Studio, open_studio

LOST = (Fault.LOST_RESET, Fault.UNAVAILABLE)


@pytest.fixture
async def studio(house: House, clock: SetClock) -> AsyncIterator[Studio]:
    """Give a house with a connected listener."""
    async with open_studio(house, clock) as studio:
        yield studio


async def test_a_list_becomes_a_private_playlist(studio: Studio) -> None:
    """With its items in order, in chunks of 100, and a description that says where it is from."""
    tracks = await studio.add_tracks(230)
    push = await studio.push(studio.order(tracks))

    (made,) = await studio.ours()
    assert studio.uris(230) == list(made.uris)
    assert not made.is_public
    assert f"HarmonyHub {push.marker}" in made.description
    assert "Discover, 14 August 2024" == made.name
    assert (PushState.DONE, 230, f"https://open.spotify.com/playlist/{made.id}") == (
        push.state,
        push.n_written,
        push.url,
    )


async def test_the_same_wish_twice_is_one_playlist(studio: Studio) -> None:
    """The second costs one look whether it is still there."""
    order = studio.order(await studio.add_tracks(30))
    first = await studio.push(order)
    second = await studio.push(order)

    counts = await studio.fake.control.counts()
    assert (1, 1) == (counts["create-playlist", "ok"], counts["replace-items", "ok"])
    assert first.spotify_id == second.spotify_id


async def test_two_clicks_at_once_make_one_playlist(studio: Studio) -> None:
    """One works, the other waits for it."""
    order = studio.order(await studio.add_tracks(30))
    jobs = [await submit_push(studio.house, order) for _ in range(2)]
    await asyncio.gather(studio.push(order), studio.push(order))

    assert 1 == len({job.id for job, _ in jobs})
    assert 1 == len(await studio.ours())


@pytest.mark.parametrize("fault", LOST)
async def test_a_lost_answer_makes_no_second_playlist(studio: Studio, fault: Fault) -> None:
    """The playlist is looked for by its marker; where it is not, it is made."""
    await studio.fake.control.strike(fault, operation="create-playlist")
    await studio.push(studio.order(await studio.add_tracks(30)))

    (made,) = await studio.ours()
    assert studio.uris(30) == list(made.uris)


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("skip", [0, 1])
async def test_a_lost_answer_adds_nothing_twice(studio: Studio, fault: Fault, skip: int) -> None:
    """Items are counted and read back before any is sent again."""
    await studio.fake.control.strike(fault, operation="add-items", skip=skip, times=2)
    await studio.push(studio.order(await studio.add_tracks(330)))

    (made,) = await studio.ours()
    assert studio.uris(330) == list(made.uris)


async def test_appending_goes_behind_what_is_there(studio: Studio) -> None:
    """The same tracks once, others after them; a lost answer changes nothing of it."""
    tracks = await studio.add_tracks(150)
    mode, key = PushMode.APPEND, "discover"
    await studio.push(studio.order(tracks[:20], mode=mode, key=key))
    await studio.push(studio.order(tracks[:20], mode=mode, key=key))
    await studio.fake.control.strike(Fault.LOST_RESET, operation="add-items")
    await studio.push(studio.order(tracks[20:], mode=mode, key=key))
    await studio.push(studio.order(tracks[:20], mode=mode, key=key))

    (made,) = await studio.ours()
    assert studio.uris(150) == list(made.uris)


async def test_replacing_keeps_the_playlist(studio: Studio) -> None:
    """Its items are exchanged, in place of more or fewer."""
    tracks = await studio.add_tracks(150)
    mode, key = PushMode.REPLACE, "discover"
    await studio.push(studio.order(tracks, mode=mode, key=key))
    await studio.push(studio.order(tracks[100:120], mode=mode, key=key))

    (made,) = await studio.ours()
    assert studio.uris(20, start=100) == list(made.uris)


async def test_a_restart_in_the_middle_goes_on(studio: Studio) -> None:
    """Broken off at each call in turn, it ends whole, and there is one playlist."""
    order = studio.order(await studio.add_tracks(250))
    for n_calls in range(1, 5):
        task = asyncio.create_task(studio.push(order))
        before = len(await studio.fake.control.requests())
        await studio.asked(before + n_calls, task)
        task.cancel()
        await asyncio.wait([task])
    await studio.push(order)

    (made,) = await studio.ours()
    assert studio.uris(250) == list(made.uris)


@pytest.mark.slow
async def test_a_dead_worker_is_waited_for(studio: Studio) -> None:
    """Its lease ends after a minute; what it wrote is not written again."""
    order = studio.order(await studio.add_tracks(30))
    _, plan = await submit_push(studio.house, order)
    held = await studio.house.store.pushed_playlists.claim(studio.user, plan.id, now=studio.clock())
    assert held is not None
    push = await studio.push(order)

    assert (PushState.DONE, held.fence + 1) == (push.state, push.fence)


async def test_a_removed_playlist_is_said_and_made_anew_on_request(studio: Studio) -> None:
    """Spotify only hides it; we do not write where nobody looks."""
    tracks = await studio.add_tracks(30)
    order = studio.order(tracks)
    push = await studio.push(order)
    removal = studio.house.spotify
    assert removal is not None
    await removal.ask(studio.user, remove_playlist(push.spotify_id), purpose=Purpose.PERSON)
    with pytest.raises(UpstreamError, match="you removed it") as caught:
        await studio.push(order)
    again = await studio.push(studio.order(tracks, is_anew=True))

    assert Outcome.NOT_FOUND is caught.value.outcome
    (made,) = await studio.ours()
    assert again.spotify_id == made.id != push.spotify_id


async def test_a_short_limit_is_waited_out(studio: Studio) -> None:
    """Spotify names the seconds; nothing is lost and nobody is bothered."""
    await studio.fake.control.strike_all(
        Strike(fault=Fault.RATE_LIMIT, operation="create-playlist", seconds=7),
        Strike(fault=Fault.RATE_LIMIT, operation="replace-items", seconds=9),
    )
    push = await studio.push(studio.order(await studio.add_tracks(30)))

    assert PushState.DONE is push.state
    assert ["waiting 7 s for Spotify", "waiting 9 s for Spotify"] == [
        one.message for one in studio.told if one.message.startswith("waiting")
    ]


async def test_a_spent_quota_ends_the_push_and_is_told(studio: Studio) -> None:
    """Hours are not waited for; asked again after them it goes on."""
    order = studio.order(await studio.add_tracks(30))
    await studio.fake.control.strike(Fault.QUOTA, operation="replace-items", seconds=7200)
    with pytest.raises(UpstreamError, match="no more calls for today") as caught:
        await studio.push(order)
    studio.clock.now += 7201
    push = await studio.push(order)

    assert "in 2 hours" in caught.value.hint
    assert PushState.DONE is push.state
    assert 1 == len(await studio.ours())


async def test_a_refusal_needs_no_search(studio: Studio) -> None:
    """What Spotify refused it has not made: the next try does not look for it."""
    order = studio.order(await studio.add_tracks(30))
    await studio.fake.control.strike(Fault.QUOTA, operation="create-playlist", seconds=7200)
    with pytest.raises(UpstreamError):
        await studio.push(order)
    studio.clock.now += 7201
    await studio.push(order)

    counts = await studio.fake.control.counts()
    assert (0, 1) == (counts["own-playlists", "ok"], counts["create-playlist", "ok"])


async def test_an_outage_while_looking_up_cuts_no_list_short(studio: Studio) -> None:
    """Half of the tracks is no playlist: it ends, and the next try has them all."""
    known = await studio.add_tracks(5, start=20)
    order = studio.order(known + await studio.add_tracks(6, has_ids=False))
    await studio.fake.control.strike(Fault.QUOTA, operation="search", skip=3, seconds=7200)
    with pytest.raises(UpstreamError, match="quota"):
        await studio.push(order)
    assert [] == await studio.ours()
    studio.clock.now += 7201
    await studio.push(order)

    (made,) = await studio.ours()
    assert studio.uris(5, start=20) + studio.uris(6) == list(made.uris)
    assert 6 == (await studio.fake.control.counts())["search", "ok"]


MODES = [
    (Mode.SECRET_REVOKED, Outcome.CLIENT_REJECTED),
    (Mode.PREMIUM_LAPSED, Outcome.PREMIUM_LAPSED),
    (Mode.NOT_ALLOWED, Outcome.USER_NOT_ALLOWED),
    (Mode.UNAVAILABLE, Outcome.UPSTREAM_FAILED),
    (Mode.RESET, Outcome.CONNECTION_LOST),
    (Mode.CAPTIVE_PORTAL, Outcome.INTERCEPTED),
]


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "outcome"), MODES, ids=[mode.value for mode, _ in MODES])
async def test_each_failure_has_its_words(studio: Studio, mode: Mode, outcome: Outcome) -> None:
    """It ends, says whose fault it is and what to do, and leaves a state that goes on."""
    order = studio.order(await studio.add_tracks(3))
    await studio.fake.control.set(mode)
    with pytest.raises(UpstreamError) as caught:
        await studio.push(order)

    (kept,) = await studio.house.store.pushed_playlists.of_user(studio.user)
    assert (outcome, PushState.FAILED) == (caught.value.outcome, kept.state)
    assert push_problem(outcome).message == caught.value.message


def test_no_failure_lacks_words() -> None:
    """Every outcome but success is told in its own words, with the next thing to do."""
    problems = [push_problem(outcome) for outcome in Outcome if outcome is not Outcome.OK]
    assert len(problems) == len({problem.message for problem in problems})
    assert all("ave it" in one.hint or "save the" in one.hint for one in problems)


async def test_who_is_not_connected_is_told_so(studio: Studio, house: House) -> None:
    """Nothing is asked of Spotify."""
    wish = PlaylistWish(user_id=UserId("nobody"), list_name=ListName.DISCOVER)
    with pytest.raises(NotFoundError, match="not connected"):
        await order_playlist(studio.house, wish)
    with pytest.raises(ConflictError, match="not set up"):
        await order_playlist(house, wish)
    assert {} == await studio.fake.control.counts()


async def test_disconnecting_stops_a_push(studio: Studio) -> None:
    """What is kept of a user's playlists goes, and a worker that is at it may not go on."""
    order = studio.order(await studio.add_tracks(30))
    push = await studio.push(order)
    await studio.house.store.pushed_playlists.forget(studio.user)

    assert [] == await studio.house.store.pushed_playlists.of_user(studio.user)
    assert push.spotify_id in {one.id for one in await studio.ours()}


def test_a_list_that_is_steered_otherwise_is_another_playlist() -> None:
    """What steers it and what it starts from make the subject; the same wish makes the same one."""
    band = ArtistId("band")
    wishes = [
        NO_WISH,
        Wish(words="calm rock"),
        Wish(knobs=Knobs(rare=0.5)),
        Wish(knobs=Knobs(rare=0.5, without_artists=(band,))),
        Wish(track_ids=(TrackId("t1"),)),
        Wish(track_ids=(TrackId("t1"),), artists=("Band",)),
    ]
    subjects = [name_subject(ListName.DISCOVER, one) for one in wishes]
    assert len(wishes) == len(set(subjects))
    assert ("discover", "discover:t1") == (subjects[0], subjects[4])
    assert subjects[2] == name_subject(ListName.DISCOVER, Wish(knobs=Knobs(rare=0.5)))


async def test_a_long_note_leaves_the_marker_whole(studio: Studio) -> None:
    """The playlist is found again by its marker, however much its description has to say."""
    order = replace(studio.order([TrackId("t1")]), note="Asked for: " + "much, " * 200)
    plan = first_plan(order, now=0)
    assert has_marker(plan.description, plan.marker)
    assert DESCRIPTION_LONGEST == len(plan.description)
    assert "Asked for: much" in plan.description


async def test_a_job_holds_the_whole_order(studio: Studio) -> None:
    """What a worker reads out of the job is what was ordered, its note too."""
    order = replace(
        studio.order([TrackId("t1"), TrackId("t2")]), note="Asked for: rare.", is_anew=True
    )
    job, _ = await submit_push(studio.house, order)
    assert order == order_of_job(job)


async def test_an_empty_list_is_refused_with_what_it_is_based_on(studio: Studio) -> None:
    """On a server that has learned nothing yet the reason is that, not a number of tracks."""
    wish = PlaylistWish(user_id=UserId(studio.user), list_name=ListName.DISCOVER)
    with pytest.raises(RefusedInputError, match="no listening history has been learned from"):
        await order_playlist(studio.house, wish)
