"""Tracks are found at Spotify once, surely, and within a number of calls."""

from collections.abc import AsyncIterator

import pytest

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.matching import FoundBy
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.playlists import PushMode
from harmonyhub.domain.upstreams import Outcome
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.flows import push_playlist as pushing
from harmonyhub.flows.resolve import Resolved, resolve
from harmonyhub.flows.resolve_rest import resolve_rest
from harmonyhub.sources.starter.library import load_library
from harmonyhub.storage.resolutions import MISSING_FOR_S
from harmonyhub.wiring.house import House
from tests.conftest import SetClock
from tests.flows.studio import Studio, open_studio

UNKNOWN = TrackDescription("A Song That Nobody Sang", ("Nobody At All",))


@pytest.fixture
async def studio(house: House, clock: SetClock) -> AsyncIterator[Studio]:
    """Give a house with a connected listener."""
    async with open_studio(house, clock) as studio:
        yield studio


async def look_up(studio: Studio, track_ids: list[TrackId], *, most_calls: int = 99) -> Resolved:
    """Look tracks up in the background."""
    tracks = await studio.house.store.tracks.get_many(track_ids)
    return await resolve(
        studio.house,
        studio.user,
        [tracks[one] for one in track_ids],
        purpose=Purpose.RESOLVE,
        most_calls=most_calls,
    )


async def n_searches(studio: Studio) -> int:
    """Count the searches that were answered or refused."""
    counts = await studio.fake.control.counts()
    return sum(n for (operation, _), n in counts.items() if operation == "search")


async def test_known_ids_cost_nothing(studio: Studio) -> None:
    """A history from Spotify names them already."""
    resolved = await look_up(studio, await studio.add_tracks(5))

    assert [one.id for one in studio.music[:5]] == list(resolved.found.values())
    assert 0 == await n_searches(studio)


async def test_codes_are_asked_for_once(studio: Studio) -> None:
    """One call a track by ISRC; what was told is remembered, with how and how sure."""
    tracks = await studio.add_tracks(5, has_ids=False)
    first, second = [await look_up(studio, tracks) for _ in range(2)]
    known = await studio.house.store.resolutions.get_many(tracks, now=studio.clock())

    assert [one.id for one in studio.music[:5]] == list(first.found.values())
    assert (first.found, 5) == (second.found, await n_searches(studio))
    assert {(FoundBy.ISRC, 1.0)} == {(one.by, one.confidence) for one in known.values()}


async def test_names_are_searched_for(studio: Studio) -> None:
    """The starter catalogue has names only; a live version listed first is not taken."""
    descriptions = [track for artist in load_library()[:12] for track in artist.tracks[:3]]
    tracks = await studio.house.store.tracks.resolve(descriptions)
    resolved = await look_up(studio, tracks)

    by_name = {(one.title, one.artist): one.id for one in studio.music}
    wanted = {
        track: by_name[said.title, said.artists[0]]
        for track, said in zip(tracks, descriptions, strict=True)
        if (said.title, said.artists[0]) in by_name
    }
    assert wanted == resolved.found
    assert len(wanted) > 25


@pytest.mark.parametrize(("is_extended", "n_hits"), [(False, "10"), (True, "50")])
async def test_a_search_asks_for_what_the_app_may(
    studio: Studio, *, is_extended: bool, n_hits: str
) -> None:
    """Ten hits a page for a new app; one that keeps more takes fifty in the same call."""
    (app,) = await studio.fake.control.apps()
    await studio.fake.control.change_app(mode="extended" if is_extended else "development")
    await studio.house.store.app_modes.note(app.client_id, is_extended=is_extended, now=0)
    await studio.fake.control.record()
    await look_up(studio, await studio.house.store.tracks.resolve([UNKNOWN]))

    (asked,) = await studio.fake.control.exchanges()
    assert (200, n_hits) == (asked.status, asked.query["limit"])


async def test_not_found_is_remembered_for_30_days(studio: Studio) -> None:
    """Then it is looked for again: music arrives late."""
    tracks = await studio.house.store.tracks.resolve([UNKNOWN])
    counts = []
    for later_s in (0, MISSING_FOR_S - 1, 1):
        studio.clock.now += later_s
        assert tracks == (await look_up(studio, tracks)).missing
        counts.append(await n_searches(studio))

    assert [1, 1, 2] == counts


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        (Mode.RATE_LIMIT, Outcome.RATE_LIMITED),
        (Mode.QUOTA, Outcome.QUOTA_EXCEEDED),
        (Mode.UNAVAILABLE, Outcome.UPSTREAM_FAILED),
        (Mode.CAPTIVE_PORTAL, Outcome.INTERCEPTED),
    ],
)
async def test_trouble_is_never_remembered_as_not_found(
    studio: Studio, mode: Mode, outcome: Outcome
) -> None:
    """The tracks stay open, and the first is not asked for again by the others."""
    tracks = await studio.add_tracks(3, has_ids=False)
    await studio.fake.control.set(mode, seconds=60)
    resolved = await look_up(studio, tracks)

    assert (outcome, tracks) == (resolved.stopped_by, resolved.open)
    assert {} == await studio.house.store.resolutions.get_many(tracks, now=studio.clock())


async def test_a_spent_budget_leaves_tracks_open(studio: Studio) -> None:
    """So many calls and no more; what they told is kept."""
    tracks = await studio.add_tracks(5, has_ids=False)
    resolved = await look_up(studio, tracks, most_calls=3)

    assert (tracks[3:], Outcome.BUDGET_SPENT) == (resolved.open, resolved.stopped_by)
    assert tracks[:3] == list(resolved.found)


@pytest.mark.parametrize("mode", list(PushMode))
async def test_the_rest_is_found_in_the_background(
    studio: Studio, mode: PushMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a push had no calls for comes into the playlist later, each track once."""
    monkeypatch.setattr(pushing, "MOST_SEARCHES", 4)
    order = studio.order(await studio.add_tracks(10, has_ids=False), mode=mode)
    push = await studio.push(order)
    told = await resolve_rest(
        studio.house, order, on_progress=studio.told.append, pause=studio.pause
    )

    (made,) = await studio.ours()
    assert (4, 6) == (push.n_written, push.n_open)
    assert (studio.uris(10), 10) == (list(made.uris), told["n_found"])


async def test_what_spotify_tells_stays_out_of_the_catalogue(studio: Studio) -> None:
    """Training reads the catalogue, so an id that Spotify told must not be in it."""
    tracks = await studio.add_tracks(5, has_ids=False)
    before = await studio.house.store.tracks.get_many(tracks)
    await look_up(studio, tracks)

    assert before == await studio.house.store.tracks.get_many(tracks)
