"""The lists of a day and of a week: which part of a taste they are about, and what rests."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.kept_lists import KeptListName, Period
from harmonyhub.domain.recommendations import (
    Feedback,
    FeedbackKind,
    ListName,
    RecommendationList,
    RecommendationRequest,
)
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import Profile, reweigh

N_TRACKS = 30  # two hours of music
PART = 0.25  # of the known tracks make a day: with four parts a week comes round to all of them
REST = 0.05  # of its weight keeps a track of another part: the day leans, it is no other taste


def make_list(
    list_name: KeptListName,
    period: Period,
    *,
    user_id: UserId,
    profile: Profile,
    feedback: Sequence[Feedback],
    index: ServingIndex,
    given: Collection[TrackId],
) -> RecommendationList:
    """Make the list of a period; the same arguments give the same list.

    Parameters
    ----------
    given : collection of TrackId
        What earlier lists of that name held lately; it rests.

    Returns
    -------
    RecommendationList
        For a week only tracks that were never played. For a day the mix of For you, of a quarter
        of the taste that user and day decide.
    """
    # What is kept for a day or a week does not follow the half hour before it.
    taste, resting = replace(profile, moment=0), set(given)
    wanted = ListName.DISCOVER
    if list_name is KeptListName.DAILY:
        wanted = ListName.FOR_YOU
        part = part_of_day(profile, index, key=f"{user_id}/{period.id}")
        taste = reweigh(taste, profile.weights * np.where(part, 1, REST), index)
        others = profile.items[~part & ((profile.plays > 0) | (profile.favours > 0))]
        resting |= {index.track_ids[item] for item in others.tolist()}
    request = RecommendationRequest(
        user_id=user_id, list_name=wanted, n=N_TRACKS, now=period.starts_at
    )
    return recommend(
        request,
        profile=taste,
        index=index,
        feedback=[*feedback, *_rest(resting, user_id=user_id, period=period)],
    )


def part_of_day(profile: Profile, index: ServingIndex, *, key: str) -> NDArray[np.bool_]:
    """Choose the quarter of the known tracks that is nearest one of them, drawn by weight.

    Parameters
    ----------
    key : str
        Decides the draw.
    """
    weights = profile.weights.astype(np.float64)
    if weights.sum() <= 0:
        return np.ones(len(profile.items), dtype=bool)
    draw = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    middle = int(np.searchsorted(np.cumsum(weights), draw * weights.sum(), side="right"))
    near = _nearness(min(middle, len(weights) - 1), profile, index)
    n_part = max(round(PART * len(weights)), 1)
    order = np.lexsort((np.arange(len(near)), -near))
    part = np.zeros(len(weights), dtype=bool)
    part[order[:n_part]] = True
    return part


def _nearness(middle: int, profile: Profile, index: ServingIndex) -> FloatArray:
    """Measure how near the known tracks are to one of them: listeners, artist, tags."""
    items, item = profile.items, int(profile.items[middle])
    near = index.neighbours[item].toarray().ravel()[items]
    near = np.maximum(near, index.neighbours[items][:, [item]].toarray().ravel())
    near = np.maximum(near, 0) / max(float(near.max(initial=0)), 1e-9)
    near += (index.item_artists[items] @ index.item_artists[item].T).toarray().ravel() > 0
    tags = index.item_tags[items]
    near += (tags @ index.item_tags[item].T).toarray().ravel()
    near[middle] = np.inf
    return np.asarray(near, dtype=np.float32)


def _rest(tracks: Collection[TrackId], *, user_id: UserId, period: Period) -> list[Feedback]:
    """Let tracks rest for the period as if snoozed; what the listener said of them stays said."""
    return [
        Feedback(user_id, track_id, FeedbackKind.SNOOZE, period.starts_at, until=period.ends_at)
        for track_id in sorted(tracks)
    ]
