"""Descriptions of tracks in, identities out, in a few round trips for thousands."""

from collections.abc import Iterable, Mapping, Sequence

from pymongo import UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError

from harmonyhub.domain.errors import ConflictError
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.music import TrackDescription
from harmonyhub.storage.documents import Collection, Database, Document
from harmonyhub.storage.identity_plan import Candidate, IdentityPlan, names_of
from harmonyhub.storage.known_tracks import storable_keys
from harmonyhub.storage.merging import Merging

BATCH = 2_000
TRIES = 8  # each means that another process changed the same tracks in between
DUPLICATE_KEY = 11_000
KNOWN_FIELDS = ("keys", "tags", "first_seen", "release", "release_id", "duration_s")


class Resolving:
    """Plans on what the store knows, writes, and plans again if somebody was faster."""

    def __init__(self, database: Database, merging: Merging) -> None:
        # Not `majority`: the listens and ledger pages that follow are, and the log keeps order,
        # so what an import acknowledged has its tracks. Waiting here too doubles its time.
        catalogue = database.with_options(write_concern=WriteConcern(w=1))
        self._tracks = catalogue["tracks"]
        self._artists = catalogue["artists"]
        self._releases = catalogue["releases"]
        self._merging = merging

    async def resolve(self, descriptions: Sequence[TrackDescription]) -> list[TrackId]:
        """Find or make the track of each description."""
        ids: list[TrackId] = []
        for start in range(0, len(descriptions), BATCH):
            ids += await self._resolve_batch(descriptions[start : start + BATCH])
        return ids

    async def _resolve_batch(self, descriptions: Sequence[TrackDescription]) -> list[TrackId]:
        keys = [storable_keys(description) for description in descriptions]
        every_key = list({key: None for of_one in keys for key in of_one})
        for _ in range(TRIES):
            cursor = self._tracks.find({"keys": {"$in": every_key}}, dict.fromkeys(KNOWN_FIELDS, 1))
            plan = IdentityPlan(await cursor.to_list())
            placed = [plan.place(*pair) for pair in zip(descriptions, keys, strict=True)]
            if await self._write(plan):
                return [plan.final_id(track_id) for track_id in placed]
        raise ConflictError(
            f"Another process changed the same tracks {TRIES} times in a row.",
            hint="Try again when fewer imports run at once.",
        )

    async def _write(self, plan: IdentityPlan) -> bool:
        """Carry a plan out; False if the store is not any more as it was planned on."""
        for old, new in plan.merges:
            await self._merging.merge(old=old, new=new)
        try:
            await self._make(plan.new)
            return await self._extend(plan.changed)
        except BulkWriteError as error:
            if any(one["code"] != DUPLICATE_KEY for one in error.details["writeErrors"]):
                raise
            return False

    async def _make(self, candidates: Sequence[Candidate]) -> None:
        if not candidates:
            return
        documents = [_with_gains(track) for track in candidates]
        artists, releases = names_of(documents)
        # Names first: a track never refers to an artist that is not there.
        await insert_missing(self._artists, {id_: {"name": artists[id_]} for id_ in artists})
        await insert_missing(self._releases, releases)
        await self._tracks.insert_many(documents, ordered=False)

    async def _extend(self, candidates: Sequence[Candidate]) -> bool:
        if not candidates:
            return True
        await insert_missing(
            self._releases,
            {
                track.new_facts["release_id"]: {"title": track.new_facts["release"]}
                for track in candidates
                if "release_id" in track.new_facts
            },
        )
        result = await self._tracks.bulk_write(
            [UpdateOne({"_id": track.id}, _gains(track)) for track in candidates], ordered=False
        )
        return result.matched_count == len(candidates)


async def insert_missing(collection: Collection, documents: Mapping[str, Document]) -> None:
    """Insert documents by id; those that are there stay as they are."""
    cursor = collection.find({"_id": {"$in": list(documents)}}, {"_id": 1})
    there = {found["_id"] for found in await cursor.to_list()}
    missing = [{"_id": id_, **document} for id_, document in documents.items() if id_ not in there]
    if not missing:
        return
    try:
        await collection.insert_many(missing, ordered=False)
    except BulkWriteError as error:
        if any(one["code"] != DUPLICATE_KEY for one in error.details["writeErrors"]):
            raise


def _gains(track: Candidate) -> Document:
    change: Document = {}
    if track.new_keys or track.new_tags:
        change["$addToSet"] = {
            "keys": {"$each": list(track.new_keys)},
            "tags": {"$each": list(track.new_tags)},
        }
    if track.new_facts:
        change["$set"] = track.new_facts
    return change


def _with_gains(track: Candidate) -> Document:
    def both(name: str, gained: Iterable[str]) -> list[str]:
        return list(dict.fromkeys([*track.document[name], *gained]))

    return {
        **track.document,
        **track.new_facts,
        "keys": both("keys", track.new_keys),
        "tags": both("tags", track.new_tags),
    }
