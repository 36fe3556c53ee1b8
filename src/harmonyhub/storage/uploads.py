"""Uploaded files in the database, until the worker that takes their job has fetched them."""

import asyncio
import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from bson import ObjectId
from gridfs.asynchronous import AsyncGridFSBucket
from gridfs.errors import NoFile

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import guarded
from harmonyhub.storage.models import CHUNK_BYTES


@guarded
class Uploads:
    """Files on their way from the machine that took them to one that works on them."""

    def __init__(self, database: Database) -> None:
        self._chunks = database["uploads.chunks"]
        self._bucket = AsyncGridFSBucket(database, "uploads", chunk_size_bytes=CHUNK_BYTES)

    async def put(self, path: Path) -> str:
        """Store a file piece by piece, whole or not at all; gives its id."""
        upload_id = uuid.uuid4().hex
        with path.open("rb") as file:
            async with self._bucket.open_upload_stream_with_id(upload_id, path.suffix) as sink:
                while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
                    await sink.write(piece)
        return upload_id

    async def fetch(self, upload_id: str, path: Path) -> None:
        """Write a file to the disk.

        Raises
        ------
        NotFoundError
            If it is not there any more.
        """
        try:
            source = await self._bucket.open_download_stream(upload_id)
        except NoFile as error:
            raise NotFoundError(
                "The uploaded file is not in the database any more.", hint="Send it again."
            ) from error
        with path.open("wb") as file:
            while piece := await source.read(CHUNK_BYTES):
                await asyncio.to_thread(file.write, piece)

    async def remove(self, upload_id: str) -> None:
        """Delete a file; nothing happens if it is gone."""
        try:
            await self._bucket.delete(upload_id)
        except NoFile:
            return

    async def remove_lone(self, *, before: int, kept: Collection[str]) -> int:
        """Delete what was put before a time, unless it is kept; returns how many files.

        Pieces of a file that was never whole go too: they come before the file's own document.

        Parameters
        ----------
        before : int
            Unix seconds UTC, by the clock of the machine that put them.
        """
        limit = datetime.fromtimestamp(before, tz=UTC)
        known = {file._id: file.upload_date async for file in self._bucket.find({})}  # noqa: SLF001
        pieces = await self._chunks.distinct(
            "files_id", {"_id": {"$lt": ObjectId.from_datetime(limit)}}
        )
        old = {one for one, at in known.items() if at.replace(tzinfo=UTC) < limit}
        lone = (old | (set(pieces) - set(known))) - set(kept)
        for upload_id in lone:
            await self.remove(upload_id)
        return len(lone)
