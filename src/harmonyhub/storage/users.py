"""Users, and the revision that tells whether what we know of one has changed."""

from collections.abc import Sequence
from typing import Final

from bson.binary import Binary
from pymongo.errors import DuplicateKeyError

from harmonyhub.domain.errors import ConflictError
from harmonyhub.domain.ids import CHECK_USER, UserId
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within
from harmonyhub.storage.listen_keys import user_prefix

# Whoever leaves is marked first: storage/leaving.py.
STAYING: Final = {"leaving_at": {"$exists": False}}


CHANGES_A_SECOND: Final = 1 << 20  # more than a user can make


def describe_new(user_id: UserId, *, now: int) -> Document:
    """Give the fields of a user of whom nothing is known yet.

    The revision begins beyond any that somebody of the same name had who has left: what another
    process keeps in memory of that one is not taken for this one's.
    """
    return {
        "prefix": Binary(user_prefix(user_id)),
        "created_at": now,
        "revision": now * CHANGES_A_SECOND,
        "sources": [],
    }


@guarded
class Users:
    """All users; `revision` grows with everything that changes a user's lists."""

    def __init__(self, database: Database) -> None:
        self._users = database["users"]

    @within(WRITE_S)
    async def ensure(self, user_id: UserId, *, now: int) -> None:
        """Make the user unless there is one already.

        Raises
        ------
        ConflictError
            If the name cannot be told from another user's in the keys of listens, or its user
            leaves.
        """
        try:
            await self._users.update_one(
                {"_id": user_id, **STAYING},
                {"$setOnInsert": describe_new(user_id, now=now)},
                upsert=True,
            )
        except DuplicateKeyError as error:
            known = await self._users.find_one({"_id": user_id}, {"leaving_at": 1})
            if known is not None and known.get("leaving_at") is None:
                return  # another process made the same user at the same time
            if known is not None:
                raise ConflictError(
                    f"Everything of {user_id} is being deleted.",
                    hint="Choose another name, or wait.",
                ) from error
            raise ConflictError(
                f"The user name {user_id} clashes with another one.", hint="Choose another name."
            ) from error

    @within(READ_S)
    async def list_all(self) -> list[UserId]:
        """List all users by name, without the one of the synthetic journey and those who leave."""
        cursor = self._users.find({"_id": {"$ne": CHECK_USER}, **STAYING}, {"_id": 1}).sort("_id")
        return [UserId(document["_id"]) async for document in cursor]

    @within(READ_S)
    async def revision(self, user_id: UserId) -> int | None:
        """Read the revision; None if there is no such user, or they leave."""
        wanted = {"_id": user_id, **STAYING}
        document = await self._users.find_one(wanted, {"_id": 0, "revision": 1})
        return int(document["revision"]) if document else None

    @within(READ_S)
    async def revisions(self, user_ids: Sequence[UserId]) -> dict[UserId, int]:
        """Read the revisions of some users; those that do not exist are left out."""
        cursor = self._users.find({"_id": {"$in": list(user_ids)}, **STAYING}, {"revision": 1})
        return {UserId(one["_id"]): int(one["revision"]) async for one in cursor}

    @within(WRITE_S)
    async def touch(self, user_id: UserId) -> None:
        """Tell everyone that what we know of this user has changed."""
        await self._users.update_one({"_id": user_id}, {"$inc": {"revision": 1}})

    async def touch_all(self) -> None:
        """Tell everyone that what we know of any user may have changed."""
        await self._users.update_many({}, {"$inc": {"revision": 1}})
