"""Analyses of audio files, by the hash of the audio and the version of the recipe."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import fields

import msgspec
from pymongo.errors import DuplicateKeyError

from harmonyhub.domain.analysis import TrackAnalysis
from harmonyhub.domain.ids import AudioHash, TrackId
from harmonyhub.domain.sound import SoundFacts, SoundTraits
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, guarded, within


@guarded
class Analyses:
    """All analyses; the same audio is analysed once per version."""

    def __init__(self, database: Database) -> None:
        self._analyses = database["analyses"]
        self._claims = database["analysis_claims"]

    async def claim(
        self, audio_hash: AudioHash, analysis_version: str, *, owner: str, now: int, lease_s: int
    ) -> bool:
        """Say that the owner measures this audio; False where another one does.

        A claim of one that died ends by itself; then two might measure the same, to no harm.
        """
        try:
            await self._claims.update_one(
                {
                    "_id": _analysis_id(audio_hash, analysis_version),
                    "$or": [{"owner": owner}, {"until": {"$lt": now}}],
                },
                {"$set": {"owner": owner, "until": now + lease_s}},
                upsert=True,
            )
        except DuplicateKeyError:
            return False
        return True

    async def give_up_claim(
        self, audio_hash: AudioHash, analysis_version: str, *, owner: str
    ) -> None:
        """Let others measure this audio, or end a claim when it has been."""
        await self._claims.delete_one(
            {"_id": _analysis_id(audio_hash, analysis_version), "owner": owner}
        )

    async def put(self, analysis: TrackAnalysis, *, track_id: TrackId | None, now: int) -> None:
        """Store an analysis and tie it to a track; the same one again replaces the first."""
        await self._analyses.replace_one(
            {"_id": _analysis_id(analysis.audio_hash, analysis.analysis_version)},
            {"track": track_id, "at": now, "analysis": msgspec.to_builtins(analysis)},
            upsert=True,
        )

    @within(READ_S)
    async def get(self, audio_hash: AudioHash, analysis_version: str) -> TrackAnalysis | None:
        """Load the analysis of this audio by this version of the recipe."""
        document = await self._analyses.find_one(
            {"_id": _analysis_id(audio_hash, analysis_version)}
        )
        return msgspec.convert(document["analysis"], TrackAnalysis) if document else None

    @within(READ_S)
    async def of_track(self, track_id: TrackId) -> TrackAnalysis | None:
        """Load the latest analysis of a track."""
        document = await self._analyses.find_one({"track": track_id}, sort=[("at", -1)])
        return msgspec.convert(document["analysis"], TrackAnalysis) if document else None

    @within(READ_S)
    async def tracks_with_analysis(self) -> list[TrackId]:
        """List the tracks that have an analysis."""
        found = await self._analyses.distinct("track", {"track": {"$ne": None}})
        return [TrackId(track_id) for track_id in found]

    async def facts(self) -> AsyncIterator[tuple[TrackId, SoundFacts]]:
        """Read how each track sounds by its latest analysis, without curves and pictures."""
        fields = {"track": 1, **{f"analysis.{name}": 1 for name in _FACTS}}
        cursor = self._analyses.find({"track": {"$ne": None}}, fields, batch_size=1_000)
        last = None
        async for document in cursor.sort([("track", 1), ("at", -1)]):
            if document["track"] != last:
                last = document["track"]
                yield TrackId(last), _read_facts(document["analysis"])

    @within(READ_S)
    async def traits(self, track_ids: Sequence[TrackId]) -> list[SoundTraits]:
        """Read the traits of those of these tracks that have an analysis, each by its latest."""
        wanted = {f"analysis.{path}": 1 for path in _TRAITS.values()}
        cursor = self._analyses.find({"track": {"$in": list(track_ids)}}, {"track": 1, **wanted})
        latest: dict[str, Document] = {}
        async for document in cursor.sort([("track", 1), ("at", -1)]):
            latest.setdefault(document["track"], document["analysis"])
        return [_read_traits(document) for document in latest.values()]

    async def outdated(
        self, *, analysis_version: str, description_version: str
    ) -> AsyncIterator[TrackAnalysis]:
        """Read the analyses of a version whose descriptors have older definitions."""
        wanted = {
            "analysis.analysis_version": analysis_version,
            "analysis.description_version": {"$ne": description_version},
        }
        async for document in self._analyses.find(wanted, batch_size=100):
            yield msgspec.convert(document["analysis"], TrackAnalysis)

    async def put_description(self, analysis: TrackAnalysis) -> None:
        """Store the descriptors of an analysis, and leave everything else as it is."""
        await self._analyses.update_one(
            {"_id": _analysis_id(analysis.audio_hash, analysis.analysis_version)},
            {
                "$set": {
                    "analysis.descriptors": msgspec.to_builtins(analysis.descriptors),
                    "analysis.description_version": analysis.description_version,
                }
            },
        )

    async def reassign(self, *, old: TrackId, new: TrackId) -> None:
        """Move all analyses of one track to another."""
        await self._analyses.update_many({"track": old}, {"$set": {"track": new}})


_FACTS = (
    "tempo", "key", "loudness", "lra", "sound", "heard_tags", "descriptors.energy",
    "descriptors.valence",
)  # fmt: skip


# A trait is a descriptor, but for the tempo.
_TRAITS = {
    field.name: field.name if field.name == "tempo" else f"descriptors.{field.name}.value"
    for field in fields(SoundTraits)
}


def _read_traits(document: Document) -> SoundTraits:
    described = document.get("descriptors", {})
    values = {name: described.get(name, {}).get("value") for name in _TRAITS}
    return SoundTraits(**{**values, "tempo": document.get("tempo")})


def _read_facts(document: Document) -> SoundFacts:
    described = document.get("descriptors", {})
    moods = {
        name: described[name]["value"] if name in described else None
        for name in ("energy", "valence")
    }
    return msgspec.convert({"lra": None, "sound": None, **document, **moods}, SoundFacts)


def _analysis_id(audio_hash: AudioHash, analysis_version: str) -> str:
    return f"{audio_hash}:{analysis_version}"
