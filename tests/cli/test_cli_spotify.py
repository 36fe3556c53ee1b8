"""`harmonyhub spotify` as a person and a machine meet it, each command in a process of its own."""

import asyncio
import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harmonyhub.domain.upstreams import Outcome, TokenState, UserToken
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import open_house
from tests.journeys.conftest import clean_environment

Hub = Callable[..., subprocess.CompletedProcess[str]]
APP = "1f" * 16
VARIABLES = {
    "HARMONYHUB_SPOTIFY_CLIENT_ID": APP,
    "HARMONYHUB_SPOTIFY_CLIENT_SECRET": "2e" * 16,
    "HARMONYHUB_SPOTIFY_ACCOUNTS_URL": "http://127.0.0.1:9",
    "HARMONYHUB_SPOTIFY_API_URL": "http://127.0.0.1:9/v1",
    "HARMONYHUB_SPOTIFY_REDIRECT_URI": "http://127.0.0.1:8000/spotify/callback",
}


@pytest.fixture
def hub(tmp_path: Path, mongodb_uri: str) -> Iterator[Hub]:
    """Give `harmonyhub spotify ...` over the run's MongoDB, with an app of Spotify's."""
    database = f"test_{uuid.uuid4().hex}"
    variables = VARIABLES | {
        "HOME": str(tmp_path),
        "HARMONYHUB_DATA_DIR": str(tmp_path / "data"),
        "HARMONYHUB_MONGODB_URI": mongodb_uri,
        "HARMONYHUB_MONGODB_DATABASE": database,
    }
    asyncio.run(_prepare(variables, tmp_path))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "harmonyhub", "spotify", *arguments],
            env=clean_environment() | variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    yield run
    asyncio.run(_drop(mongodb_uri, database))


async def _drop(uri: str, database: str) -> None:
    async with await Store.connect(uri, database=database) as store:
        await store._client.drop_database(database)


async def _prepare(variables: dict[str, str], folder: Path) -> None:
    settings, findings = load_settings(variables, folder=folder)
    assert settings is not None, findings
    async with open_house(settings, owner="test") as house:
        for user in ("ada", "bob"):
            token = UserToken(
                user_id=user,
                client_id=APP,
                state=TokenState.ACTIVE,
                consented_at=house.clock()
                - 90_000,  # a day and an hour: no second decides the days
                access_expires_at=0,
                account_name=user.title(),
                scopes=("user-top-read",),
            )
            await house.store.tokens.save(token, refresh_token=Secret("r" * 40), access_token=None)
        await house.store.tokens.quarantine(
            "bob", outcome=Outcome.GRANT_REJECTED, now=house.clock()
        )


@pytest.mark.slow
def test_the_group_says_how_everybody_stands(hub: Hub) -> None:
    """Status, sync and disconnect over one database; quota before any call."""
    said = hub("status")
    assert 0 == said.returncode, said.stderr
    assert "ada: connected, as Ada" in said.stdout
    assert "bob: set-aside" in said.stdout
    assert "Spotify does not accept your consent any more. (grant-rejected, yours)" in said.stdout
    assert "in 179 days" in said.stdout

    refused = hub("sync", "--user", "bob")
    assert (75, True) == (refused.returncode, "Connect again." in refused.stderr)
    # Nobody answers at the address; nothing is lost by it.
    assert '"outcome": "connection-refused"' in hub("sync", "--user", "ada", "--json").stdout

    assert "bob is disconnected" in hub("disconnect", "--user", "bob").stdout
    left = json.loads(hub("status", "--json").stdout)["connections"]
    assert ["ada"] == [one["user"] for one in left]
    (app,) = json.loads(hub("quota", "--json").stdout)["apps"]
    assert (APP, True, 10_000) == (app["app"], app["is_own"], app["spending"]["daily_calls"])
    assert "0 of 10,000 calls (assumed)" in hub("quota").stdout
