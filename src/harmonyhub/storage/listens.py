"""Listens: one repository owns them, so that their layout can change behind it."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pymongo.errors import BulkWriteError

from harmonyhub.domain.history import History, Interactions, ListenColumns
from harmonyhub.domain.ids import LedgerId, TrackId, UserId
from harmonyhub.domain.listens import Outcome, SourceKind
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, guarded, within
from harmonyhub.storage.ledgers import LedgerRow
from harmonyhub.storage.listen_columns import read_columns, user_names
from harmonyhub.storage.listen_keys import listen_key, pair_prefix, track_of, user_prefix
from harmonyhub.storage.listen_reading import ListenReader
from harmonyhub.storage.other_sources import OtherSources
from harmonyhub.storage.reassigning import DUPLICATE_KEY, reassign_plays
from harmonyhub.storage.redirects import Redirects
from harmonyhub.storage.synced_plays import SyncedPlays


@dataclass(frozen=True, slots=True)
class NewListen:
    """A listen to be stored; `number` is the line of the import that it comes from."""

    number: int
    track_id: TrackId
    played_at: int
    played_ms: int | None = None
    is_skipped: bool | None = None


@guarded
class Listens:
    """Everyone's listens, once each."""

    def __init__(
        self, database: Database, *, redirects: Redirects, synced_plays: SyncedPlays
    ) -> None:
        self._listens = database["listens"]
        self._reader = ListenReader(database["listens"], database["tracks"])
        self._users = database["users"]
        self._ledgers = database["ledgers"]
        self._redirects = redirects
        self._other_sources = OtherSources(database)
        self._synced_plays = synced_plays

    async def add(
        self,
        *,
        user_id: UserId,
        ledger_id: LedgerId,
        source: SourceKind,
        listens: Sequence[NewListen],
    ) -> list[Outcome]:
        """Store the listens that are new; a play that a synchronization told before them goes.

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
        # After the insert, as a synchronization looks for imports after its own: whoever comes
        # second sees both, so no play stays twice.
        await self._synced_plays.make_way(user_id, keys)
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
        """Read all that a user's imports told, added up by track, from the keys alone."""
        return await self._reader.history(user_id)

    async def interactions(self) -> Interactions:
        """Read all that everyone's imports told, added up by user and track.

        What trainings learn from: no play that only a synchronization told is among it.
        """
        # Both before and after: whose plays are read may come or leave meanwhile.
        before = await user_names(self._users)
        pairs = await self._reader.pairs({})
        names = before | await user_names(self._users)
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

    async def columns(self) -> ListenColumns:
        """Read all that everyone's imports told, listen by listen."""
        return await read_columns(self._listens, self._users)

    async def of_ledger(self, ledger_id: LedgerId) -> AsyncIterator[LedgerRow]:
        """Stream the listens that an import brought, newest first."""
        ledger = await self._ledgers.find_one({"_id": ledger_id}, {"user": 1})
        if ledger is None:
            return
        async for chunk in self._reader.chunks({"u": ledger["user"], "l": ledger_id}):
            for document, listen in zip(chunk, await self._reader.describe(chunk), strict=True):
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
        await reassign_plays(self._listens, users=self._users, old=old, new=new)


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
