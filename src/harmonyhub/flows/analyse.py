"""Track analysis: an audio file in, its analysis in the store, pages out."""

import asyncio
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from harmonyhub.analysis.decode import identify
from harmonyhub.analysis.track import analyse_file, hear_file
from harmonyhub.domain.analysis import ANALYSIS_VERSION, AudioTags, TrackAnalysis
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.jobs import Job, JobKind, Progress, Report
from harmonyhub.domain.music import UNKNOWN_ARTIST, Track, TrackDescription
from harmonyhub.domain.recommendations import Feedback
from harmonyhub.domain.sound_tags import is_current
from harmonyhub.flows.leave import check_stays
from harmonyhub.flows.memory_limits import telling_of_memory
from harmonyhub.flows.spool import spool
from harmonyhub.flows.tag_weights import open_tagger
from harmonyhub.flows.tracks import load_track
from harmonyhub.wiring.house import House


@dataclass(frozen=True, slots=True)
class TrackPage:
    """All that the page of one track shows to one user; `plays` are unix seconds, newest first."""

    track: Track
    plays: list[int]
    analysis: TrackAnalysis | None
    feedback: Feedback | None


async def submit_analysis(
    house: House,
    *,
    path: Path,
    file_name: str,
    user_id: UserId,
    track_id: TrackId | None = None,
) -> Job:
    """Take over a spooled audio file and queue its analysis."""
    name = f"{uuid.uuid4().hex}{Path(file_name).suffix}"
    await house.store.users.ensure(user_id, now=house.clock())
    spooled = await spool(house, path, name=name)
    job = await house.store.jobs.add(
        kind=JobKind.ANALYSE,
        user_id=user_id,
        arguments={**spooled.arguments, "file_name": file_name, "track": track_id},
        now=house.clock(),
        key=f"analyse:{name}",
        place=spooled.place,
    )
    await check_stays(house, user_id)
    return job


async def run_analysis(
    house: House,
    *,
    path: Path,
    file_name: str,
    track_id: TrackId | None = None,
    on_progress: Report,
) -> tuple[TrackId, TrackAnalysis]:
    """Analyse one file, unless its very audio is known already, and tie it to its track.

    Raises
    ------
    AudioError
        If it cannot be decoded, or wants more memory than this process may take.
    """
    with telling_of_memory(file_name):
        identity = await asyncio.to_thread(identify, path)
        analysis = await house.store.analyses.get(identity.audio_hash, ANALYSIS_VERSION)
        tagger = await asyncio.to_thread(open_tagger, house.settings.data_dir)
        if analysis is None:
            on_progress(Progress(message=f"analysing {file_name}"))
            analysis = await asyncio.to_thread(analyse_file, path, tagger=tagger)
        elif tagger is not None and not is_current(analysis.heard_tags):
            on_progress(Progress(message=f"hearing the tags of {file_name}"))
            heard_tags = await asyncio.to_thread(hear_file, path, tagger)
            analysis = replace(analysis, heard_tags=heard_tags)
    # Not the name it has in the spool, and the tags of this file, not of one with the same audio.
    named = replace(analysis, file_name=file_name, tags=identity.tags)
    return await keep_analysis(house, named, track_id=track_id), named


async def keep_analysis(
    house: House, analysis: TrackAnalysis, *, track_id: TrackId | None = None
) -> TrackId:
    """Store an analysis, tied to a track: the given one, or the one that the file names."""
    if track_id is None:
        description = describe_file(analysis.tags, file_name=analysis.file_name)
        (track_id,) = await house.store.tracks.resolve([description])
    await house.store.analyses.put(analysis, track_id=track_id, now=house.clock())
    return track_id


def describe_file(tags: AudioTags, *, file_name: str) -> TrackDescription:
    """Name the track of a file: by its embedded tags, else by "Artist - Title.ext"."""
    stem = Path(file_name).stem
    artist, dash, title = stem.partition(" - ")
    if not dash:
        artist, title = UNKNOWN_ARTIST, stem
    return TrackDescription(
        title=tags.title or title.strip() or stem,
        artists=(tags.artist or artist.strip() or UNKNOWN_ARTIST,),
        release=tags.release,
        isrc=tags.isrc,
    )


async def load_track_page(house: House, *, user_id: UserId, track_id: TrackId) -> TrackPage:
    """Load what the page of one track shows.

    Raises
    ------
    NotFoundError
        If there is no such track.
    """
    track = await load_track(house, track_id)
    feedback = await house.store.feedback.current(user_id)
    return TrackPage(
        track=track,
        plays=await house.store.plays.plays_of(user_id=user_id, track_id=track.id),
        analysis=await house.store.analyses.of_track(track.id),
        feedback=next((said for said in feedback if said.track_id == track.id), None),
    )
