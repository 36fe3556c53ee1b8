"""Knowledge packs as files in the database, each whole or not there at all."""

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from gridfs.asynchronous import AsyncGridFSBucket
from gridfs.errors import NoFile

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.knowledge import InstalledPack, PackFacts
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import guarded
from harmonyhub.storage.models import CHUNK_BYTES


@guarded
class Packs:
    """The installed packs, by name."""

    def __init__(self, database: Database) -> None:
        self._bucket = AsyncGridFSBucket(database, "packs", chunk_size_bytes=CHUNK_BYTES)

    async def put(self, facts: PackFacts, data: bytes, *, now: int) -> InstalledPack:
        """Store a pack; one of its name goes when this one is there whole."""
        pack = InstalledPack(facts, hashlib.sha256(data).hexdigest(), now)
        version = uuid.uuid4().hex
        await self._bucket.upload_from_stream_with_id(
            version, facts.name, data, metadata=msgspec.to_builtins(pack)
        )
        await self._delete(facts.name, but=version)
        return pack

    async def list_all(self) -> list[InstalledPack]:
        """List the packs, by name."""
        return [_read(file.metadata) async for file in self._bucket.find({}).sort("filename", 1)]

    async def load(self, name: str) -> bytes:
        """Load a pack's file.

        Raises
        ------
        NotFoundError
            If there is none of this name.
        """
        try:
            file = await self._bucket.open_download_stream_by_name(name)
            return bytes(await file.read())
        except NoFile as error:
            raise _unknown(name) from error

    async def remove(self, name: str) -> None:
        """Delete a pack.

        Raises
        ------
        NotFoundError
            If there is none of this name.
        """
        if not await self._delete(name):
            raise _unknown(name)

    async def _delete(self, name: str, *, but: str | None = None) -> int:
        found = [file._id async for file in self._bucket.find({"filename": name})]  # noqa: SLF001 - GridFS calls the id so
        gone = [each for each in found if each != but]
        for each in gone:
            await self._bucket.delete(each)
        return len(gone)


def _read(metadata: Mapping[str, Any] | None) -> InstalledPack:
    return msgspec.convert(metadata, InstalledPack)


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(
        f"There is no knowledge pack {name}.", hint="harmonyhub knowledge list shows what there is."
    )
