"""From a list on the page, or by the API, to a playlist at Spotify."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from html import unescape

import httpx2
import pytest

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.listens import SourceKind
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.flows.imports import open_ledger
from harmonyhub.flows.train import run_training
from harmonyhub.jobs.runner import run_job
from harmonyhub.sources.spotify.requests import remove_playlist
from harmonyhub.storage.listens import NewListen
from harmonyhub.wiring.house import House
from tests.conftest import SetClock
from tests.flows.studio import Studio, open_studio

N_TRACKS = 40
SAVE = "Save as Spotify playlist"
HTML = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
Served = Callable[[House], AbstractAsyncContextManager[str]]


@dataclass
class Shop:
    """A served house with a connected listener, and a browser without a screen."""

    studio: Studio
    client: httpx2.AsyncClient

    async def page(self, path: str, **steering: str) -> str:
        """Get a page of the listener's."""
        answer = await self.client.get(
            path, params={"user": self.studio.user} | steering, headers=HTML, follow_redirects=True
        )
        assert 200 == answer.status_code, answer.text
        return unescape(answer.text).partition("<main")[2]

    async def press(self, page: str, action: str, **more: str) -> str:
        """Press the button of a form, and run the job that it leads to; the page of the job."""
        rest, form = page.partition(f'action="{action}')[2].partition("</form>")[0].split('"', 1)
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) | more
        answer = await self.client.post(action + rest, data=fields, headers=HTML)
        assert 303 == answer.status_code, answer.text
        await self.work()
        return await self.page(answer.headers["location"])

    async def work(self) -> None:
        """Run the job that waits."""
        house = self.studio.house
        job = await house.store.jobs.claim(worker="test", now=house.clock(), lease_s=30)
        assert job is not None
        await run_job(house, job)


@pytest.fixture
async def shop(house: House, served: Served) -> AsyncIterator[Shop]:
    """Give a house with lists of music that Spotify has, for a listener who is connected."""
    clock = SetClock()
    async with open_studio(replace(house, clock=clock), clock) as studio:
        tracks = await studio.add_tracks(N_TRACKS)
        for n, user in enumerate((studio.user, UserId("friend"), UserId("other"))):
            ledger = await open_ledger(studio.house, user_id=user, file_name="seed.json")
            heard = enumerate(tracks[n * 5 : n * 5 + 25])
            await studio.house.store.listens.add(
                user_id=user,
                ledger_id=ledger.id,
                source=SourceKind.LISTENBRAINZ,
                listens=[
                    NewListen(number=k + 1, track_id=one, played_at=clock() - 86_400 * (k + 1))
                    for k, one in heard
                ],
            )
            await studio.house.store.users.touch(user)
        await run_training(studio.house, on_progress=lambda _: None)
        async with (
            served(studio.house) as url,
            httpx2.AsyncClient(base_url=url, timeout=10) as client,
        ):
            yield Shop(studio, client)


async def test_what_the_page_shows_is_saved(shop: Shop) -> None:
    """In its order, with how it was steered; the page of the job opens the playlist."""
    page = await shop.page("/", varied="-1", words="zyx")
    done = await shop.press(page, "/playlists")

    shown = re.findall(r'class="card-title"><a href="/tracks/(\w+)', page)
    tracks = await shop.studio.house.store.tracks.get_many(shown)
    uris = {(one.title, one.artist): one.uri for one in shop.studio.music}
    names = [(tracks[one].title, tracks[one].artist) for one in shown]
    wanted = [uris[name] for name in names if name in uris]
    (made,) = await shop.studio.ours()
    assert wanted == list(made.uris)
    assert f'href="https://open.spotify.com/playlist/{made.id}"' in done
    assert f"{len(wanted)} of {len(shown)} tracks are in it." in done
    assert len(wanted) > 10
    assert "Asked for: less varied (-1)." in made.description


@pytest.mark.slow
async def test_more_like_a_track_is_saved_under_its_name(shop: Shop) -> None:
    """From the track's page."""
    page = await shop.page("/")
    track = re.findall(r'href="/tracks/(\w+)', page)[0]
    await shop.press(await shop.page(f"/tracks/{track}"), "/playlists")

    seed = await shop.studio.house.store.tracks.get(track)
    (made,) = await shop.studio.ours()
    assert seed is not None
    assert made.name.startswith(f"More like {seed.title}")


@pytest.mark.slow
async def test_who_is_not_connected_sees_no_button(shop: Shop) -> None:
    """And a form that is sent all the same is answered in words."""
    assert SAVE in await shop.page("/")
    answer = await shop.client.get("/", params={"user": "friend"}, headers=HTML)
    assert SAVE not in answer.text
    sent = {"list_name": "discover", "tracks": "t1"}
    refused = await shop.client.post("/playlists?user=friend", data=sent, headers=HTML)
    assert (404, True) == (refused.status_code, "has not connected" in refused.text)


@pytest.mark.slow
async def test_a_failure_is_told_and_can_be_tried_again(shop: Shop) -> None:
    """With whose matter it is; the second try goes on."""
    await shop.studio.fake.control.set(Mode.QUOTA, seconds=7200)
    failed = await shop.press(await shop.page("/"), "/playlists")
    assert "Spotify answers no more calls for today" in failed
    assert "It takes calls again in 2 hours." in failed
    await shop.studio.fake.control.clear()
    shop.studio.clock.now += 7201

    assert "Open it in Spotify" in await shop.press(failed, "/playlists/again")


@pytest.mark.slow
async def test_a_removed_playlist_can_be_made_anew(shop: Shop) -> None:
    """The page says that it is gone, and offers a new one."""
    page = await shop.page("/")
    await shop.press(page, "/playlists")
    (made,) = await shop.studio.ours()
    assert shop.studio.house.spotify is not None
    await shop.studio.house.spotify.ask(
        shop.studio.user, remove_playlist(made.id), purpose=Purpose.PERSON
    )
    gone = await shop.press(page, "/playlists")
    assert "you removed it at Spotify" in gone
    await shop.press(gone, "/playlists/again", is_anew="true")

    (anew,) = await shop.studio.ours()
    assert anew.id != made.id


@pytest.mark.slow
async def test_the_api_takes_a_list_or_tracks_once(shop: Shop) -> None:
    """The same key twice is one job and one playlist; what makes no sense is refused."""
    path = f"/api/v1/users/{shop.studio.user}/playlists"
    steering = {"rare": 0.5, "without_artist": ["Nobody at all"]}
    unknown = await shop.client.post(path, json={"list": "for-you", **steering})
    body = {"list": "for-you", "n": 10, "key": "mine", "mode": "replace", "name": "Mine"}
    body["rare"] = 0.5
    first, second = [(await shop.client.post(path, json=body)).json() for _ in range(2)]
    await shop.work()
    listed = (await shop.client.get(path)).json()["items"]
    refused = [
        (await shop.client.post(path, json=wrong)).status_code
        for wrong in (
            {},
            {"list": "for-you", "tracks": ["t1"]},
            {"list": "more-like-this"},
            {"tracks": ["t1"], "rare": 0.5},
        )
    ]
    (made,) = await shop.studio.ours()

    assert first["job"]["id"] == second["job"]["id"]
    assert [("done", "Mine", 10)] == [
        (one["state"], one["title"], one["n_written"] + one["n_missing"]) for one in listed
    ]
    assert [422] * 4 == refused
    assert "Asked for: rarer (+0.5)." in made.description
    assert (422, True) == (unknown.status_code, "No artist" in unknown.text)
