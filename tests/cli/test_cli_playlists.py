"""`harmonyhub playlist` as a person and a machine meet it, against a fake Spotify."""

import asyncio
import json
import sys
import uuid
from pathlib import Path

import pytest

from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.upstreams import TokenState, UserToken
from harmonyhub.drills.fake_libraries import FakeTrack
from harmonyhub.drills.process import FakeUser
from harmonyhub.settings.load import load_settings
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import open_house
from tests.journeys.conftest import clean_environment
from tests.tools.fakes import fresh_fake


async def _connect(variables: dict[str, str], user: FakeUser, music: list[FakeTrack]) -> list[str]:
    settings, findings = load_settings(variables, folder=Path(variables["HOME"]))
    assert settings is not None, findings
    async with open_house(settings, owner="test") as house:
        token = UserToken(
            user_id="ada",
            client_id=user.client_id,
            state=TokenState.ACTIVE,
            consented_at=house.clock() - 86_400,
            access_expires_at=0,
        )
        await house.store.tokens.save(token, refresh_token=user.refresh_token, access_token=None)
        return list(
            await house.store.tracks.resolve(
                [TrackDescription(one.title, (one.artist,), isrc=one.isrc) for one in music]
            )
        )


@pytest.mark.slow
async def test_tracks_are_sent_once(tmp_path: Path, mongodb_uri: str) -> None:
    """Two runs of one command make one playlist; a fault of usage is said before anything."""
    database = f"test_{uuid.uuid4().hex}"
    async with fresh_fake() as fake:
        (app,) = await fake.control.apps()
        (user,) = await fake.control.seed_users(1)
        music = [one for one in await fake.control.catalogue() if " - Live" not in one.title][:12]
        variables = {
            "HOME": str(tmp_path),
            "HARMONYHUB_DATA_DIR": str(tmp_path / "data"),
            "HARMONYHUB_MONGODB_URI": mongodb_uri,
            "HARMONYHUB_MONGODB_DATABASE": database,
            **fake.variables(app, redirect_uri="http://127.0.0.1:8000/spotify/callback"),
        }
        tracks = await _connect(variables, user, music)

        async def hub(*arguments: str) -> tuple[int, str, str]:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "harmonyhub", "playlist", *arguments),
                env=clean_environment() | variables,
                cwd=tmp_path,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await asyncio.wait_for(process.communicate(), 100)
            return process.returncode or 0, out.decode(), err.decode()

        push = ("push", "--user", "ada", "--tracks", ",".join(tracks), "--name", "Twelve")
        status, out, err = await hub(*push, "--json")
        assert 0 == status, err
        assert "Twelve: 12 of 12 tracks, done" in (await hub(*push))[1]
        made = [
            one
            for one in (await fake.control.library(user.user_id)).playlists
            if one.name == "Twelve"
        ]
        assert [[one.uri for one in music]] == [list(one.uris) for one in made]
        assert made[0].id == json.loads(out)["spotify_id"]
        assert f"playlist/{made[0].id}" in (await hub("list", "--user", "ada"))[1]
        assert 66 == (await hub("push", "--user", "bob", "--tracks", "t1"))[0]
        assert 2 == (await hub("push", "--user", "ada"))[0]
    async with await Store.connect(mongodb_uri, database=database) as store:
        await store._client.drop_database(database)
