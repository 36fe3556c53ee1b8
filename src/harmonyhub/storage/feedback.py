"""What listeners said, as a log that is only ever added to."""

from collections.abc import Iterable

from pymongo import ASCENDING

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.recommendations import Feedback, FeedbackKind
from harmonyhub.storage.documents import Database, read_feedback, write_feedback
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within


@guarded
class FeedbackLog:
    """Everything that was said, in the order in which it was said."""

    def __init__(self, database: Database) -> None:
        self._log = database["feedback"]

    @within(WRITE_S)
    async def add(self, feedback: Feedback) -> None:
        """Write down one piece of feedback."""
        await self._log.insert_one(write_feedback(feedback))

    @within(WRITE_S)
    async def undo(self, *, user_id: UserId, track_id: TrackId, now: int) -> None:
        """Take back the latest that the user said of the track; the one before is in force."""
        await self.add(Feedback(user_id=user_id, track_id=track_id, kind=FeedbackKind.UNDO, at=now))

    @within(READ_S)
    async def current(self, user_id: UserId) -> list[Feedback]:
        """List what is in force: the latest per track, without what was taken back."""
        cursor = self._log.find({"user": user_id}).sort([("at", ASCENDING), ("_id", ASCENDING)])
        return settle([read_feedback(document) async for document in cursor])

    async def reassign(self, *, old: TrackId, new: TrackId) -> None:
        """Move all that was said of one track to another."""
        await self._log.update_many({"track": old}, {"$set": {"track": new}})


def settle(log: Iterable[Feedback]) -> list[Feedback]:
    """Tell what of a log (oldest first) is in force, oldest first."""
    said: dict[TrackId, list[Feedback]] = {}
    for feedback in log:
        stack = said.setdefault(feedback.track_id, [])
        if feedback.kind is not FeedbackKind.UNDO:
            stack.append(feedback)
        elif stack:
            stack.pop()
    return sorted((stack[-1] for stack in said.values() if stack), key=lambda said: said.at)
