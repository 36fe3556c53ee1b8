"""Listens: one repository owns them, so that their layout can change behind it."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bson.binary import Binary
from pymongo import DESCENDING
from pymongo.errors import BulkWriteError

from harmonyhub.domain.history import History, Interactions
from harmonyhub.domain.ids import LedgerId, TrackId, UserId
from harmonyhub.domain.listens import Outcome, SourceKind
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, guarded, within
from harmonyhub.storage.ledgers import LedgerRow
from harmonyhub.storage.listen_keys import (
    LATEST,
    Pairs,
    add_up,
    join,
    key_range,
    listen_key,
    pair_prefix,
    read_raw,
    times_of,
    track_of,
    user_prefix,
)
from harmonyhub.storage.other_sources import OtherSources
from harmonyhub.storage.redirects import Redirects

DUPLICATE_KEY = 11_000
READ_BATCH = 20_000  # keys per round trip: 1.2 MB
NAME_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class NewListen:
    """A listen to be stored; `number` is the line of the import that it comes from."""

    number: int
    track_id: TrackId
    played_at: int
    played_ms: int | None = None
    is_skipped: bool | None = None


@dataclass(frozen=True, slots=True)
class Listen:
    """A listen as stored; `played_at` is in unix seconds UTC, 0 where the source told no time."""

    track_id: TrackId
    title: str
    artist: str
    played_at: int
    played_ms: int | None
    is_skipped: bool | None
    source: SourceKind


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a history: at a listen, or without a track before all listens of that second."""

    played_at: int
    track_id: TrackId | None = None


