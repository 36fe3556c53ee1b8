"""The client against a Spotify of our own, and against what Spotify publishes."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest

from harmonyhub.domain.library import TopRange
from harmonyhub.domain.upstreams import Outcome
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.process import FakeApp, FakeSpotify
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.client import SpotifyClient
from harmonyhub.sources.spotify.operations import OPERATIONS
from harmonyhub.sources.spotify.requests import (
    ApiRequest,
    add_items,
    create_playlist,
    followed_artists,
    get_me,
    own_playlists,
    playlist,
    playlist_items,
    probe_api,
    recently_played,
    remove_playlist,
    replace_items,
    saved_albums,
    saved_tracks,
    search_tracks,
    top_artists,
    top_tracks,
)
from harmonyhub.sources.spotify.tokens import Credentials
from tests.conftest import NOW
from tests.tools.fakes import fresh_fake

PLAYLIST_ID = "37i9dQZF1DXcBWIGoYBM5M"
TRACK_URI = "spotify:track:4iV5W9uYEdYUVa79Axb7Rh"


@dataclass
class Line:
    """A client, the fake that it calls, and the fake's app."""

    client: SpotifyClient
    fake: FakeSpotify
    app: FakeApp

    @property
    def credentials(self) -> Credentials:
        """The app's right credentials."""
        return Credentials(self.app.client_id, self.app.client_secret)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """Give a client of a fake of seed 7."""
    async with fresh_fake() as fake:
        (app,) = await fake.control.apps()
        async with SpotifyClient(
            accounts_url=fake.accounts_url, api_url=fake.api_url + "/", clock=lambda: NOW
        ) as client:
            yield Line(client, fake, app)


async def test_every_operation_of_a_healthy_spotify(line: Line) -> None:
    """App token, refresh, plays, profile and probe: each says OK and gives its value."""
    (user,) = await line.fake.control.seed_users(1)
    issued, app_token = await line.client.issue_app_token(line.credentials)
    refreshed, tokens = await line.client.refresh(line.credentials, user.refresh_token)
    assert app_token is not None
    assert tokens is not None
    read = await line.client.ask(recently_played(), tokens.access_token)
    asked = await line.client.ask(get_me(), tokens.access_token)
    probed = await line.client.probe_api(app_token.access_token)

    seen = [issued, refreshed, read.seen, asked.seen, probed]
    assert [(Outcome.OK, NOW, "")] * 5 == [(one.outcome, one.at, one.evidence) for one in seen]
    assert ["issue-app-token", "refresh", "recently-played", "get-me", "probe-api"] == [
        one.operation for one in seen
    ]
    assert (3600, None) == (tokens.expires_in_s, tokens.refresh_token)
    assert read.value is not None
    assert asked.value is not None
    assert (50, user.user_id) == (len(read.value.items), asked.value.user_id)


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        (Mode.SECRET_REVOKED, Outcome.CLIENT_REJECTED),
        (Mode.ID_DELETED, Outcome.CLIENT_REJECTED),
        (Mode.UNAVAILABLE, Outcome.UPSTREAM_FAILED),
        (Mode.CAPTIVE_PORTAL, Outcome.INTERCEPTED),
        (Mode.RESET, Outcome.CONNECTION_LOST),
    ],
)
async def test_a_failing_token_endpoint(line: Line, mode: Mode, outcome: Outcome) -> None:
    """The outcome says what it is, and there is no token."""
    await line.fake.control.set(mode)
    seen, token = await line.client.issue_app_token(line.credentials)

    assert (outcome, None) == (seen.outcome, token)
    assert seen.evidence


async def test_a_connection_that_the_other_side_has_closed(line: Line) -> None:
    """Connections are kept between calls; one reset in between does not fail the next call."""
    await line.client.issue_app_token(line.credentials)
    await line.fake.control.set(Mode.RESET)
    await line.client.issue_app_token(line.credentials)
    await line.fake.control.clear()

    assert Outcome.OK is (await line.client.issue_app_token(line.credentials))[0].outcome


