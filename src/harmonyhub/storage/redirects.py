"""Old ids of tracks that were merged, so that whoever holds one still finds the track."""

from collections.abc import Mapping

from harmonyhub.domain.ids import TrackId
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import guarded


@guarded
class Redirects:
    """From the ids of merged tracks to the tracks that stayed; one step always suffices."""

    def __init__(self, database: Database) -> None:
        self._redirects = database["redirects"]
        self._table: dict[TrackId, TrackId] = {}

    async def follow(self, track_id: TrackId) -> TrackId:
        """Tell under which id a track is known now."""
        document = await self._redirects.find_one({"_id": track_id}, {"to": 1})
        return TrackId(document["to"]) if document else track_id

    async def table(self) -> Mapping[TrackId, TrackId]:
        """Load all redirects; they are few, and read again only when there are new ones."""
        # Every merge adds one, also where it changes others: the count tells all changes.
        if await self._redirects.estimated_document_count() != len(self._table):
            self._table = {
                TrackId(document["_id"]): TrackId(document["to"])
                async for document in self._redirects.find({}, {"to": 1})
            }
        return self._table
