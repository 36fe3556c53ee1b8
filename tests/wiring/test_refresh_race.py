"""Two real processes refresh the same consents at the same time, and lose none."""

import asyncio
import sys
import uuid
from pathlib import Path

import pytest

from harmonyhub.domain.upstreams import Outcome, TokenState, UserToken
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.settings.load import load_settings
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import open_house
from tests.journeys.conftest import clean_environment

REFRESHING = Path(__file__).parent / "refreshing.py"
N_USERS = 12


@pytest.mark.slow
async def test_two_processes_lose_no_token(tmp_path: Path, mongodb_uri: str) -> None:
    """Every refresh rotates and kills the token before it; one asks, both go on."""
    database = f"test_{uuid.uuid4().hex}"
    async with FakeSpotify.start(seed=3) as fake:
        (app,) = await fake.control.apps()
        users = await fake.control.seed_users(N_USERS)
        await fake.control.set_rotation(1.0)
        variables = {
            "HOME": str(tmp_path),
            "HARMONYHUB_DATA_DIR": str(tmp_path / "data"),
            "HARMONYHUB_MONGODB_URI": mongodb_uri,
            "HARMONYHUB_MONGODB_DATABASE": database,
            **fake.variables(app, redirect_uri="http://127.0.0.1:8000/spotify/callback"),
        }
        settings, findings = load_settings(variables, folder=tmp_path)
        assert settings is not None, findings
        async with open_house(settings, owner="test") as house:
            for user in users:
                token = UserToken(
                    user_id=user.user_id,
                    client_id=app.client_id,
                    state=TokenState.ACTIVE,
                    consented_at=house.clock() - 86_400,
                    access_expires_at=0,
                )
                await house.store.tokens.save(
                    token, refresh_token=user.refresh_token, access_token=None
                )
            names = [user.user_id for user in users]
            said = await _race(names, variables, tmp_path)

            wanted = [f"{name} ok {name}" for name in names]
            assert [wanted, wanted] == said
            counts = await fake.control.counts()
            assert {("refresh", "ok"): N_USERS} == {
                key: n for key, n in counts.items() if key[0] == "refresh"
            }
            assert house.spotify is not None
            ends = [(await house.spotify.refresh_user(name))[0].outcome for name in names]
            assert {Outcome.OK} == set(ends)  # what is stored is what Spotify honours
    async with await Store.connect(mongodb_uri, database=database) as store:
        await store._client.drop_database(database)


async def _race(users: list[str], variables: dict[str, str], folder: Path) -> list[list[str]]:
    """Start two processes, let both begin at one moment, and give what each says."""
    racers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, str(REFRESHING), *users),
            env=clean_environment() | variables,
            cwd=folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert b"ready\n" == await asyncio.wait_for(racer.stdout.readline(), 60)
    outputs = await asyncio.wait_for(
        asyncio.gather(*(racer.communicate(b"go\n") for racer in racers)), 60
    )
    return [out.decode().splitlines() for out, _ in outputs]
