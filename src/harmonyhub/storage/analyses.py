"""Analyses of audio files, by the hash of the audio and the version of the recipe."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import fields

import msgspec
from pymongo.errors import DuplicateKeyError

from harmonyhub.domain.analysis import BASIC_PREFIX, TrackAnalysis
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
        """Store an analysis and tie it to a track; the same one again replaces the first.

        Basic ones of the same audio give way to it.
        """
        analysis_id = _analysis_id(analysis.audio_hash, analysis.analysis_version)
        document: Document = {
            "track": track_id, "at": now, "analysis": msgspec.to_builtins(analysis),
        }  # fmt: skip
        if analysis.is_basic:
            document["is_basic"] = True
        await self._analyses.replace_one({"_id": analysis_id}, document, upsert=True)
        of_this_audio = _ids_of(analysis.audio_hash, BASIC_PREFIX)
        await self._analyses.delete_many({"_id": {**of_this_audio, "$ne": analysis_id}})

    @within(READ_S)
    async def get(self, audio_hash: AudioHash, analysis_version: str) -> TrackAnalysis | None:
        """Load the analysis of this audio by this version of the recipe."""
        document = await self._analyses.find_one(
            {"_id": _analysis_id(audio_hash, analysis_version)}
        )
        return msgspec.convert(document["analysis"], TrackAnalysis) if document else None

    @within(READ_S)
    async def of_audio(self, audio_hash: AudioHash) -> TrackAnalysis | None:
        """Load the latest analysis of this audio by any version; a basic one where no other is."""
        return await self._find_latest({"_id": _ids_of(audio_hash)})

    @within(READ_S)
    async def of_track(self, track_id: TrackId) -> TrackAnalysis | None:
        """Load the latest analysis of a track; a basic one where there is no other."""
        return await self._find_latest({"track": track_id})

    async def _find_latest(self, wanted: Document) -> TrackAnalysis | None:
        # What is no basic one lacks the field, and sorts first.
        document = await self._analyses.find_one(wanted, sort=[("is_basic", 1), ("at", -1)])
        return msgspec.convert(document["analysis"], TrackAnalysis) if document else None

    @within(READ_S)
    async def tracks_with_analysis(self) -> list[TrackId]:
        """List the tracks that have an analysis."""
        found = await self._analyses.distinct("track", {"track": {"$ne": None}})
        return [TrackId(track_id) for track_id in found]

    async def facts(self) -> AsyncIterator[tuple[TrackId, SoundFacts]]:
        """Read how each track sounds by its latest analysis, without curves and pictures.

        A basic one speaks where there is no other.
        """
        fields = {"track": 1, "is_basic": 1, **{f"analysis.{name}": 1 for name in _FACTS}}
        cursor = self._analyses.find({"track": {"$ne": None}}, fields, batch_size=1_000)
        best: Document | None = None
        async for document in cursor.sort([("track", 1), ("at", -1)]):
            if best is not None and document["track"] != best["track"]:
                yield TrackId(best["track"]), _read_facts(best["analysis"])
                best = None
            best = _choose(best, document)
        if best is not None:
            yield TrackId(best["track"]), _read_facts(best["analysis"])

    @within(READ_S)
    async def traits(self, track_ids: Sequence[TrackId]) -> list[SoundTraits]:
        """Read the traits of those of these tracks that have an analysis, as `facts` chooses it."""
        wanted = {f"analysis.{path}": 1 for path in _TRAITS.values()}
        fields = {"track": 1, "is_basic": 1, **wanted}
        cursor = self._analyses.find({"track": {"$in": list(track_ids)}}, fields)
        best: dict[str, Document] = {}
        async for document in cursor.sort([("track", 1), ("at", -1)]):
            best[document["track"]] = _choose(best.get(document["track"]), document)
        return [_read_traits(document["analysis"]) for document in best.values()]

    async def outdated(
        self, *, analysis_versions: Sequence[str], description_version: str
    ) -> AsyncIterator[TrackAnalysis]:
        """Read the analyses of these versions whose descriptors have older definitions."""
        wanted = {
            "analysis.analysis_version": {"$in": list(analysis_versions)},
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


def _choose(best: Document | None, later: Document) -> Document:
    """Choose between two of one track, the latest first: a basic one only where no other is."""
    if best is None or (best.get("is_basic") and not later.get("is_basic")):
        return later
    return best


def _ids_of(audio_hash: AudioHash, version_prefix: str = "") -> Document:
    """Match the ids of all analyses of one audio, whose versions begin like this."""
    prefix = _analysis_id(audio_hash, version_prefix)
    return {"$gte": prefix, "$lt": f"{prefix}\uffff"}


def _analysis_id(audio_hash: AudioHash, analysis_version: str) -> str:
    return f"{audio_hash}:{analysis_version}"
