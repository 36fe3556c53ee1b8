"""Which tracks may stand in a list at all: the filter of the pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.recommendations import (
    Feedback,
    FeedbackKind,
    ListName,
    RecommendationRequest,
)
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import DAY_S
from harmonyhub.recommender.profile import Profile

QUIET_S = 90 * DAY_S  # a season without a track: it is missed, not just between two plays
LOVED_PLAYS = 3  # twice can be chance


@dataclass(frozen=True, slots=True, eq=False)
class Eligible:
    """Masks over the tracks of the index: what may be listed, and what was heard or is kept."""

    allowed: NDArray[np.bool_]
    heard: NDArray[np.bool_]


def find_eligible(
    request: RecommendationRequest,
    *,
    profile: Profile,
    feedback: Sequence[Feedback],
    index: ServingIndex,
) -> Eligible:
    """Decide for every track whether the list may hold it.

    Never and running snoozes hold for every list; discover takes no track that was heard or is
    kept at a service, in any version, rediscover only loved tracks that rested, more-like-this
    not the tracks themselves.
    """
    list_name, now = request.list_name, request.now
    heard = np.zeros(index.n_tracks, dtype=bool)
    heard[profile.familiar] = True
    if list_name is ListName.REDISCOVER:
        allowed = _rested(profile, index, now)
    elif list_name is ListName.MORE_LIKE_THIS:
        allowed = _other_songs(request.seeds.track_ids, index)
    else:
        allowed = _no_other_versions(profile, index).copy()
        if list_name is ListName.DISCOVER:
            allowed &= ~heard
    allowed[refused(feedback, index, now)] = False
    return Eligible(allowed=allowed, heard=heard)


def quiet_before(profile: Profile, now: int) -> int:
    """Return since when a track must not have been played to be rediscovered; unix seconds.

    Ninety days before now or before the end of the history, whichever is earlier; of a history
    shorter than 270 days its last third.
    """
    gap = min(QUIET_S, (profile.last_at - profile.first_at) // 3)
    return min(now, profile.last_at) - gap


def _rested(profile: Profile, index: ServingIndex, now: int) -> NDArray[np.bool_]:
    last = profile.last_played_at
    is_rested = (profile.plays >= LOVED_PLAYS) & (last > 0) & (last <= quiet_before(profile, now))
    rested = np.zeros(index.n_tracks, dtype=bool)
    rested[profile.items[is_rested]] = True
    return rested


def _other_songs(seeds: Sequence[TrackId], index: ServingIndex) -> NDArray[np.bool_]:
    """Allow all but the asked tracks and their versions."""
    others = np.ones(index.n_tracks, dtype=bool)
    for place in (index.place_of[seed] for seed in seeds if seed in index.place_of):
        others[place] = False
        if index.songs[place] >= 0:
            others &= index.songs != index.songs[place]
    return others


def _no_other_versions(profile: Profile, index: ServingIndex) -> NDArray[np.bool_]:
    """Allow all but unheard versions of heard songs: no news to the listener."""
    allowed = profile.kept.get(_no_other_versions)
    if allowed is None:
        heard = np.zeros(index.n_tracks, dtype=bool)
        heard[profile.familiar] = True
        allowed = profile.kept[_no_other_versions] = ~_other_versions(heard, index)
    return allowed


def _other_versions(heard: NDArray[np.bool_], index: ServingIndex) -> NDArray[np.bool_]:
    songs = index.songs
    known = np.zeros(int(songs.max(initial=-1)) + 2, dtype=bool)
    known[songs[heard]] = True
    known[-1] = False  # where code -1, an unknown song, wrote
    return np.asarray(known[songs] & ~heard, dtype=bool)


def refused(feedback: Sequence[Feedback], index: ServingIndex, now: int) -> list[int]:
    """List the tracks with a "never" or a snooze that runs, by place."""
    place_of = index.place_of
    return [
        place_of[said.track_id]
        for said in feedback
        if said.track_id in place_of
        and (
            said.kind is FeedbackKind.NEVER
            or (said.kind is FeedbackKind.SNOOZE and (said.until is None or said.until > now))
        )
    ]