async def test_an_answer_without_end_is_cut() -> None:
    """A server that sends and sends is left after eight megabytes or five seconds."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
        try:
            while True:
                writer.write(b" " * 65_536)
                await writer.drain()
        except ConnectionError:
            writer.close()
            heard.set()

    heard = asyncio.Event()
    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with SpotifyClient(accounts_url=url, api_url=url, clock=lambda: NOW) as client:
            answer = await client.ask(recently_played(), Secret("token"))
        await heard.wait()

    assert Outcome.UNREADABLE is answer.seen.outcome


async def test_json_of_another_shape_is_unreadable() -> None:
    """A list where an object with an id should be."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"name": "no id"}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with SpotifyClient(accounts_url=url, api_url=url, clock=lambda: NOW) as client:
            answer = await client.ask(get_me(), Secret("token"))

    assert (Outcome.UNREADABLE, None) == (answer.seen.outcome, answer.value)


@cache
def contract(path: Path) -> OpenAPI:
    """Load the published contract for new apps."""
    document = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))


async def record(request: ApiRequest[object]) -> MockRequest:
    """Let a client ask, and give what arrived at the other side."""
    arrived: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1])) if length else b""
        arrived.extend((head.rstrip(), body))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with SpotifyClient(
            accounts_url=url, api_url=f"{url}/v1", clock=lambda: NOW
        ) as client:
            await client.ask(request, Secret("token"))
    head = arrived[0].decode().split("\r\n")
    method, target, _ = head[0].split()
    parts = urlsplit(target)
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    return MockRequest(
        "https://api.spotify.com",
        method.lower(),
        parts.path,
        headers=headers,
        args=dict(parse_qsl(parts.query)),
        data=arrived[1],
    )


ASKED = {
    "get-me": get_me(),
    "recently-played": recently_played(after_ms=1_700_000_000_000),
    "top-tracks": top_tracks(TopRange.WEEKS),
    "top-artists": top_artists(TopRange.YEAR),
    "saved-tracks": saved_tracks(offset=50),
    "saved-albums": saved_albums(),
    "followed-artists": followed_artists(after="0TnOYISbd1XYRBk9myaseg"),
    "own-playlists": own_playlists(),
    "get-playlist": playlist(PLAYLIST_ID),
    "playlist-items": playlist_items(PLAYLIST_ID, offset=100),
    "create-playlist": create_playlist(name="For you", description="Made by HarmonyHub"),
    "add-items": add_items(PLAYLIST_ID, [TRACK_URI], position=100),
    "replace-items": replace_items(PLAYLIST_ID, [TRACK_URI] * 100),
    "remove-from-library": remove_playlist(PLAYLIST_ID),
    "search-tracks": search_tracks('track:"Hurt" artist:"Johnny Cash"'),
    "probe-api": probe_api(),
}


def test_every_operation_is_asked_for() -> None:
    """None of the table is missing below."""
    assert {operation.name for operation in OPERATIONS} == set(ASKED)
    assert all(request.operation.name == name for name, request in ASKED.items())


# openapi-core does not know OAuth; that the token is sent is seen by the fake.
@pytest.mark.filterwarnings("ignore:Unsupported scheme type")
@pytest.mark.parametrize("name", ASKED)
async def test_requests_keep_the_contract(shared: Path, name: str) -> None:
    """What we ask for is what a new app may ask for, in the form and with the scopes it names."""
    request, asked = ASKED[name], await record(ASKED[name])
    published = contract(shared / "data/spotify/openapi.devmode.yaml")
    published.validate_request(asked)

    found = published.spec / "paths" / request.operation.path / request.operation.method.lower()
    assert request.operation.operation_id == found.read_value()["operationId"]
    named = [scope for way in (found / "security").read_value() for scope in way["oauth_2_0"]]
    assert request.operation.scopes <= set(named)
