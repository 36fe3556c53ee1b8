"""All that the product asks Spotify in a listener's life, judged by the published contract."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.playlists import PushMode
from harmonyhub.flows.connect import WayBack, begin_sign_in, finish_sign_in
from harmonyhub.flows.playlist_wishes import PlaylistWish
from harmonyhub.flows.push_playlist import order_playlist, push_playlist
from harmonyhub.flows.sync import sync_due, sync_library_due
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.operations import OPERATIONS
from harmonyhub.wiring.house import House
from tests.conftest import SetClock
from tests.flows.town import Town, open_town
from tests.tools.spotify_contract import NEW_APPS, judge, load_contract

ADA = UserId("ada")
BROWSER = Secret("b" * 43)
SELF_TEST_ONLY = frozenset({"remove-from-library", "probe-api"})
FAKES_NAMES = {"get-me": "me", "get-playlist": "playlist", "search-tracks": "search"}


@pytest.fixture
async def town(house: House, clock: SetClock) -> AsyncIterator[Town]:
    """Give a house that is set up for a fake Spotify, where answers are whole and recorded."""
    uri = "http://127.0.0.1:8000/spotify/callback"
    async with open_town(house, clock) as town:
        await town.fake.control.set_hollow(is_hollow=False)
        await town.fake.control.record()
        settings = replace(
            town.house.settings,
            spotify_redirect_uri=uri,
            spotify_accounts_url=town.fake.accounts_url,
        )
        town.house = replace(town.house, settings=settings)
        yield town


async def connect(town: Town) -> None:
    """Sign in over the consent page as a browser does."""
    url = await begin_sign_in(town.house, user_id=ADA, browser=BROWSER)
    async with httpx2.AsyncClient() as client:
        answer = await client.post(url, data={"user": "anna", "decision": "agree"})
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    way_back = WayBack(
        state=Secret(query["state"][0]), code=Secret(query["code"][0]), error="", browser=BROWSER
    )
    result = await finish_sign_in(town.house, way_back)
    assert result.end.is_connected


async def add_tracks(town: Town, n_tracks: int) -> list[TrackId]:
    """Put tracks into the catalogue that Spotify has, half of them known by ISRC."""
    music = [one for one in await town.fake.control.catalogue() if " - Live" not in one.title]
    return await town.house.store.tracks.resolve(
        [
            TrackDescription(one.title, (one.artist,), isrc=one.isrc if place % 2 else None)
            for place, one in enumerate(music[:n_tracks])
        ]
    )


async def push(town: Town, track_ids: list[TrackId], mode: PushMode) -> int:
    """Send a playlist; how many tracks it has got."""
    wish = PlaylistWish(user_id=ADA, track_ids=tuple(track_ids), mode=mode, key=f"k-{mode}")
    order = await order_playlist(town.house, wish)
    done = await push_playlist(town.house, order, on_progress=lambda _: None)
    return done.n_written


@pytest.mark.slow
async def test_a_whole_life_keeps_the_contract_both_ways(town: Town, shared: Path) -> None:
    """Consent, plays, lists, ids, playlists: every operation that we use, and none that is gone."""
    await connect(town)
    await sync_due(town.house)
    while await sync_library_due(town.house):
        pass
    tracks = await add_tracks(town, 12)
    written = [await push(town, tracks, mode) for mode in PushMode]

    exchanges = await town.fake.control.exchanges()
    assert all(written)
    assert [] == judge(exchanges, load_contract(shared / NEW_APPS))
    ours = {FAKES_NAMES.get(one.name, one.name) for one in OPERATIONS}
    assert ours - SELF_TEST_ONLY <= {one.operation for one in exchanges}
    counts = await town.fake.control.counts()
    assert not [name for name, outcome in counts if "removed" in {name, outcome}]
