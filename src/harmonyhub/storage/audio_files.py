"""What became of each file of audio, so that a folder is looked through without reading it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from pymongo import ASCENDING

from harmonyhub.domain.audio_files import FileRecord, FoundFile
from harmonyhub.domain.ids import AudioHash
from harmonyhub.storage.documents import Collection, Database, Document, storable
from harmonyhub.storage.door import READ_S, guarded, within

BATCH = 1_000


@guarded
class AudioFiles:
    """The files that were looked at, by the place that sees them and their path there.

    A place is the id of a data folder: other machines may see other files under one path.
    """

    def __init__(self, database: Database) -> None:
        self._files: Collection = database["audio_files"]

    async def get_many(self, place: str, paths: Sequence[Path]) -> Mapping[Path, FileRecord]:
        """Load what is known of these files."""
        by_id = {_file_id(place, path): path for path in paths}
        found = {}
        for ids in _in_batches(list(by_id)):
            async for document in self._files.find({"_id": {"$in": ids}}):
                found[by_id[document["_id"]]] = _read(document)
        return found

    async def put(self, place: str, file: FoundFile, record: FileRecord, *, now: int) -> None:
        """Note what became of a file."""
        document: Document = {
            "place": place,
            "path": storable(str(file.path)),
            "size": record.size_bytes,
            "mtime_ns": record.mtime_ns,
            "version": record.analysis_version,
            "hash": record.audio_hash,
            "refused": None if record.refused is None else storable(record.refused),
            "at": now,
        }
        await self._files.replace_one({"_id": _file_id(place, file.path)}, document, upsert=True)

    @within(READ_S)
    async def list_refused(self, place: str, folder: Path, *, n: int) -> list[tuple[str, str]]:
        """List files below a folder that were refused, by path, each with the reason."""
        ordered = self._files.find(_refused_below(place, folder)).sort([("path", ASCENDING)])
        return [(document["path"], document["refused"]) async for document in ordered.limit(n)]

    async def forget_refused(self, place: str, folder: Path, *, but: Iterable[Path]) -> None:
        """Forget refused files below a folder that are not there any more; others stay."""
        there = {storable(str(path)) for path in but}
        refused = self._files.find(_refused_below(place, folder), {"path": 1})
        gone = [each["_id"] async for each in refused if each["path"] not in there]
        for ids in _in_batches(gone):
            await self._files.delete_many({"_id": {"$in": ids}})


def _file_id(place: str, path: Path) -> str:
    # Not the path itself: on Linux it is bytes, which BSON may refuse, and of any length.
    digest = blake2b(os.fsencode(path), key=place.encode()[:64], digest_size=16)
    return digest.hexdigest()


def _refused_below(place: str, folder: Path) -> Document:
    prefix = storable(str(folder)).rstrip("/") + "/"
    return {
        "place": place,
        "path": {"$gte": prefix, "$lt": prefix + "\uffff"},
        "refused": {"$ne": None},
    }


def _in_batches(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _read(document: Document) -> FileRecord:
    audio_hash = document["hash"]
    return FileRecord(
        size_bytes=document["size"],
        mtime_ns=document["mtime_ns"],
        analysis_version=document["version"],
        audio_hash=None if audio_hash is None else AudioHash(audio_hash),
        refused=document["refused"],
    )
