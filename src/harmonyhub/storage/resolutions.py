"""What tracks are called at Spotify, and which it does not have: apart from the catalogue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo import UpdateOne

from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.matching import FoundBy
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

DAY_S = 86_400
FOUND_FOR_S = 180 * DAY_S  # catalogues are relicensed, and an id may end
MISSING_FOR_S = 30 * DAY_S  # new music and late releases arrive


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What is known of one track at Spotify; `spotify_id` is None where it was not found.

    `confidence` is in [0, 1], 0 for a track that was not found; `at` in unix seconds UTC.
    """

    track_id: TrackId
    spotify_id: str | None
    confidence: float
    by: FoundBy
    at: int


@guarded
class Resolutions:
    """All that Spotify told of where our tracks are; each ends by itself."""

    def __init__(self, database: Database) -> None:
        self._resolutions = database["resolutions"]

    @within(READ_S)
    async def get_many(
        self, track_ids: Iterable[TrackId], *, now: int
    ) -> Mapping[TrackId, Resolution]:
        """Load what is known and has not ended."""
        wanted = {"_id": {"$in": list(track_ids)}, "ends_at": {"$gt": now}}
        return {
            TrackId(found["_id"]): Resolution(
                track_id=TrackId(found["_id"]),
                spotify_id=found["spotify_id"],
                confidence=found["confidence"],
                by=FoundBy(found["by"]),
                at=found["at"],
            )
            async for found in self._resolutions.find(wanted)
        }

    @within(WRITE_S)
    async def remember(self, resolutions: Iterable[Resolution]) -> None:
        """Keep what was told: found for half a year, not found for 30 days."""
        writes = [
            UpdateOne(
                {"_id": one.track_id},
                {
                    "$set": {
                        "spotify_id": one.spotify_id,
                        "confidence": one.confidence,
                        "by": one.by.value,
                        "at": one.at,
                        "ends_at": _end(one),
                        "expires": datetime.fromtimestamp(_end(one), tz=UTC),
                    }
                },
                upsert=True,
            )
            for one in resolutions
        ]
        if writes:
            await self._resolutions.bulk_write(writes, ordered=False)

    @within(WRITE_S)
    async def forget(self, track_ids: Iterable[TrackId]) -> None:
        """Forget tracks whose ids turned out to be good for nothing."""
        await self._resolutions.delete_many({"_id": {"$in": list(track_ids)}})

    @within(WRITE_S)
    async def forget_all(self) -> None:
        """Forget everything: nobody is connected any more."""
        await self._resolutions.delete_many({})


def _end(resolution: Resolution) -> int:
    is_found = resolution.spotify_id is not None
    return resolution.at + (FOUND_FOR_S if is_found else MISSING_FOR_S)
