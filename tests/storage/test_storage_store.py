"""Connecting, migrating, and what a broken connection says."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest
from pymongo import AsyncMongoClient

from harmonyhub.domain.errors import ConfigurationError, ConflictError, StoreUnavailableError
from harmonyhub.storage.documents import Database
from harmonyhub.storage.indexes import INDEXES
from harmonyhub.storage.migrations import MIGRATIONS, Migration, migrate
from harmonyhub.storage.store import Store


async def test_migration_makes_every_index_and_one_identity(bare_store: Store) -> None:
    """A new database gets all indexes of the table and a name that never changes."""
    assert 0 == await bare_store.schema_version()
    await bare_store.migrate()
    identity = await bare_store.identity()
    await bare_store.migrate()
    assert MIGRATIONS[-1].version == await bare_store.schema_version()
    assert identity
    assert identity == await bare_store.identity()
    for index in INDEXES:
        assert index.name in await bare_store._database[index.collection].index_information()


async def test_newer_schema_is_refused(store: Store) -> None:
    """A database that a newer release wrote is not touched."""
    newer = MIGRATIONS[-1].version + 1
    meta = store._database["meta"]
    await meta.update_one({"_id": "schema"}, {"$set": {"version": newer}})
    with pytest.raises(ConflictError, match=f"schema {newer}"):
        await store.migrate()
    await meta.update_one({"_id": "schema"}, {"$set": {"version": newer - 1}})


async def test_two_starts_migrate_once(bare_store: Store, mongodb_uri: str) -> None:
    """Of two processes that start at once, one migrates and the other waits for it."""
    runs: list[str] = []

    async def step(database: Database) -> None:
        runs.append(database.name)
        await database["slow"].insert_many([{"n": n} for n in range(5_000)])

    steps = (Migration(1, "slow", step),)
    database = bare_store._database
    async with await Store.connect(mongodb_uri, database=database.name) as other:
        await asyncio.gather(migrate(database, steps), migrate(other._database, steps))
    assert [database.name] == runs


async def test_step_that_failed_is_run_again(bare_store: Store) -> None:
    """A migration that broke off leaves the version as it was and lets the next start in."""
    runs: list[int] = []

    async def step(_: Database) -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            raise StoreUnavailableError("gone in the middle")

    steps = (Migration(1, "fails once", step),)
    with pytest.raises(StoreUnavailableError):
        await migrate(bare_store._database, steps)
    assert 0 == await bare_store.schema_version()
    await migrate(bare_store._database, steps)
    assert (2, 1) == (len(runs), await bare_store.schema_version())


async def test_migration_lock_of_a_living_process_is_respected(bare_store: Store) -> None:
    """While another process holds the lock, a start waits and then says so."""
    await bare_store._database["meta"].update_one(
        {"_id": "migration-lock"},
        [{"$set": {"owner": "other", "until": {"$add": ["$$NOW", 60_000]}}}],
        upsert=True,
    )
    with pytest.raises(ConflictError, match="migrating"):
        await migrate(bare_store._database, wait_s=0.3)


async def test_silence_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing at the address is our StoreUnavailableError, with a hint."""
    monkeypatch.setattr("harmonyhub.storage.store.SELECTION_MS", 200)
    with pytest.raises(StoreUnavailableError) as caught:
        await Store.connect(f"mongodb://{quote(f'{tmp_path}/no.sock', safe='')}", database="x")
    assert "HARMONYHUB_MONGODB_URI" in caught.value.hint


async def test_wrong_address_is_a_configuration_error_without_the_password() -> None:
    """A malformed address is named by its variable; its password is never repeated."""
    with pytest.raises(ConfigurationError) as caught:
        await Store.connect("mongodb://ada:s3cret@/?x", database="x")
    assert "s3cret" not in caught.value.message + caught.value.hint
    assert "HARMONYHUB_MONGODB_URI" in caught.value.hint


async def test_errors_in_the_middle_become_ours(mongodb_uri: str) -> None:
    """A repository on a closed connection raises our error, also while it streams."""
    store = await Store.connect(mongodb_uri, database="x")
    await store.close()
    with pytest.raises(StoreUnavailableError):
        await store.counts()
    with pytest.raises(StoreUnavailableError):
        _ = [listen async for listen in store.plays.export("nobody")]  # type: ignore[arg-type]


async def test_store_writes_with_majority_and_journal(store: Store) -> None:
    """What is acknowledged is on the disk of most members."""
    client: AsyncMongoClient[dict[str, object]] = store._client
    assert {"w": "majority", "j": True} == client.write_concern.document
