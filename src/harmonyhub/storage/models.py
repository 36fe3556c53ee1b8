"""The serving index as bytes: stored whole, then swapped in by one small document."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from gridfs.asynchronous import AsyncGridFSBucket
from gridfs.errors import NoFile

from harmonyhub.domain.errors import ConflictError, NotFoundError
from harmonyhub.domain.factor_origin import FactorOrigin
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

CHUNK_BYTES = 4 << 20  # far fewer round trips than with the 255 kB of the default


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """The training that made an index; `trained_at` is in unix seconds UTC.

    `factors` say where its factors are from, None where it learned its own.
    """

    version: str
    trained_at: int
    metadata: Mapping[str, int]
    factors: FactorOrigin | None = None


@guarded
class Models:
    """The live index and the one before it."""

    def __init__(self, database: Database) -> None:
        self._pointer = database["meta"]
        self._bucket = AsyncGridFSBucket(database, "models", chunk_size_bytes=CHUNK_BYTES)

    async def put(
        self,
        data: bytes,
        *,
        metadata: Mapping[str, int],
        now: int,
        judged: str | None = None,
        factors: FactorOrigin | None = None,
    ) -> str:
        """Store an index, make it the live one, and return its version.

        Until the index is stored whole the previous one stays live; it is kept for the processes
        that are loading it and for `restore`, older ones are deleted.

        Parameters
        ----------
        judged : str, optional
            The version that it was judged against; whatever is live, if none is given.
        factors : FactorOrigin, optional
            Where its factors are from, if a training did not learn them.

        Raises
        ------
        ConflictError
            If another index has gone live since it was judged.
        """
        version = uuid.uuid4().hex
        await self._bucket.upload_from_stream_with_id(version, version, data)
        before = await self.current()
        new: Document = {"version": version, "trained_at": now, "metadata": dict(metadata)}
        if factors:
            new["factors"] = msgspec.to_builtins(factors)
        if before:
            new["before"] = msgspec.to_builtins(before)
        if judged is None:
            await self._pointer.replace_one({"_id": "model"}, new, upsert=True)
        else:
            asked = {"_id": "model", "version": judged}
            if (await self._pointer.replace_one(asked, new)).matched_count == 0:
                await self._delete(version)
                raise ConflictError(
                    "Another training has ended meanwhile, and its index is live.",
                    hint="Train again: the new index is then judged against that one.",
                )
        kept = {version, before.version if before else version}
        async for file in self._bucket.find({}):
            if file._id not in kept:  # noqa: SLF001 - GridFS calls the id so
                await self._delete(file._id)  # noqa: SLF001
        return version

    @within(WRITE_S)
    async def restore(self) -> ModelRecord:
        """Make the index before the live one live again, and return its record.

        The one that was live is then the one before it, so that a second time takes it back.

        Raises
        ------
        NotFoundError
            If there is none before it.
        """
        live = await self._pointer.find_one({"_id": "model"}, {"_id": 0})
        if live is None or "before" not in live:
            raise NotFoundError(
                "There is no index before the live one.", hint="Train: harmonyhub train."
            )
        before = live.pop("before")
        asked = {"_id": "model", "version": live["version"]}
        done = await self._pointer.replace_one(asked, {**before, "before": live})
        if done.matched_count == 0:
            raise ConflictError(
                "A training has ended just now, and its index is live.",
                hint="Look at it first (harmonyhub status), then ask again.",
            )
        return msgspec.convert(before, ModelRecord)

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
