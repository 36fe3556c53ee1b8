"""A fake Spotify for a test, and a client for it."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from harmonyhub.drills.process import FakeSpotify


@pytest.fixture
async def fake() -> AsyncIterator[FakeSpotify]:
    """Give a running fake of seed 7."""
    async with FakeSpotify.start(seed=7) as fake:
        yield fake


@pytest.fixture
async def http(fake: FakeSpotify) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client of the fake."""
    async with httpx2.AsyncClient(base_url=fake.url, timeout=5, trust_env=False) as client:
        yield client
