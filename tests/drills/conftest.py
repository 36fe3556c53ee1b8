"""A fake Spotify for a test, a client for it, and a configuration to break."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.faults import Stage
from harmonyhub.drills.process import TRUSTS_NOBODY, FakeSpotify
from tests.tools.fakes import fresh_fake

STAGE = Stage(
    other_client_id="1" * 31 + "a",
    other_client_secret="2" * 31 + "b",
    former_secret="3" * 31 + "c",
    closed_port=9,
    standalone_uri="mongodb://127.0.0.1:27099/",
)


@pytest.fixture
def good(tmp_path: Path) -> Configuration:
    """Give a configuration with every variable that faults break."""
    return Configuration(
        {
            "HARMONYHUB_DATA_DIR": str(tmp_path / "data"),
            "HARMONYHUB_PORT": "8123",
            "HARMONYHUB_BASE_URL": "https://music.example.net",
            "HARMONYHUB_ENCRYPTION_KEY": base64.b64encode(bytes(range(7, 39))).decode(),
            "HARMONYHUB_ADMIN_TOKEN": "kZx9-Lq2mWv7pT4sRb8n",
            "HARMONYHUB_MONGODB_URI": "mongodb://127.0.0.1:27018/?replicaSet=harmonyhub",
            "HARMONYHUB_MONGODB_DATABASE": "harmonyhub",
            "HARMONYHUB_SPOTIFY_CLIENT_ID": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "HARMONYHUB_SPOTIFY_CLIENT_SECRET": "a0b1c2d3e4f5061728394a5b6c7d8e9f",
            "HARMONYHUB_SPOTIFY_REDIRECT_URI": "https://music.example.net/spotify/callback",
            "HARMONYHUB_SPOTIFY_API_URL": "http://127.0.0.1:9000/v1",
            "HARMONYHUB_SPOTIFY_ACCOUNTS_URL": "http://127.0.0.1:9000",
            "HARMONYHUB_ALERT_URLS": "json://127.0.0.1:9100/alerts",
        }
    )


@pytest.fixture
async def fake() -> AsyncIterator[FakeSpotify]:
    """Give a running fake of seed 7."""
    async with fresh_fake() as fake:
        yield fake


@pytest.fixture
async def http(fake: FakeSpotify) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client of the fake."""
    async with httpx2.AsyncClient(
        base_url=fake.url, timeout=5, trust_env=False, verify=TRUSTS_NOBODY
    ) as client:
        yield client