@guarded
class Listens:
    """Everyone's listens, once each."""

    def __init__(self, database: Database, redirects: Redirects) -> None:
        self._listens = database["listens"]
        self._tracks = database["tracks"]
        self._users = database["users"]
        self._ledgers = database["ledgers"]
        self._redirects = redirects
        self._other_sources = OtherSources(database)

    async def add(
        self,
        *,
        user_id: UserId,
        ledger_id: LedgerId,
        source: SourceKind,
        listens: Sequence[NewListen],
    ) -> list[Outcome]:
        """Store the listens that are new.

        The same lines of the same ledger again get the same outcomes, so a batch that a crash cut
        off is simply run again.

        Returns
        -------
        list of Outcome
            KEPT or DUPLICATE, one per listen, in their order.

        Raises
        ------
        NotFoundError
            If there is no such user.
        """
        if not listens:
            return []
        user = user_prefix(user_id)
        redirects = await self._redirects.table()
        keys = [
            listen_key(
                pair_prefix(user, redirects.get(listen.track_id, listen.track_id)),
                listen.played_at,
            )
            for listen in listens
        ]
        stored = await self._owners(keys)
        others = await self._other_sources.plays(
            user_id, source=source, times=[listen.played_at for listen in listens]
        )
        outcomes: list[Outcome] = []
        new: dict[bytes, Document] = {}
        for key, listen in zip(keys, listens, strict=True):
            line = (ledger_id, listen.number)
            if key not in stored and not others.has_near(track_of(key), listen.played_at):
                stored[key] = line
                new[key] = _write_listen(
                    key, listen, user_id=user_id, ledger_id=ledger_id, source=source
                )
            outcomes.append(Outcome.KEPT if stored.get(key) == line else Outcome.DUPLICATE)
        lost = await self._insert(new)
        return [
            Outcome.DUPLICATE
            if key in lost and lost[key] != (ledger_id, listen.number)
            else outcome
            for key, listen, outcome in zip(keys, listens, outcomes, strict=True)
        ]

    async def _owners(self, keys: Iterable[bytes]) -> dict[bytes, tuple[str, int]]:
        cursor = self._listens.find({"_id": {"$in": list(keys)}}, {"l": 1, "n": 1})
        return {found["_id"]: (found["l"], found["n"]) for found in await cursor.to_list()}

    async def _insert(self, new: Mapping[bytes, Document]) -> dict[bytes, tuple[str, int]]:
        """Insert; return the owners of those that somebody else stored a moment before us."""
        if not new:
            return {}
        try:
            await self._listens.insert_many(new.values(), ordered=False)
        except BulkWriteError as error:
            refused = error.details["writeErrors"]
            if any(one["code"] != DUPLICATE_KEY for one in refused):
                raise
            return await self._owners(one["op"]["_id"] for one in refused)
        return {}

    @within(READ_S)
    async def history(self, user_id: UserId) -> History:
        """Read all that a user played, added up by track, from the keys alone."""
        pairs = await self._pairs({"_id": key_range(user_prefix(user_id))})
        return History(
            track_ids=[TrackId(track.decode()) for track in pairs.tracks.tolist()],
            plays=pairs.plays,
            first_played_at=pairs.first,
            last_played_at=pairs.last,
        )

    async def interactions(self) -> Interactions:
        """Read all that everyone played, added up by user and track, from the keys alone."""
        pairs = await self._pairs({})
        names = {
            bytes(document["prefix"]): UserId(document["_id"])
            async for document in self._users.find({}, {"prefix": 1})
        }
        prefixes, user_index = np.unique(pairs.users.view(np.int64), return_inverse=True)
        tracks, track_index = np.unique(pairs.tracks, return_inverse=True)
        return Interactions(
            user_ids=[names[prefix.tobytes()] for prefix in prefixes],
            track_ids=[TrackId(track.decode()) for track in tracks.tolist()],
            user_index=user_index.astype(np.int32),
            track_index=track_index.astype(np.int32),
            plays=pairs.plays,
            last_played_at=pairs.last,
        )

    async def _pairs(self, which: Document) -> Pairs:
        batches: AsyncIterable[Any] = self._listens.find_raw_batches(
            which, {"_id": 1}, sort=[("_id", 1)], hint="_id_", batch_size=READ_BATCH
        )
        return join([add_up(read_raw(batch)) async for batch in batches if batch])

    @within(READ_S)
    async def recent(self, user_id: UserId, *, n: int, before: Place | None = None) -> list[Listen]:
        """List the latest listens, newest first and by track within a second.

        With a place, what lies before it in time; page by page, each listen comes once.
        """
        place = before or Place(LATEST)
        found: list[Document] = []
        if place.track_id is not None:
            found = await self._of_second(user_id, place, n=n)
        if len(found) < n:
            found += await self._before(user_id, place.played_at, n=n - len(found))
        return await self._describe(found)

    async def _before(self, user_id: UserId, played_at: int, *, n: int) -> list[Document]:
        which: Document = {"u": user_id, "at": {"$lt": played_at}}
        found = await self._listens.find(which).sort("at", DESCENDING).limit(n).to_list()
        if len(found) == n:
            # The index knows no order within a second, and the limit may have cut through one.
            edge = found[-1]["at"]
            found = [listen for listen in found if listen["at"] > edge]
            found += await self._of_second(user_id, Place(edge), n=n - len(found))
        return sorted(found, key=lambda listen: (-listen["at"], listen["_id"]))

    async def _of_second(self, user_id: UserId, place: Place, *, n: int) -> list[Document]:
        which: Document = {"u": user_id, "at": place.played_at}
        if place.track_id is not None:
            pair = pair_prefix(user_prefix(user_id), place.track_id)
            which["_id"] = {"$gt": Binary(listen_key(pair, place.played_at))}
        return await self._listens.find(which, hint="u_at").sort("_id").limit(n).to_list()

    @within(READ_S)
    async def plays_of(self, *, user_id: UserId, track_id: TrackId) -> list[int]:
        """List when a user played a track: unix seconds UTC, newest first."""
        pair = pair_prefix(user_prefix(user_id), track_id)
        cursor = self._listens.find({"_id": key_range(pair)}, {"_id": 1})
        return sorted(times_of([found["_id"] async for found in cursor]), reverse=True)

    async def export(self, user_id: UserId) -> AsyncIterator[Listen]:
        """Stream all listens of a user, newest first."""
        async for chunk in self._chunks({"u": user_id}):
            for listen in await self._describe(chunk):
                yield listen

    async def of_ledger(self, ledger_id: LedgerId) -> AsyncIterator[LedgerRow]:
        """Stream the listens that an import brought, newest first."""
        ledger = await self._ledgers.find_one({"_id": ledger_id}, {"user": 1})
        if ledger is None:
            return
        async for chunk in self._chunks({"u": ledger["user"], "l": ledger_id}):
            for document, listen in zip(chunk, await self._describe(chunk), strict=True):
                yield LedgerRow(
                    number=document["n"],
                    played_at=listen.played_at,
                    artist=listen.artist,
                    title=listen.title,
                    played_ms=listen.played_ms,
                    reason="",
                )

    @within(READ_S)
    async def count(self, user_id: UserId) -> int:
        """Count the listens of a user."""
        return await self._listens.count_documents({"u": user_id})

    async def reassign(self, *, old: TrackId, new: TrackId) -> None:
        """Move all listens of one track to another; a play that is there already stays once."""
        async for user in self._users.find({}, {"prefix": 1}):
            prefix = bytes(user["prefix"])
            cursor = self._listens.find({"_id": key_range(pair_prefix(prefix, old))})
            documents = await cursor.to_list()
            if not documents:
                continue
            pair = pair_prefix(prefix, new)
            moved = [document | {"_id": listen_key(pair, document["at"])} for document in documents]
            # Inserted before deleted: after a crash in between, running again changes nothing.
            await self._insert({document["_id"]: document for document in moved})
            await self._listens.delete_many(
                {"_id": {"$in": [document["_id"] for document in documents]}}
            )

    async def _chunks(self, which: Document) -> AsyncIterator[list[Document]]:
        cursor = self._listens.find(which).sort("at", DESCENDING)
        while chunk := await cursor.to_list(NAME_BATCH):
            yield chunk

    async def _describe(self, documents: Sequence[Document]) -> list[Listen]:
        track_ids = {track_of(document["_id"]).decode() for document in documents}
        names = {
            found["_id"]: (found["title"], ", ".join(found["artists"]))
            async for found in self._tracks.find(
                {"_id": {"$in": list(track_ids)}}, {"title": 1, "artists": 1}
            )
        }
        return [_read_listen(document, names) for document in documents]


def _write_listen(
    key: bytes, listen: NewListen, *, user_id: UserId, ledger_id: LedgerId, source: SourceKind
) -> Document:
    document: Document = {
        "_id": key,
        "u": user_id,
        "at": listen.played_at,
        "s": source.value,
        "l": ledger_id,
        "n": listen.number,
    }
    if listen.played_ms is not None:
        document["ms"] = listen.played_ms
    if listen.is_skipped is not None:
        document["sk"] = listen.is_skipped
    return document


def _read_listen(document: Document, names: Mapping[str, tuple[str, str]]) -> Listen:
    track_id = track_of(document["_id"]).decode()
    title, artist = names.get(track_id, ("", ""))
    return Listen(
        track_id=TrackId(track_id),
        title=title,
        artist=artist,
        played_at=document["at"],
        played_ms=document.get("ms"),
        is_skipped=document.get("sk"),
        source=SourceKind(document["s"]),
    )
