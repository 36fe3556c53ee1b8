"""Every operation of the fake, asked and answered as the published contract says."""

import json
from pathlib import Path

import httpx2
import pytest
from openapi_core import OpenAPI

from harmonyhub.drills.fake_spotify.catalogue import load_catalogue
from harmonyhub.drills.fake_spotify.hollow import local_file
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.fake_spotify.operations import OPERATIONS
from harmonyhub.drills.fake_spotify.playlists import Playlist
from harmonyhub.drills.fake_spotify.rendering import View, show_simple_playlist
from harmonyhub.drills.process import FakeSpotify, FakeUser
from tests.tools.spotify_contract import NEW_APPS, OLD_APPS, judge, load_contract

OLD_FIELDS = frozenset({"popularity", "preview_url", "available_markets", "primary_color"})


@pytest.fixture
def contract(shared: Path) -> OpenAPI:
    """Give the contract of a new app."""
    return load_contract(shared / NEW_APPS)


async def walk(http: httpx2.AsyncClient, user: FakeUser) -> None:
    """Ask for everything that the fake offers, each as the contract allows."""
    headers = {"Authorization": f"Bearer {user.access_token.reveal()}"}

    async def ask(method: str, path: str, **more: object) -> httpx2.Response:
        answer = await http.request(method, f"/v1{path}", headers=headers, **more)
        assert answer.status_code < 300, (method, path, answer.text)
        return answer

    for path in (
        "/me",
        "/me/player/recently-played?limit=50",
        "/me/tracks?limit=20&offset=480",
        "/me/albums?limit=50",
        "/me/following?type=artist&limit=50",
        "/search?q=love&type=track,artist,album&limit=10",
    ):
        await ask("GET", path)
    for kind in ("artists", "tracks"):
        for time_range in ("short_term", "medium_term", "long_term"):
            await ask("GET", f"/me/top/{kind}?time_range={time_range}&limit=10")
    song = (await ask("GET", "/me/tracks?limit=1")).json()["items"][0]["track"]
    album, artist = song["album"]["id"], song["artists"][0]["id"]
    for path in (
        f"/tracks/{song['id']}",
        f"/albums/{album}",
        f"/albums/{album}/tracks",
        f"/artists/{artist}",
        f"/artists/{artist}/albums?limit=10",
        f"/me/library/contains?uris={song['uri']}",
    ):
        await ask("GET", path)
    await ask("PUT", f"/me/library?uris={song['uri']}")
    await ask("DELETE", f"/me/library?uris={song['uri']}")
    for playlist in (await ask("GET", "/me/playlists?limit=50")).json()["items"]:
        await ask("GET", f"/playlists/{playlist['id']}/items?limit=10")
    made = (await ask("POST", "/me/playlists", json={"name": "New", "public": False})).json()
    path = f"/playlists/{made['id']}"
    await ask("PUT", path, json={"name": "Newer", "description": "Words"})
    await ask("POST", f"{path}/items", json={"uris": [song["uri"]]})
    await ask("PUT", f"{path}/items", json={"uris": [song["uri"], song["uri"]]})
    await ask("GET", path)
    await ask("DELETE", f"{path}/items", json={"items": [{"uri": song["uri"]}]})


@pytest.mark.slow
async def test_every_operation_keeps_the_contract_both_ways(
    fake: FakeSpotify, http: httpx2.AsyncClient, contract: OpenAPI
) -> None:
    """Where nothing is hollow, each request and each answer is as published."""
    (user,) = await fake.control.seed_users(1)
    await fake.control.set_hollow(is_hollow=False)
    await fake.control.record()
    await walk(http, user)
    exchanges = await fake.control.exchanges()
    assert {one.name for one in OPERATIONS} == {one.operation for one in exchanges}
    assert [] == judge(exchanges, contract)


async def test_the_judge_sees_hollow_answers_and_wrong_requests(
    fake: FakeSpotify, http: httpx2.AsyncClient, contract: OpenAPI
) -> None:
    """A null album and a page of eleven are found, each in its direction."""
    (user,) = await fake.control.seed_users(1)
    await fake.control.record()
    headers = {"Authorization": f"Bearer {user.access_token.reveal()}"}
    await http.get("/v1/me/albums?limit=50", headers=headers)
    await http.get("/v1/search?q=a&type=track&limit=11", headers=headers)
    found = judge(await fake.control.exchanges(), contract)
    assert ["answer GET /v1/me/albums", "request GET /v1/search"] == [
        line.partition(":")[0] for line in found
    ]


@pytest.mark.slow
async def test_an_old_app_is_answered_by_the_whole_contract(
    fake: FakeSpotify, http: httpx2.AsyncClient, shared: Path
) -> None:
    """What extended mode adds has the form of the contract before the removals."""
    (user,) = await fake.control.seed_users(1)
    await fake.control.change_app(mode="extended")
    await fake.control.set_hollow(is_hollow=False)
    await fake.control.record()
    await walk(http, user)
    assert [] == judge(await fake.control.exchanges(), load_contract(shared / OLD_APPS))


async def test_refusals_keep_the_contract_too(
    fake: FakeSpotify, http: httpx2.AsyncClient, contract: OpenAPI
) -> None:
    """400, 401, 403 and 429 have the published form wherever one is published."""
    (user,) = await fake.control.seed_users(1, scopes=["user-library-modify"])
    headers = {"Authorization": f"Bearer {user.access_token.reveal()}"}
    await fake.control.record()

    async def ask(method: str, path: str) -> int:
        return (await http.request(method, f"/v1{path}", headers=headers)).status_code

    statuses = [
        await ask("PUT", "/me/library?uris=nonsense"),
        await ask("GET", "/me/top/tracks"),
        await ask("GET", "/tracks/0000000000000000000000"),
    ]
    for mode in (Mode.QUOTA, Mode.RATE_LIMIT):
        await fake.control.set(mode, seconds=60)
        statuses.append(await ask("GET", "/me"))
    await fake.control.clear()
    await fake.control.advance(3600)
    statuses.append(await ask("GET", "/me"))
    assert [400, 403, 404, 429, 429, 401] == statuses
    assert [] == judge(await fake.control.exchanges(), contract)


def outline(value: object) -> object:
    """Give the shape of an answer: its names, its nulls and the kinds of its values."""
    if isinstance(value, dict):
        return {name: outline(one) for name, one in value.items() if name not in OLD_FIELDS}
    if isinstance(value, list):
        return [outline(one) for one in value[:1]]
    return None if value is None else type(value).__name__


def test_hollow_things_have_the_recorded_shapes(shared: Path) -> None:
    """A local file and a playlist without pictures look as in answers that were recorded."""
    examples = shared / "data/spotify/examples"
    song = next(iter(load_catalogue().songs.values()))
    recorded = json.loads((examples / "playlist_2.json").read_text("utf-8"))
    local = recorded["tracks"]["items"][0]["track"]
    assert outline(local) == outline(local_file(song, is_extended=True))
    recorded = json.loads((examples / "current_user_playlist_1.json").read_text("utf-8"))
    bare = next(one for one in recorded["items"] if one["images"] is None)
    playlist = Playlist(id="x", owner_id="anna", name="Bare")
    view = View(is_extended=True, is_hollow=True, base="http://127.0.0.1")
    assert outline(bare) == outline(show_simple_playlist(playlist, view))
