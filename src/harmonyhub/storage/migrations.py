"""Brings a database to the schema of this code, one process at a time."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo.errors import DuplicateKeyError

from harmonyhub.domain.errors import ConflictError
from harmonyhub.storage.documents import Database
from harmonyhub.storage.indexes import create_indexes

LEASE_MS = 60_000
WAIT_S = 90.0  # longer than a lease: a migrator that died does not stop the next start
POLL_S = 0.2
NEVER = datetime.fromtimestamp(0, tz=UTC)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: the schema version that it leads to, what it does, and how."""

    version: int
    name: str
    run: Callable[[Database], Awaitable[None]]


async def _first_schema(database: Database) -> None:
    await create_indexes(database)
    await database["meta"].update_one(
        {"_id": "identity"}, {"$setOnInsert": {"uuid": uuid.uuid4().hex}}, upsert=True
    )


async def _plays_apart(database: Database) -> None:
    # The fifty latest plays of everybody: the next synchronization tells them again.
    await database["recent_plays"].drop()
    await create_indexes(database)


MIGRATIONS = (
    Migration(1, "first schema", _first_schema),
    Migration(2, "tokens and incidents", create_indexes),
    Migration(3, "calls, kept answers and sign-ins", create_indexes),
    Migration(4, "synchronized plays", _plays_apart),
    Migration(5, "playlists sent and ids found", create_indexes),
    Migration(6, "libraries", create_indexes),
    Migration(7, "files of audio", create_indexes),
    Migration(8, "descriptions of analyses", create_indexes),
    Migration(9, "lists that are kept", create_indexes),
    Migration(10, "friends", create_indexes),
)


async def schema_version(database: Database) -> int:
    """Read the version of the database; 0 for an empty one."""
    document = await database["meta"].find_one({"_id": "schema"})
    return int(document["version"]) if document else 0


async def migrate(
    database: Database,
    migrations: tuple[Migration, ...] = MIGRATIONS,
    *,
    wait_s: float = WAIT_S,
) -> None:
    """Run what is missing, in order; a step that breaks off is run again at the next start.

    Raises
    ------
    ConflictError
        If the database is newer than this code, or another process migrates for too long.
    """
    newest = migrations[-1].version
    if await _version_to_start_from(database, newest) == newest:
        return
    async with _migration_lock(database, wait_s=wait_s):
        version = await _version_to_start_from(database, newest)
        for migration in migrations:
            if migration.version > version:
                await migration.run(database)
                await database["meta"].update_one(
                    {"_id": "schema"},
                    {"$set": {"version": migration.version, "name": migration.name}},
                    upsert=True,
                )


async def _version_to_start_from(database: Database, newest: int) -> int:
    version = await schema_version(database)
    if version > newest:
        raise ConflictError(
            f"The database has schema {version}; this program knows up to {newest}.",
            hint="Run the newer release that wrote it, or restore a backup from before it.",
        )
    return version


@asynccontextmanager
async def _migration_lock(database: Database, *, wait_s: float) -> AsyncIterator[None]:
    owner = uuid.uuid4().hex
    deadline = asyncio.get_running_loop().time() + wait_s
    while not await _take_lock(database, owner):
        if asyncio.get_running_loop().time() > deadline:
            raise ConflictError(
                "Another process has been migrating the database for too long.",
                hint="See whether another start hangs; its lease ends by itself after a minute.",
            )
        await asyncio.sleep(POLL_S)
    heart = asyncio.create_task(_keep_lock(database, owner))
    try:
        yield
    finally:
        heart.cancel()
        await asyncio.wait([heart])
        await database["meta"].update_one(
            {"_id": "migration-lock", "owner": owner}, {"$set": {"until": NEVER}}
        )


async def _take_lock(database: Database, owner: str) -> bool:
    with suppress(DuplicateKeyError):  # another process made the document at the same time
        await database["meta"].update_one(
            {"_id": "migration-lock"}, {"$setOnInsert": {"until": NEVER}}, upsert=True
        )
    # The server's clock judges the lease: clocks of several machines differ.
    taken = await database["meta"].update_one(
        {"_id": "migration-lock", "$expr": {"$lt": ["$until", "$$NOW"]}},
        [{"$set": {"owner": owner, "until": {"$add": ["$$NOW", LEASE_MS]}}}],
    )
    return taken.modified_count == 1


async def _keep_lock(database: Database, owner: str) -> None:
    while True:
        await asyncio.sleep(LEASE_MS / 3_000)
        await database["meta"].update_one(
            {"_id": "migration-lock", "owner": owner},
            [{"$set": {"until": {"$add": ["$$NOW", LEASE_MS]}}}],
        )
