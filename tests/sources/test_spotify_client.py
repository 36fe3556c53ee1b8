"""The client against a Spotify of our own, and against what Spotify publishes."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest

from harmonyhub.domain.upstreams import Outcome
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.process import FakeApp, FakeSpotify
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.client import SpotifyClient
from harmonyhub.sources.spotify.payloads import (
    Credentials,
    read_app_token,
    read_plays,
    read_profile,
    read_tokens,
)
from tests.conftest import NOW


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
    async with FakeSpotify.start(seed=7) as fake:
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
    read, plays = await line.client.recently_played(tokens.access_token)
    asked, profile = await line.client.get_me(tokens.access_token)
    probed = await line.client.probe_api(app_token.access_token)

    seen = [issued, refreshed, read, asked, probed]
    assert [(Outcome.OK, NOW, "")] * 5 == [(one.outcome, one.at, one.evidence) for one in seen]
    assert ["issue-app-token", "refresh", "recently-played", "get-me", "probe-api"] == [
        one.operation for one in seen
    ]
    assert (3600, None) == (tokens.expires_in_s, tokens.refresh_token)
    assert (50, user.user_id) == (len(plays or ()), profile and profile.user_id)


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
            seen, _ = await client.recently_played(Secret("token"))
        await heard.wait()

    assert Outcome.UNREADABLE is seen.outcome


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
            seen, profile = await client.get_me(Secret("token"))

    assert (Outcome.UNREADABLE, None) == (seen.outcome, profile)


@cache
def contract(path: Path) -> OpenAPI:
    """Load the published contract for new apps."""
    document = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))


async def record(ask: Callable[[SpotifyClient], Awaitable[object]]) -> MockRequest:
    """Let a client ask, and give what arrived at the other side."""
    arrived: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with SpotifyClient(
            accounts_url=url, api_url=f"{url}/v1", clock=lambda: NOW
        ) as client:
            await ask(client)
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
    )


# openapi-core does not know OAuth; that the token is sent is seen by the fake.
@pytest.mark.filterwarnings("ignore:Unsupported scheme type")
@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.recently_played(Secret("token")),
        lambda client: client.get_me(Secret("token")),
        lambda client: client.probe_api(Secret("token")),
    ],
    ids=["recently-played", "get-me", "probe-api"],
)
async def test_requests_keep_the_contract(
    shared: Path, ask: Callable[[SpotifyClient], Awaitable[object]]
) -> None:
    """What we ask for is what a new app may ask for, in the form that it must have."""
    request = await record(ask)

    contract(shared / "data/spotify/openapi.devmode.yaml").validate_request(request)


def test_recorded_plays_are_read(shared: Path) -> None:
    """A real answer: every play with name, artist, id and time, the newest first."""
    body = (shared / "data/spotify/examples/recently_played_tracks.json").read_bytes()
    plays = read_plays(body)

    assert len(json.loads(body)["items"]) == len(plays)
    assert all(play.track_name and play.artist_name and play.spotify_id for play in plays)
    assert sorted((play.played_at for play in plays), reverse=True) == [
        play.played_at for play in plays
    ]


def test_a_recorded_profile_is_read(shared: Path) -> None:
    """A real answer."""
    body = (shared / "data/spotify/examples/current_user.json").read_bytes()

    assert "1112264649" == read_profile(body).user_id


@pytest.mark.parametrize(
    "item",
    [
        None,
        {},
        {"track": None, "played_at": "2026-02-01T10:00:00.000Z"},
        {"track": {"name": None, "artists": []}, "played_at": "2026-02-01T10:00:00Z"},
        {"track": {"name": "A", "artists": [None]}, "played_at": "2026-02-01T10:00:00Z"},
        {"track": {"name": "A", "artists": [{"name": "B"}]}, "played_at": None},
        {"track": {"name": "A", "artists": [{"name": "B"}]}, "played_at": "yesterday"},
    ],
)
def test_hollow_plays_are_left_out(item: object) -> None:
    """Removed tracks are full of nulls; a good one beside them is read."""
    good = {
        "track": {"name": "A", "artists": [{"name": "B"}], "id": None},
        "played_at": "2026-02-01T10:00:00.000Z",
    }
    (play,) = read_plays(json.dumps({"items": [item, good]}).encode())

    assert ("A", "B", "", 1_769_940_000) == (
        play.track_name,
        play.artist_name,
        play.spotify_id,
        play.played_at,
    )


def test_tokens_are_secrets() -> None:
    """Neither shows in what is printed; a new refresh token is given where there is one."""
    body = json.dumps({"access_token": "aaaa", "refresh_token": "rrrr", "expires_in": 60}).encode()
    tokens = read_tokens(body)

    assert (Secret("aaaa"), Secret("rrrr"), 60) == (
        tokens.access_token,
        tokens.refresh_token,
        tokens.expires_in_s,
    )
    assert "aaaa" not in f"{tokens} {read_app_token(body)}"
    assert 3600 == read_app_token(b'{"access_token": "a", "expires_in": "soon"}').expires_in_s
