"""Plays that another source told already: sources disagree by seconds about the same play."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.listens import SourceKind
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.listen_keys import track_of

SAME_PLAY_S = 120  # account data tells the minute of the end; scrobblers tell start or end
SPANS = 64  # ranges per query; the widest gaps between a batch's times are left out


@dataclass(frozen=True, slots=True)
class Plays:
    """Times of plays by track key, sorted."""

    by_track: Mapping[bytes, Sequence[int]]

    def has_near(self, track: bytes, played_at: int) -> bool:
        """Tell whether the track was played at that time, as far as sources agree on times."""
        times = self.by_track.get(track)
        if not times or not played_at:
            return False
        position = bisect_left(times, played_at - SAME_PLAY_S)
        return position < len(times) and times[position] <= played_at + SAME_PLAY_S


class OtherSources:
    """Looks up what a user's other sources told of the same hours."""

    def __init__(self, database: Database) -> None:
        self._listens = database["listens"]
        self._users = database["users"]

    async def plays(self, user_id: UserId, *, source: SourceKind, times: Sequence[int]) -> Plays:
        """Load the plays of other sources near these times; one tiny query where there are none.

        Raises
        ------
        NotFoundError
            If there is no such user.
        """
        user = await self._users.find_one({"_id": user_id}, {"sources": 1})
        if user is None:
            raise NotFoundError(f"There is no user {user_id}.", hint="Make the user first.")
        known = user["sources"]
        if source.value not in known:
            # Before the first insert, so that two first imports at once see each other.
            await self._users.update_one({"_id": user_id}, {"$addToSet": {"sources": source.value}})
        told = sorted(time for time in times if time)
        if not told or set(known) <= {source.value}:
            return Plays({})
        by_track: dict[bytes, list[int]] = {}
        which: Document = {
            "u": user_id,
            "s": {"$ne": source.value},
            "$or": [
                {"at": {"$gte": max(1, start - SAME_PLAY_S), "$lte": end + SAME_PLAY_S}}
                for start, end in spans(told)
            ],
        }
        async for found in self._listens.find(which, {"at": 1}):
            by_track.setdefault(track_of(found["_id"]), []).append(found["at"])
        for track_times in by_track.values():
            track_times.sort()
        return Plays(by_track)


def spans(times: Sequence[int]) -> list[tuple[int, int]]:
    """Cover sorted times with few ranges: `SPANS` at most, leaving out the widest gaps."""
    gaps = sorted(range(1, len(times)), key=lambda i: times[i] - times[i - 1], reverse=True)
    cuts = sorted(i for i in gaps[: SPANS - 1] if times[i] - times[i - 1] > 2 * SAME_PLAY_S)
    borders = [0, *cuts, len(times)]
    return [(times[start], times[end - 1]) for start, end in pairwise(borders)]
