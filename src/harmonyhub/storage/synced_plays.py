"""Plays that only a synchronization told: apart from imports, and never learned from.

An import stands for ever and trainings read it; what a service tells may only speak for the
listener who asked. So an import that brings the same play makes the synchronized one go.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from pymongo.errors import BulkWriteError

from harmonyhub.domain.ids import IdentityKey, TrackId, UserId
from harmonyhub.domain.library import RecentPlay
from harmonyhub.domain.listens import Outcome, SourceKind
from harmonyhub.storage.documents import Database, Document, storable
from harmonyhub.storage.door import READ_S, guarded, within
from harmonyhub.storage.known_tracks import KnownTracks, storable_keys
from harmonyhub.storage.listen_keys import (
    listen_key,
    pair_prefix,
    times_of,
    track_of,
    user_prefix,
)
from harmonyhub.storage.other_sources import SAME_PLAY_S, spans
from harmonyhub.storage.reassigning import DUPLICATE_KEY, reassign_plays

USUAL_S = 240  # of a track whose length is not told
LONGEST_S = 3_600  # a mix of an hour; a longer window would swallow plays of the same evening

Times = Mapping[bytes, Sequence[int]]


@guarded
class SyncedPlays:
    """Everyone's plays that no import has told yet. Documents have the keys of listens."""

    def __init__(self, database: Database) -> None:
        self._plays = database["synced_plays"]
        self._listens = database["listens"]
        self._users = database["users"]
        self._known = KnownTracks(database)

    async def add(self, user_id: UserId, plays: Sequence[RecentPlay]) -> list[Outcome]:
        """Keep the plays that neither an import nor an earlier synchronization told.

        Returns
        -------
        list of Outcome
            KEPT or DUPLICATE, one per play, in their order.
        """
        keys_of = [storable_keys(play.track) for play in plays]
        track_ids = await self._known.ids(keys_of)
        documents = [
            _write(user_id, play, track_id=track_id, keys=keys)
            for play, track_id, keys in zip(plays, track_ids, keys_of, strict=True)
        ]
        told = await self._told_already(user_id, documents)
        new = {one["_id"]: one for one in documents if one["_id"] not in told}
        lost = await self._insert(new)
        if new:  # an import may have stored the same plays meanwhile
            late = await self._imported(user_id, list(new.values()))
            await self._plays.delete_many({"_id": {"$in": list(late)}})
            lost |= late
        outcomes: list[Outcome] = []
        for one in documents:
            is_kept = new.pop(one["_id"], None) is not None and one["_id"] not in lost
            outcomes.append(Outcome.KEPT if is_kept else Outcome.DUPLICATE)
        return outcomes

    async def make_way(self, user_id: UserId, imported: Iterable[bytes]) -> int:
        """Remove the plays that an import has told now, by the keys of its listens.

        Returns
        -------
        int
            How many went.
        """
        if await self._plays.find_one({"u": user_id}, {"_id": 1}) is None:
            return 0
        times = _by_track(imported)
        told = sorted(at for of_track in times.values() for at in of_track if at)
        if not told:
            return 0
        near = await self._plays.find({"u": user_id, "$or": _ranges(told)}).to_list()
        # The import may have brought the track itself, under another name with the same ISRC.
        track_ids = await self._known.ids([tuple(map(IdentityKey, one["keys"])) for one in near])
        gone = [
            one["_id"]
            for one, track_id in zip(near, track_ids, strict=True)
            if _is_told(one, {track_of(one["_id"]), track_id.encode()}, times)
        ]
        await self._plays.delete_many({"_id": {"$in": gone}})
        return len(gone)

    @within(READ_S)
    async def count(self, user_id: UserId) -> int:
        """Count the plays of a user that only synchronizations told."""
        return await self._plays.count_documents({"u": user_id})

    async def reassign(self, *, old: TrackId, new: TrackId) -> None:
        """Move all plays of one track to another; a play that is there already stays once."""
        await reassign_plays(self._plays, users=self._users, old=old, new=new)

    async def forget(self, user_id: UserId) -> None:
        """Delete all plays of a user."""
        await self._plays.delete_many({"u": user_id})

    async def _told_already(self, user_id: UserId, documents: Sequence[Document]) -> set[bytes]:
        cursor = self._plays.find({"_id": {"$in": [one["_id"] for one in documents]}}, {"_id": 1})
        synced = {found["_id"] async for found in cursor}
        return synced | await self._imported(user_id, documents)

    async def _imported(self, user_id: UserId, documents: Sequence[Document]) -> set[bytes]:
        """Find which of these plays an import has told."""
        if not documents:
            return set()
        ranges = _ranges(sorted(one["at"] for one in documents))
        cursor = self._listens.find({"u": user_id, "$or": ranges}, {"_id": 1})
        times = _by_track([found["_id"] async for found in cursor])
        return {one["_id"] for one in documents if _is_told(one, {track_of(one["_id"])}, times)}

    async def _insert(self, new: Mapping[bytes, Document]) -> set[bytes]:
        """Insert; return the keys that another process stored a moment before us."""
        if not new:
            return set()
        try:
            await self._plays.insert_many(new.values(), ordered=False)
        except BulkWriteError as error:
            refused = error.details["writeErrors"]
            if any(one["code"] != DUPLICATE_KEY for one in refused):
                raise
            return {one["op"]["_id"] for one in refused}
        return set()


def _write(
    user_id: UserId, play: RecentPlay, *, track_id: TrackId, keys: Sequence[IdentityKey]
) -> Document:
    track = play.track
    key = listen_key(pair_prefix(user_prefix(user_id), track_id), play.played_at)
    return {
        "_id": key,
        "u": user_id,
        "at": play.played_at,
        "s": SourceKind.SPOTIFY_SYNC.value,
        "title": storable(track.title),
        "artist": storable(", ".join(track.artists)),
        "keys": list(keys),
        "length_s": int(track.duration_s or USUAL_S),
    }


def _is_told(play: Document, tracks: Iterable[bytes], times: Times) -> bool:
    """Tell whether a play is among the times of an import.

    Spotify tells the end of a play, or a time near it, and imports the start: sources differ by
    the length of the track, and by as much as they always do.
    """
    slack_s = min(play["length_s"], LONGEST_S) + SAME_PLAY_S
    for track in tracks:
        of_track = times.get(track, ())
        position = bisect_left(of_track, play["at"] - slack_s)
        if position < len(of_track) and of_track[position] <= play["at"] + slack_s:
            return True
    return False


def _by_track(keys: Iterable[bytes]) -> Times:
    by_track: dict[bytes, list[int]] = {}
    for key in keys:
        by_track.setdefault(track_of(key), []).extend(times_of([key]))
    return {track: sorted(times) for track, times in by_track.items()}


def _ranges(times: Sequence[int]) -> list[Document]:
    """Give the conditions on `at` for all that may be the same play; `times` are sorted."""
    slack_s = LONGEST_S + SAME_PLAY_S
    return [{"at": {"$gte": start - slack_s, "$lte": end + slack_s}} for start, end in spans(times)]
