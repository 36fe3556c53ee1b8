"""Friendships: one document per pair, whoever asked."""

import msgspec
from pymongo.errors import DuplicateKeyError

from harmonyhub.domain.friends import Friendship, FriendState
from harmonyhub.domain.ids import UserId
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within


@guarded
class Friendships:
    """What is between listeners; a change is made only to what its maker has seen."""

    def __init__(self, database: Database) -> None:
        self._friendships = database["friendships"]

    @within(READ_S)
    async def get(self, one: UserId, other: UserId) -> Friendship | None:
        """Load what is between two."""
        document = await self._friendships.find_one({"_id": _key(one, other)})
        return _read(document) if document else None

    @within(READ_S)
    async def of_user(self, user_id: UserId) -> list[Friendship]:
        """List all that a listener has a part in, the oldest first."""
        cursor = self._friendships.find({"$or": [{"by": user_id}, {"to": user_id}]})
        return [_read(document) async for document in cursor.sort([("asked_at", 1), ("_id", 1)])]

    @within(READ_S)
    async def friends_of(self, user_id: UserId) -> list[UserId]:
        """List who is a friend, by name."""
        found = [one for one in await self.of_user(user_id) if one.state is FriendState.FRIENDS]
        return sorted(one.to if one.by == user_id else one.by for one in found)

    @within(WRITE_S)
    async def exchange(self, known: Friendship | None, new: Friendship | None) -> bool:
        """Put `new` in the place of `known`; False where that is not what is there any more."""
        if known is None:
            if new is None:
                return True
            try:
                await self._friendships.insert_one({"_id": _key(new.by, new.to), **_write(new)})
            except DuplicateKeyError:
                return False
            return True
        seen = {"_id": _key(known.by, known.to), **_write(known)}
        if new is None:
            return (await self._friendships.delete_one(seen)).deleted_count == 1
        return (await self._friendships.replace_one(seen, _write(new))).matched_count == 1


def _key(one: UserId, other: UserId) -> Document:
    # A document, not a joined text: no two pairs of names look alike in it.
    first, second = sorted((one, other))
    return {"first": first, "second": second}


def _write(friendship: Friendship) -> Document:
    return dict(msgspec.to_builtins(friendship))


def _read(document: Document) -> Friendship:
    return msgspec.convert(document, Friendship)
