"""Playlists sent to Spotify: the wish comes first, one worker holds it, every step is kept."""

from dataclasses import replace
from typing import Any

import msgspec
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from harmonyhub.domain.errors import LostLeaseError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.playlists import PushedPlaylist
from harmonyhub.storage.documents import Database, Document, storable
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

LEASE_S = 60  # a call and its repeats take 20 s at most, and every step renews it


@guarded
class PushedPlaylists:
    """All playlists that were sent or are being sent. Times are unix seconds UTC."""

    def __init__(self, database: Database) -> None:
        self._playlists = database["pushed_playlists"]

    @within(WRITE_S)
    async def ensure(self, plan: PushedPlaylist) -> None:
        """Write a first wish down; nothing happens where the playlist is known already."""
        try:
            await self._playlists.insert_one({"_id": plan.id, **_write(plan), "lease_until": 0})
        except DuplicateKeyError:
            return

    @within(WRITE_S)
    async def claim(self, user_id: UserId, id_: str, *, now: int) -> PushedPlaylist | None:
        """Take the right to work on a playlist; None while somebody else has it."""
        document = await self._playlists.find_one_and_update(
            {"_id": id_, "user_id": user_id, "lease_until": {"$lte": now}},
            {"$set": {"lease_until": now + LEASE_S}, "$inc": {"fence": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return _read(document) if document else None

    @within(WRITE_S)
    async def keep(self, push: PushedPlaylist, *, now: int, **changes: Any) -> PushedPlaylist:
        """Write a step down, or all of it if no changes are named, and renew the lease.

        Raises
        ------
        LostLeaseError
            If another worker has claimed it, or its owner disconnected.
        """
        changed = replace(push, updated_at=now, **changes)
        fields = _write(changed)
        if changes:
            fields = {name: fields[name] for name in (*changes, "updated_at")}
        done = await self._playlists.update_one(
            {"_id": push.id, "fence": push.fence},
            {"$set": {**fields, "lease_until": now + LEASE_S}},
        )
        if done.matched_count == 0:
            raise LostLeaseError(
                f"The playlist {push.title} is not ours to write any more.",
                hint="Another worker took it over, or its owner disconnected.",
            )
        return changed

    @within(WRITE_S)
    async def release(self, push: PushedPlaylist) -> None:
        """Let others have it; nothing happens if somebody has it already."""
        await self._playlists.update_one(
            {"_id": push.id, "fence": push.fence}, {"$set": {"lease_until": 0}}
        )

    @within(READ_S)
    async def get(self, user_id: UserId, id_: str) -> PushedPlaylist | None:
        """Load one playlist of a user."""
        document = await self._playlists.find_one({"_id": id_, "user_id": user_id})
        return _read(document) if document else None

    @within(READ_S)
    async def of_user(self, user_id: UserId) -> list[PushedPlaylist]:
        """List a user's playlists, the latest first."""
        cursor = self._playlists.find({"user_id": user_id}).sort("updated_at", -1)
        return [_read(document) async for document in cursor]

    @within(WRITE_S)
    async def forget(self, user_id: str) -> None:
        """Delete all that is kept of a user's playlists; those at Spotify stay the user's."""
        await self._playlists.delete_many({"user_id": user_id})


def _write(push: PushedPlaylist) -> Document:
    fields: Document = msgspec.to_builtins(push)
    del fields["id"]
    return {**fields, "title": storable(push.title)}


def _read(document: Document) -> PushedPlaylist:
    return msgspec.convert({**document, "id": document["_id"]}, PushedPlaylist)
