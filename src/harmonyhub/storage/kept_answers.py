"""Answers of an upstream that are kept per user, to be asked for again only if they changed."""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime

from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

KEPT_S = 30 * 86_400


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it came, and the ETag that stands for it."""

    etag: str
    body: bytes


@guarded
class KeptAnswers:
    """The kept answers of all users; nobody gets another user's."""

    def __init__(self, database: Database) -> None:
        self._answers = database["kept_answers"]

    @within(READ_S)
    async def get(self, user_id: str, target: str) -> KeptAnswer | None:
        """Load what a resource answered a user last; None if nothing is kept."""
        found = await self._answers.find_one({"_id": {"user": user_id, "target": target}})
        return KeptAnswer(found["etag"], zlib.decompress(found["body"])) if found else None

    @within(WRITE_S)
    async def put(self, user_id: str, target: str, answer: KeptAnswer, *, now: int) -> None:
        """Keep an answer in place of the former one, for a month."""
        await self._answers.replace_one(
            {"_id": {"user": user_id, "target": target}},
            {
                "user": user_id,
                "etag": answer.etag,
                "body": zlib.compress(answer.body),
                "expires": datetime.fromtimestamp(now + KEPT_S, tz=UTC),
            },
            upsert=True,
        )

    async def forget(self, user_id: str) -> None:
        """Delete all that is kept of a user."""
        await self._answers.delete_many({"user": user_id})
