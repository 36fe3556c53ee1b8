"""The serving index as bytes: stored whole, then swapped in by one small document."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from gridfs.asynchronous import AsyncGridFSBucket
from gridfs.errors import NoFile

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, guarded, within

CHUNK_BYTES = 4 << 20  # far fewer round trips than with the 255 kB of the default


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """The training that made an index; `trained_at` is in unix seconds UTC."""

    version: str
    trained_at: int
    metadata: Mapping[str, int]


@guarded
class Models:
    """The live index and the one before it."""

    def __init__(self, database: Database) -> None:
        self._pointer = database["meta"]
        self._bucket = AsyncGridFSBucket(database, "models", chunk_size_bytes=CHUNK_BYTES)

    async def put(self, data: bytes, *, metadata: Mapping[str, int], now: int) -> str:
        """Store an index, make it the live one, and return its version.

        Until the index is stored whole the previous one stays live; it is kept for the processes
        that are loading it, older ones are deleted.
        """
        version = uuid.uuid4().hex
        await self._bucket.upload_from_stream_with_id(version, version, data)
        before = await self.current()
        await self._pointer.replace_one(
            {"_id": "model"},
            {"version": version, "trained_at": now, "metadata": dict(metadata)},
            upsert=True,
        )
        kept = {version, before.version if before else version}
        async for file in self._bucket.find({}):
            if file._id not in kept:  # noqa: SLF001 - GridFS calls the id so
                await self._delete(file._id)  # noqa: SLF001
        return version

    async def _delete(self, version: str) -> None:
        with suppress(NoFile):  # another training that ended at the same time deleted it
            await self._bucket.delete(version)

    @within(READ_S)
    async def current(self) -> ModelRecord | None:
        """Read which index is live; None before the first training."""
        document = await self._pointer.find_one({"_id": "model"}, {"_id": 0})
        return msgspec.convert(document, ModelRecord) if document else None

    async def load(self, version: str) -> bytes:
        """Load an index.

        Raises
        ------
        NotFoundError
            If two newer ones have been stored since.
        """
        try:
            file = await self._bucket.open_download_stream(version)
            return bytes(await file.read())
        except NoFile as error:
            raise NotFoundError(
                f"There is no model {version}.", hint="Ask for the live one again."
            ) from error
