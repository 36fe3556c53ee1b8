"""Which track a description is, looked up without making any."""

from collections.abc import Iterable, Mapping, Sequence

from harmonyhub.domain.identity import identity_keys, track_id
from harmonyhub.domain.ids import IdentityKey, TrackId
from harmonyhub.domain.music import TrackDescription
from harmonyhub.storage.documents import Database, storable

BATCH = 2_000


class KnownTracks:
    """Reads the catalogue by identity keys and never writes to it.

    What a service tells of a listener's library must not enter the catalogue: trainings read that.
    """

    def __init__(self, database: Database) -> None:
        self._tracks = database["tracks"]

    async def ids(self, keys: Sequence[tuple[IdentityKey, ...]]) -> list[TrackId]:
        """Tell under which id each track is known, or would be if an import brought it.

        Parameters
        ----------
        keys : sequence of tuples
            The identity keys of each track, the strongest first and its name last.
        """
        owners = await self._owners({key for of_one in keys for key in of_one})
        return [
            next((owners[key] for key in of_one if key in owners), track_id(of_one))
            for of_one in keys
        ]

    async def _owners(self, keys: Iterable[IdentityKey]) -> Mapping[IdentityKey, TrackId]:
        wanted = list(keys)
        owners: dict[IdentityKey, TrackId] = {}
        for start in range(0, len(wanted), BATCH):
            cursor = self._tracks.find(
                {"keys": {"$in": wanted[start : start + BATCH]}}, {"keys": 1}
            )
            async for found in cursor:
                owners.update(dict.fromkeys(found["keys"], TrackId(found["_id"])))
        return owners


def storable_keys(description: TrackDescription) -> tuple[IdentityKey, ...]:
    """List the keys of a description as the database can hold them."""
    return tuple(IdentityKey(storable(key)) for key in identity_keys(description))
