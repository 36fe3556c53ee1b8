"""Reads a collection of listens: histories from the keys alone, pages and streams by time."""

from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson.binary import Binary
from pymongo import DESCENDING

from harmonyhub.domain.history import History
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.listens import SourceKind
from harmonyhub.storage.documents import Collection, Document
from harmonyhub.storage.listen_keys import (
    LATEST,
    Pairs,
    add_up,
    join,
    key_range,
    listen_key,
    pair_prefix,
    read_raw,
    times_of,
    track_of,
    user_prefix,
)

READ_BATCH = 20_000  # keys per round trip: 1.2 MB
NAME_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Listen:
    """A listen as stored; `played_at` is in unix seconds UTC, 0 where the source told no time."""

    track_id: TrackId
    title: str
    artist: str
    played_at: int
    played_ms: int | None
    is_skipped: bool | None
    source: SourceKind


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a history: at a listen, or without a track before all listens of that second."""

    played_at: int
    track_id: TrackId | None = None


class ListenReader:
    """Reads one collection whose keys are those of `listen_keys`; `tracks` has their names."""

    def __init__(self, listens: Collection, tracks: Collection) -> None:
        self._listens = listens
        self._tracks = tracks

    async def history(self, user_id: UserId) -> History:
        """Read all that a user played, added up by track, from the keys alone."""
        pairs = await self.pairs({"_id": key_range(user_prefix(user_id))})
        return History(
            track_ids=[TrackId(track.decode()) for track in pairs.tracks.tolist()],
            plays=pairs.plays,
            first_played_at=pairs.first,
            last_played_at=pairs.last,
        )

    async def pairs(self, which: Document) -> Pairs:
        """Read keys, added up by user and track."""
        batches: AsyncIterable[Any] = self._listens.find_raw_batches(
            which, {"_id": 1}, sort=[("_id", 1)], hint="_id_", batch_size=READ_BATCH
        )
        return join([add_up(read_raw(batch)) async for batch in batches if batch])

    async def recent(self, user_id: UserId, *, n: int, before: Place | None = None) -> list[Listen]:
        """List the latest listens, newest first and by track within a second."""
        place = before or Place(LATEST)
        found: list[Document] = []
        if place.track_id is not None:
            found = await self._of_second(user_id, place, n=n)
        if len(found) < n:
            found += await self._before(user_id, place.played_at, n=n - len(found))
        return await self.describe(found)

    async def _before(self, user_id: UserId, played_at: int, *, n: int) -> list[Document]:
        which: Document = {"u": user_id, "at": {"$lt": played_at}}
        found = await self._listens.find(which).sort("at", DESCENDING).limit(n).to_list()
        if len(found) == n:
            # The index knows no order within a second, and the limit may have cut through one.
            edge = found[-1]["at"]
            found = [listen for listen in found if listen["at"] > edge]
            found += await self._of_second(user_id, Place(edge), n=n - len(found))
        return sorted(found, key=lambda listen: (-listen["at"], listen["_id"]))

    async def _of_second(self, user_id: UserId, place: Place, *, n: int) -> list[Document]:
        which: Document = {"u": user_id, "at": place.played_at}
        if place.track_id is not None:
            pair = pair_prefix(user_prefix(user_id), place.track_id)
            which["_id"] = {"$gt": Binary(listen_key(pair, place.played_at))}
        return await self._listens.find(which, hint="u_at").sort("_id").limit(n).to_list()

    async def plays_of(self, *, user_id: UserId, track_id: TrackId) -> list[int]:
        """List when a user played a track: unix seconds UTC, newest first."""
        pair = pair_prefix(user_prefix(user_id), track_id)
        cursor = self._listens.find({"_id": key_range(pair)}, {"_id": 1})
        return sorted(times_of([found["_id"] async for found in cursor]), reverse=True)

    async def stream(self, user_id: UserId) -> AsyncIterator[Listen]:
        """Stream all listens of a user, newest first."""
        async for chunk in self.chunks({"u": user_id}):
            for listen in await self.describe(chunk):
                yield listen

    async def chunks(self, which: Document) -> AsyncIterator[list[Document]]:
        """Stream listens as they are stored, newest first, many at a time."""
        cursor = self._listens.find(which).sort("at", DESCENDING)
        while chunk := await cursor.to_list(NAME_BATCH):
            yield chunk

    async def describe(self, documents: Sequence[Document]) -> list[Listen]:
        """Read listens, with the names of their tracks."""
        nameless = {track_of(one["_id"]).decode() for one in documents if "title" not in one}
        names = {
            found["_id"]: (found["title"], ", ".join(found["artists"]))
            async for found in self._tracks.find(
                {"_id": {"$in": list(nameless)}}, {"title": 1, "artists": 1}
            )
        }
        return [_read_listen(document, names) for document in documents]


def _read_listen(document: Document, names: Mapping[str, tuple[str, str]]) -> Listen:
    track_id = track_of(document["_id"]).decode()
    title, artist = names.get(track_id, (document.get("title", ""), document.get("artist", "")))
    return Listen(
        track_id=TrackId(track_id),
        title=title,
        artist=artist,
        played_at=document["at"],
        played_ms=document.get("ms"),
        is_skipped=document.get("sk"),
        source=SourceKind(document["s"]),
    )
