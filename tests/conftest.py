"""What all tests share: one real mongod per run, a fresh database per test, no network."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from harmonyhub.storage.embedded import EmbeddedServer
from harmonyhub.storage.store import Store


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a MongoDB for this run: `HARMONYHUB_TEST_MONGODB_URI` or our own."""
    given = os.environ.get("HARMONYHUB_TEST_MONGODB_URI")
    if given:
        yield given
        return
    folder = tmp_path_factory.mktemp("mongodb")
    server = asyncio.run(EmbeddedServer.start(folder, owner="tests"))
    yield server.uri
    asyncio.run(server.stop())


@pytest.fixture
async def store(mongodb_uri: str) -> AsyncIterator[Store]:
    """Give an empty, migrated store, dropped at the end."""
    name = f"test_{uuid.uuid4().hex}"
    async with await Store.connect(mongodb_uri, database=name) as store:
        await store.migrate()
        yield store
        await store._client.drop_database(name)


@pytest.fixture
def shared() -> Path:
    """Give the folder of research data beside the repository, or skip the test."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the research data beside the repository is not here")
    return folder
