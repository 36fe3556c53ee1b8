"""A way from one track to another, from memory."""

import asyncio
from collections.abc import Sequence

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.music import Track
from harmonyhub.domain.paths import Path, Step, WayBy
from harmonyhub.domain.recommendations import RecommendedTrack
from harmonyhub.flows.tracks import load_track
from harmonyhub.recommender.closeness import TrackGraph
from harmonyhub.recommender.eligibility import refused
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.likeness import Heard
from harmonyhub.recommender.path import FoundPath, explain_step, find_path
from harmonyhub.wiring.house import House

NO_MODEL = Path((), "No listening history has been learned from yet: import one, then train.")
WAY_TO_SOUND = (
    "Choose an audio file on the page of a track, or run `harmonyhub analyse FOLDER`; then train."
)


async def find_way(
    house: House,
    *,
    user_id: UserId,
    start: TrackId,
    end: TrackId,
    n: int,
    by: WayBy = WayBy.ALL,
) -> Path:
    """Find a path of `n` tracks, both ends counted, over none that the user refused.

    Parameters
    ----------
    n : int
        From `SHORTEST` to `LONGEST` of `domain.paths`; the doors check it.
    by : WayBy
        What may make neighbours near.

    Raises
    ------
    NotFoundError
        If one of the tracks is not in the catalogue.
    """
    ends = [await load_track(house, one) for one in (start, end)]
    model = await house.serving.current()
    if model is None:
        return NO_MODEL
    index = model.index
    unknown = [one for one in ends if one.id not in index.place_of]
    if unknown:
        note = f"“{unknown[0].title}” by {unknown[0].artist} came after the last training"
        return Path((), f"{note}; after the next one there may be a way.")
    places = index.places([one.id for one in ends])
    mute = _find_mute(ends, index) if by is WayBy.SOUND else None
    if mute is not None:
        return Path((), _tell_mute(mute, index))
    taste = await house.tastes.of(user_id, model)
    graph = await house.serving.graph(model, by)
    found = await asyncio.to_thread(
        find_path,
        *places.tolist(),
        n=n,
        graph=graph,
        index=index,
        refused=refused(taste.feedback, index, house.clock()),
    )
    return _tell(found, graph, index=index, version=model.record.version)


def _find_mute(tracks: Sequence[Track], index: ServingIndex) -> Track | None:
    """Find one that has no point in the space of sound."""
    rows = index.sounds.rows(index.places([one.id for one in tracks])).tolist()
    for one, row in zip(tracks, rows, strict=True):
        if row < 0 or not Heard.at(index.sounds, row).has_point:
            return one
    return None


def _tell_mute(track: Track, index: ServingIndex) -> str:
    if not index.sounds.n_placed:
        known = "Nothing was known of how any track sounds"
    else:
        known = f"How “{track.title}” by {track.artist} sounds was not known"
    return f"{known} at the last training. {WAY_TO_SOUND}"


def _tell(found: FoundPath, graph: TrackGraph, *, index: ServingIndex, version: str) -> Path:
    steps = []
    for place, (item, progress) in enumerate(zip(found.items, found.progress, strict=True)):
        before = found.items[place - 1] if place else None
        track = RecommendedTrack(
            id=index.track_ids[item], title=index.titles[item], artist=index.artists[item]
        )
        reason = None if before is None else explain_step(before, item, graph=graph, index=index)
        steps.append(Step(track=track, progress=progress, reason=reason))
    return Path(tuple(steps), found.note, version)
