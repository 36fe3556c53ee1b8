"""Removes what the synthetic journey of a deploy has stored, so that it never counts."""

from harmonyhub.domain.ids import CHECK_ARTIST, CHECK_USER
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import guarded
from harmonyhub.storage.leaving import Leaving


@guarded
class CheckUser:
    """The reserved listener, and the tracks of its reserved artist."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget(self) -> int:
        """Remove the listener, all it said and was shown, its jobs, and its tracks.

        Returns
        -------
        int
            How many documents went.
        """
        tracks = await self._database["tracks"].find({"artists": CHECK_ARTIST}).to_list()
        track_ids = [track["_id"] for track in tracks]
        artist_ids = [artist for track in tracks for artist in track["artist_ids"]]
        n_gone = await Leaving(self._database).sweep(CHECK_USER)
        for collection, wanted in (
            ("analyses", {"track": {"$in": track_ids}}),
            ("artists", {"_id": {"$in": artist_ids}}),
            ("tracks", {"_id": {"$in": track_ids}}),
            ("users", {"_id": CHECK_USER}),
        ):
            n_gone += (await self._database[collection].delete_many(wanted)).deleted_count
        return n_gone
