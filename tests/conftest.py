"""What all tests share: one real mongod per run, an empty store per test, no network."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import httpcore2
import pytest
from pymongo import WriteConcern

from harmonyhub.settings.load import load_settings
from harmonyhub.storage.embedded import EmbeddedServer
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault
from harmonyhub.wiring.house import House, furnish

NOW = 1_723_600_000  # 2024-08-14

VAULT = Vault(bytes(range(32)))

LASTING = ["schema", "identity", "migration-lock"]  # what a migration leaves in `meta`


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Shut the network but for loopback and the socket of MongoDB, before pytest-socket looks."""
    config.option.allow_hosts = "127.0.0.1,::1"
    config.option.allow_unix_socket = True
    # Each HTTP client reads the certificates of all authorities anew: 57 ms, more than most tests.
    httpcore2.default_ssl_context = cache(httpcore2.default_ssl_context)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first, else the last of them runs while other workers are idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the MongoDB of this run and give its address."""
    server = asyncio.run(EmbeddedServer.start(tmp_path_factory.mktemp("mongodb"), owner="tests"))
    yield server.uri
    asyncio.run(server.stop())


@pytest.fixture(scope="session")
def database_name(mongodb_uri: str) -> Iterator[str]:
    """Give the name of this run's database, migrated: making indexes costs more than most tests."""
    name = f"test_{uuid.uuid4().hex}"

    async def prepare() -> None:
        async with await Store.connect(mongodb_uri, database=name) as store:
            await store.migrate()

    async def drop() -> None:
        async with await Store.connect(mongodb_uri, database=name) as store:
            await store._client.drop_database(name)

    asyncio.run(prepare())
    yield name
    asyncio.run(drop())


@pytest.fixture
async def store(mongodb_uri: str, database_name: str) -> AsyncIterator[Store]:
    """Give an empty store of the current schema."""
    async with await Store.connect(mongodb_uri, database=database_name, vault=VAULT) as store:
        yield store
        await _empty(store)


async def _empty(store: Store) -> None:
    """Delete all but what a migration leaves; which collections hold anything is one question."""
    database = store._database.with_options(write_concern=WriteConcern(w=1, j=False))
    looks = []
    for name in await database.list_collection_names():
        first = [{"$limit": 1}, {"$project": {"of": {"$literal": name}}}]
        looks.append({"$unionWith": {"coll": name, "pipeline": first}})
    filled = await database.aggregate([{"$documents": []}, *looks])
    async for found in filled:
        kept = {"_id": {"$nin": LASTING}} if found["of"] == "meta" else {}
        await database[found["of"]].delete_many(kept)


@pytest.fixture
async def bare_store(mongodb_uri: str) -> AsyncIterator[Store]:
    """Give a store on a database of its own that has never been migrated; dropped at the end."""
    name = f"test_{uuid.uuid4().hex}"
    async with await Store.connect(mongodb_uri, database=name) as store:
        yield store
        await store._client.drop_database(name)


@dataclass
class SetClock:
    """A clock that stands until it is set."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    """Give the clock of the house."""
    return SetClock()


@pytest.fixture
def house(store: Store, tmp_path: Path, clock: SetClock) -> House:
    """Give a house on an empty store, with the settings of a fresh machine."""
    settings, findings = load_settings({"HARMONYHUB_DATA_DIR": str(tmp_path)}, folder=tmp_path)
    assert settings is not None, findings
    return replace(furnish(settings, store), clock=clock)


@pytest.fixture
def shared() -> Path:
    """Give the folder of research data beside the repository, or skip the test."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the research data beside the repository is not here")
    return folder
