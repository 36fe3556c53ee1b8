"""The catalogue: one identity per track over all sources."""

import re
from collections.abc import Iterable, Mapping, Sequence

from harmonyhub.domain.history import CatalogueEntry
from harmonyhub.domain.ids import ArtistId, ReleaseId, TrackId
from harmonyhub.domain.music import Track, TrackDescription
from harmonyhub.storage.documents import Database, Document, read_track
from harmonyhub.storage.door import READ_S, guarded, within
from harmonyhub.storage.identity_plan import write_tag
from harmonyhub.storage.known_tracks import KnownTracks, storable_keys
from harmonyhub.storage.redirects import Redirects
from harmonyhub.storage.resolving import Resolving
from harmonyhub.storage.words import search_words

CANDIDATES = 200  # a search ranks these; more would mean one very common word


@guarded
class Tracks:
    """All tracks."""

    def __init__(self, database: Database, *, resolving: Resolving, redirects: Redirects) -> None:
        self._tracks = database["tracks"]
        self._known = KnownTracks(database)
        self._resolving = resolving
        self._redirects = redirects

    async def resolve(self, descriptions: Sequence[TrackDescription]) -> list[TrackId]:
        """Find or make the track of each description.

        The strongest key decides. New keys are added to the track, and two tracks that turn out
        to be the same version of the same one are merged: the older stays, its listens, feedback
        and analyses move, and the other's id leads to it from then on.

        Returns
        -------
        list of TrackId
            One per description, in their order.
        """
        return await self._resolving.resolve(descriptions)

    async def find_ids(self, descriptions: Sequence[TrackDescription]) -> list[TrackId]:
        """Tell under which id each description is known, or would be, without making any."""
        return await self._known.ids([storable_keys(one) for one in descriptions])

    @within(READ_S)
    async def get(self, track_id: TrackId) -> Track | None:
        """Load a track by its id or by that of one that was merged into it."""
        document = await self._tracks.find_one({"_id": track_id})
        if document is None:
            track_id = await self._redirects.follow(track_id)
            document = await self._tracks.find_one({"_id": track_id})
        return read_track(document) if document else None

    @within(READ_S)
    async def get_many(self, track_ids: Iterable[TrackId]) -> Mapping[TrackId, Track]:
        """Load tracks by the ids given, old ids too; those that do not exist are left out."""
        wanted = set(track_ids)
        redirects = await self._redirects.table()
        now_known_as = {track_id: redirects.get(track_id, track_id) for track_id in wanted}
        cursor = self._tracks.find({"_id": {"$in": list(set(now_known_as.values()))}})
        found = {TrackId(document["_id"]): read_track(document) async for document in cursor}
        return {old: found[now] for old, now in now_known_as.items() if now in found}

    async def follow(self, track_ids: Iterable[TrackId]) -> list[TrackId]:
        """Tell under which ids tracks are known now, known or not, in order."""
        redirects = await self._redirects.table()
        return [redirects.get(one, one) for one in track_ids]

    async def catalogue(self) -> list[CatalogueEntry]:
        """Read all tracks as the recommender needs them."""
        fields = {"title": 1, "artists": 1, "artist_ids": 1, "release_id": 1, "tags": 1}
        cursor = self._tracks.find({}, fields, batch_size=10_000)
        return [_read_entry(document) async for document in cursor]

    @within(READ_S)
    async def search(self, text: str, *, n: int) -> list[Track]:
        """Find tracks whose title and artists hold all words of a text; the last may be unfinished.

        Titles that are just the text come first, then those that start with it.
        """
        words = search_words(text)
        if not words:
            return []
        *whole, last = words
        conditions: list[Document] = [{"words": word} for word in whole]
        conditions.append({"words": {"$regex": f"^{re.escape(last)}"}})
        cursor = self._tracks.find({"$and": conditions}).limit(CANDIDATES)
        found = [read_track(document) async for document in cursor]
        return sorted(found, key=lambda track: _distance(track, words))[:n]

    async def add_tags(self, track_id: TrackId, tags: Iterable[str]) -> None:
        """Add tags to a track, in lower case."""
        track_id = await self._redirects.follow(track_id)
        await self._tracks.update_one(
            {"_id": track_id}, {"$addToSet": {"tags": {"$each": list(map(write_tag, tags))}}}
        )


def _distance(track: Track, words: Sequence[str]) -> tuple[int, int, str]:
    title = search_words(track.title)
    if title == words:
        rank = 0
    elif title[: len(words)] == words:
        rank = 1
    else:
        rank = 2
    return rank, len(title), track.title


def _read_entry(document: Document) -> CatalogueEntry:
    release_id = document["release_id"]
    return CatalogueEntry(
        id=TrackId(document["_id"]),
        title=document["title"],
        artist=", ".join(document["artists"]),
        artist_ids=tuple(map(ArtistId, document["artist_ids"])),
        release_id=ReleaseId(release_id) if release_id else None,
        tags=tuple(document["tags"]),
    )
