"""The calls that the checks of Spotify make: each once per run, each within a time."""

import asyncio
from collections.abc import Coroutine, Set
from typing import Any, TypeVar

from harmonyhub.checks.subject import Scene
from harmonyhub.domain.upstream_policy import ISSUE_APP_TOKEN
from harmonyhub.domain.upstreams import Observation, Outcome
from harmonyhub.sources.spotify.client import SpotifyClient
from harmonyhub.sources.spotify.operations import PROBE_API
from harmonyhub.sources.spotify.tokens import AppToken, Credentials

T = TypeVar("T")

CALL_S = 1.6  # a counter-check at another address still fits into a check's time
ACCEPTED = frozenset({Outcome.OK})


def spotify_credentials(scene: Scene) -> Credentials | None:
    """Give the credentials of the settings; None where Spotify is not used."""
    client_id, secret = scene.settings.spotify_client_id, scene.settings.spotify_client_secret
    return None if client_id is None or secret is None else Credentials(client_id, secret)


async def token_answer(scene: Scene) -> tuple[Observation, AppToken | None]:
    """Ask for an app token; all checks of a run share the answer."""
    return await scene.share("token", lambda: _ask_for_token(scene))


async def api_answer(scene: Scene) -> Observation | None:
    """Make an API call; None where there is no token to make it with."""
    return await scene.share("api", lambda: _ask_api(scene))


async def try_credentials(scene: Scene, credentials: Credentials) -> Observation:
    """Ask for a token with other credentials."""
    client = await _client_of(scene, scene.settings.spotify_accounts_url)
    observation, _ = await client.issue_app_token(credentials)
    return observation


async def try_credentials_at(scene: Scene, accounts_url: str) -> Observation | None:
    """Ask another accounts service for a token; None if it does not answer in time."""
    credentials = spotify_credentials(scene)
    assert credentials is not None  # noqa: S101 - skipped where there are none
    client = await _client_of(scene, accounts_url)
    answer = await _in_time(client.issue_app_token(credentials))
    return None if answer is None else answer[0]


async def probe_api_at(scene: Scene, api_url: str) -> Observation | None:
    """Make an API call to another address; None if there is no token or no answer in time."""
    _, token = await token_answer(scene)
    if token is None:
        return None
    client = await _client_of(scene, scene.settings.spotify_accounts_url, api_url=api_url)
    return await _in_time(client.probe_api(token.access_token))


def is_accepted(observation: Observation | None, outcomes: Set[Outcome] = ACCEPTED) -> bool:
    """Tell whether there was an answer, and one of these."""
    return observation is not None and observation.outcome in outcomes


async def _ask_for_token(scene: Scene) -> tuple[Observation, AppToken | None]:
    answer, credentials = scene.subject.answer, spotify_credentials(scene)
    assert credentials is not None  # noqa: S101 - skipped where there are none
    if answer is not None and answer.outcome is Outcome.CLIENT_REJECTED:
        return answer, None  # asking once more would only add to what Spotify counts
    client = await _client_of(scene, scene.settings.spotify_accounts_url)
    found = await _in_time(client.issue_app_token(credentials))
    return (_late(scene, ISSUE_APP_TOKEN), None) if found is None else found


async def _ask_api(scene: Scene) -> Observation | None:
    _, token = await token_answer(scene)
    if token is None:
        return None
    found = await probe_api_at(scene, scene.settings.spotify_api_url)
    return _late(scene, PROBE_API.name) if found is None else found


async def _client_of(
    scene: Scene, accounts_url: str, *, api_url: str | None = None
) -> SpotifyClient:
    api_url = api_url or scene.settings.spotify_api_url

    async def make() -> SpotifyClient:
        client = SpotifyClient(
            accounts_url=accounts_url, api_url=api_url, clock=scene.subject.clock
        )
        scene.exits.push_async_callback(client.aclose)
        return client

    return await scene.share(f"client {accounts_url} {api_url}", make)


async def _in_time(call: Coroutine[Any, Any, T]) -> T | None:
    try:
        async with asyncio.timeout(CALL_S):
            return await call
    except TimeoutError:
        return None


def _late(scene: Scene, operation: str) -> Observation:
    return Observation(
        outcome=Outcome.TIMED_OUT,
        operation=operation,
        at=scene.subject.clock(),
        evidence=f"no answer within {CALL_S} s",
    )
