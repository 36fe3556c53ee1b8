"""Two tracks that turn out to be one: everything moves to the older, step by step."""

from pymongo.asynchronous.client_session import AsyncClientSession

from harmonyhub.domain.ids import TrackId
from harmonyhub.storage.analyses import Analyses
from harmonyhub.storage.documents import Database
from harmonyhub.storage.feedback import FeedbackLog
from harmonyhub.storage.listens import Listens
from harmonyhub.storage.synced_plays import SyncedPlays
from harmonyhub.storage.users import Users


class Merging:
    """Merges tracks; what a crash leaves half done is finished at the next start."""

    def __init__(
        self,
        database: Database,
        *,
        listens: Listens,
        synced_plays: SyncedPlays,
        feedback: FeedbackLog,
        analyses: Analyses,
        users: Users,
    ) -> None:
        self._database = database
        self._listens = listens
        self._synced_plays = synced_plays
        self._feedback = feedback
        self._analyses = analyses
        self._users = users

    async def merge(self, *, old: TrackId, new: TrackId) -> None:
        """Let `new` take over all that `old` has; nothing happens if either is gone already."""

        async def move(session: AsyncClientSession) -> None:
            await self._move_keys(session, old, new)

        async with self._database.client.start_session() as session:
            await session.with_transaction(move)
        await self.complete_pending()

    async def _move_keys(self, session: AsyncClientSession, old: TrackId, new: TrackId) -> None:
        tracks, redirects = self._database["tracks"], self._database["redirects"]
        if await tracks.find_one({"_id": new}, {"_id": 1}, session=session) is None:
            return
        gone = await tracks.find_one_and_delete({"_id": old}, session=session)
        if gone is None:
            return
        await tracks.update_one(
            {"_id": new},
            {"$addToSet": {"keys": {"$each": gone["keys"]}, "tags": {"$each": gone["tags"]}}},
            session=session,
        )
        await redirects.update_many({"to": old}, {"$set": {"to": new}}, session=session)
        await redirects.insert_one({"_id": old, "to": new, "is_pending": True}, session=session)

    async def complete_pending(self) -> None:
        """Move plays, feedback and analyses of merged tracks that still wait for it."""
        redirects = self._database["redirects"]
        pending = await redirects.find({"is_pending": True}).to_list()
        for redirect in pending:
            old, new = TrackId(redirect["_id"]), TrackId(redirect["to"])
            await self._listens.reassign(old=old, new=new)
            await self._synced_plays.reassign(old=old, new=new)
            await self._feedback.reassign(old=old, new=new)
            await self._analyses.reassign(old=old, new=new)
            await redirects.update_one({"_id": old, "to": new}, {"$unset": {"is_pending": ""}})
        if pending:
            await self._users.touch_all()
