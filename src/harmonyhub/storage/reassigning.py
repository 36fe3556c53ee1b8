"""Plays of a track that was merged into another move to it, in any collection of plays."""

from pymongo.errors import BulkWriteError

from harmonyhub.domain.ids import TrackId
from harmonyhub.storage.documents import Collection
from harmonyhub.storage.listen_keys import key_range, listen_key, pair_prefix
from harmonyhub.storage.users import STAYING

DUPLICATE_KEY = 11_000


async def reassign_plays(
    plays: Collection, *, users: Collection, old: TrackId, new: TrackId
) -> None:
    """Move all plays of one track to another; a play that is there already stays once."""
    async for user in users.find(STAYING, {"prefix": 1}):
        prefix = bytes(user["prefix"])
        cursor = plays.find({"_id": key_range(pair_prefix(prefix, old))})
        documents = await cursor.to_list()
        if not documents:
            continue
        pair = pair_prefix(prefix, new)
        moved = [document | {"_id": listen_key(pair, document["at"])} for document in documents]
        # Inserted before deleted: after a crash in between, running again changes nothing.
        try:
            await plays.insert_many(moved, ordered=False)
        except BulkWriteError as error:
            if any(one["code"] != DUPLICATE_KEY for one in error.details["writeErrors"]):
                raise
        await plays.delete_many({"_id": {"$in": [document["_id"] for document in documents]}})
        if await users.find_one({"_id": user["_id"], **STAYING}, {"_id": 1}) is None:
            # Left meanwhile: what was deleted must not come back under another key.
            await plays.delete_many({"_id": {"$in": [document["_id"] for document in moved]}})
