"""All that the store holds of one listener, as one table: counted, and deleted when they leave.

A mark on the user comes first. Whoever writes something of a user looks for the mark, or for the
user, after writing: whichever of the two comes second sees the other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within
from harmonyhub.storage.users import STAYING, describe_new

BATCH: Final = 5_000  # deleted in 0.1 s, so that progress is seen


@dataclass(frozen=True, slots=True)
class Holding:
    """Documents of one collection that belong to the listener whom one of `fields` names."""

    collection: str
    fields: tuple[str, ...]
    what: str

    def of(self, user_id: UserId) -> Document:
        """Give the condition for one listener's."""
        return {"$or": [{field: user_id} for field in self.fields]}


# In the order in which they go: first what would write more, last what the browser writes.
HOLDINGS: Final = (
    Holding("tokens", ("_id",), "consents at Spotify"),
    Holding("sign_ins", ("user",), "sign-ins that had begun"),
    Holding("jobs", ("user",), "jobs"),
    Holding("pushed_playlists", ("user_id",), "playlists sent to Spotify"),
    Holding("synced_plays", ("u",), "plays that Spotify told"),
    Holding("spotify_lists", ("user",), "lists read from Spotify"),
    Holding("spotify_pages", ("user",), "pages of lists read from Spotify"),
    Holding("kept_answers", ("user",), "answers of Spotify"),
    Holding("listens", ("u",), "listens"),
    Holding("feedback", ("user",), "things said of tracks"),
    Holding("friendships", ("by", "to"), "friends and requests"),
    Holding("kept_lists", ("user_id",), "lists of days and weeks"),
    Holding("shown", ("user",), "lists that were shown"),
    # After their pages, which name only them.
    Holding("ledgers", ("user",), "imports"),
)
PAGES: Final = "pages of imports"

Follow = Callable[[int], None]
"""Is told how many documents have gone so far."""


@guarded
class Leaving:
    """Counts and deletes what belongs to one listener, over all collections."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._users = database["users"]

    @within(WRITE_S)
    async def begin(self, user_id: UserId, *, now: int) -> None:
        """Mark a user: nobody may write anything of them from here on."""
        await self._users.update_one(
            {"_id": user_id},
            {
                "$set": {"leaving_at": now},
                # Something may be kept under a name that never became a user.
                "$setOnInsert": describe_new(user_id, now=now),
            },
            upsert=True,
        )

    @within(WRITE_S)
    async def end(self, user_id: UserId) -> None:
        """Delete the user's own document, if it is marked."""
        await self._users.delete_one({"_id": user_id, "leaving_at": {"$exists": True}})

    @within(READ_S)
    async def is_staying(self, user_id: UserId) -> bool:
        """Tell whether there is such a user who does not leave."""
        return await self._users.find_one({"_id": user_id, **STAYING}, {"_id": 1}) is not None

    @within(READ_S)
    async def has_begun(self, user_id: UserId) -> bool:
        """Tell whether a user is marked."""
        marked = {"_id": user_id, "leaving_at": {"$exists": True}}
        return await self._users.find_one(marked, {"_id": 1}) is not None

    @within(READ_S)
    async def broken_off(self, *, before: int) -> list[UserId]:
        """List the users who were marked before a time and are still here."""
        cursor = self._users.find({"leaving_at": {"$lt": before}}, {"_id": 1})
        return [UserId(one["_id"]) async for one in cursor]

    async def count(self, user_id: UserId) -> Mapping[str, int]:
        """Count what there is of a user, by kind; kinds of which there is nothing are left out."""
        counts = {
            one.what: await self._database[one.collection].count_documents(one.of(user_id))
            for one in HOLDINGS
        }
        pages = {"ledger": {"$in": await self._ledgers(user_id)}}
        counts[PAGES] = await self._database["ledger_pages"].count_documents(pages)
        return {what: n for what, n in counts.items() if n}

    async def sweep(self, user_id: UserId, *, follow: Follow = lambda _: None) -> int:
        """Delete all of a user but the user's own document; again after a crash does the rest.

        Returns
        -------
        int
            How many documents went.
        """
        n_gone = 0
        for one in HOLDINGS:
            if one.collection == "ledgers":
                pages = {"ledger": {"$in": await self._ledgers(user_id)}}
                n_gone = await self._delete("ledger_pages", pages, n_gone=n_gone, follow=follow)
            n_gone = await self._delete(
                one.collection, one.of(user_id), n_gone=n_gone, follow=follow
            )
        return n_gone

    async def take_back(self, user_id: UserId, ledger_id: LedgerId) -> bool:
        """Delete what an import wrote if its listener has left, or leaves; tells whether so."""
        account = {"_id": ledger_id}
        if await self._database["ledgers"].find_one(account, {"_id": 1}) is not None and (
            await self.is_staying(user_id)
        ):
            return False
        await self._database["listens"].delete_many({"u": user_id, "l": ledger_id})
        await self._database["ledger_pages"].delete_many({"ledger": ledger_id})
        await self._database["ledgers"].delete_one(account)
        return True

    async def _ledgers(self, user_id: UserId) -> list[str]:
        cursor = self._database["ledgers"].find({"user": user_id}, {"_id": 1})
        return [one["_id"] async for one in cursor]

    async def _delete(
        self, collection: str, wanted: Document, *, n_gone: int, follow: Follow
    ) -> int:
        documents = self._database[collection]
        while found := await documents.find(wanted, {"_id": 1}).limit(BATCH).to_list():
            chosen = {"_id": {"$in": [one["_id"] for one in found]}}
            n_gone += (await documents.delete_many(chosen)).deleted_count
            follow(n_gone)
        return n_gone
