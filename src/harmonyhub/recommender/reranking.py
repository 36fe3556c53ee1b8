"""Re-ranking: from ranked tracks to a list that a person wants to read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.recommendations import Feedback, FeedbackKind, ListName
from harmonyhub.recommender.eligibility import Eligible
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import DAY_S, FloatArray, IntArray

PAGE = 20  # the caps hold for every page of this many tracks
ARTIST_CAP = 3
RELEASE_CAP = 2  # three read as one album's playlist
FAMILIAR_CAP = 5  # a quarter of a page: enough to trust the list, the rest is news
DEPTH_FACTOR = 20  # candidates per place; enough for the caps but in odd catalogues,
DEPTH_MAX = 5_000  # where a second try looks this deep
LESS_TRACK, LESS_ARTIST = 0.3, 0.6  # "less" is no "never": it steps back, with its artist
SHOWN_PENALTY = 0.3  # of the score, right after being shown; halves every day


def demote(
    scores: FloatArray,
    *,
    feedback: Sequence[Feedback],
    last_shown: Mapping[TrackId, int],
    index: ServingIndex,
    now: int,
) -> FloatArray:
    """Scale down what the listener wants less of, and what was shown lately."""
    factor = np.ones(index.n_tracks, dtype=np.float32)
    place_of = index.place_of
    for said in feedback:
        if said.kind is FeedbackKind.LESS and said.track_id in place_of:
            item = place_of[said.track_id]
            factor[index.tracks_by(index.artists_of(item))] *= LESS_ARTIST
            factor[item] *= LESS_TRACK
    for track_id, at in last_shown.items():
        if track_id in place_of:
            days = max(now - at, 0) / DAY_S
            factor[place_of[track_id]] *= 1 - SHOWN_PENALTY * 0.5**days
    return scores * factor


def choose(
    scores: FloatArray, *, n: int, list_name: ListName, eligible: Eligible, index: ServingIndex
) -> IntArray:
    """Choose up to `n` tracks, the best first, page by page within the caps.

    Only tracks over 0 are chosen; equal ones in index order. A page holds at most three tracks of
    an artist and two of a release, the list one version of a song; in For you a quarter of a page
    is known, more only where the news runs out. A list that can hold but one artist has no caps.
    """
    masked = np.where(eligible.allowed, scores, 0)
    familiar = eligible.heard if list_name is ListName.FOR_YOU else np.zeros_like(eligible.heard)
    chosen: list[int] = []
    for depth in (n * DEPTH_FACTOR + PAGE, DEPTH_MAX):
        ranked = _best(masked, max(depth, n))
        chosen = _fill(ranked, n=n, familiar=familiar, index=index)
        if len(chosen) == n or len(ranked) < depth:
            break
    return np.array(chosen, dtype=np.int32)


@dataclass(slots=True)
class _Page:
    """Counts of the page that is being filled."""

    index: ServingIndex
    familiar: NDArray[np.bool_]
    is_capped: bool
    n_familiar: int = 0
    artists: Counter[int] = field(default_factory=Counter)
    releases: Counter[int] = field(default_factory=Counter)

    def take(self, item: int, *, familiar_cap: int) -> bool:
        """Put a track on the page if the caps allow it."""
        artists = self.index.artists_of(item)
        release = int(self.index.releases[item])
        is_over = self.is_capped and (
            (release >= 0 and self.releases[release] >= RELEASE_CAP)
            or any(self.artists[artist] >= ARTIST_CAP for artist in artists)
        )
        is_familiar = bool(self.familiar[item])
        if is_over or (is_familiar and self.n_familiar >= familiar_cap):
            return False
        self.n_familiar += is_familiar
        self.artists.update(artists)
        self.releases[release] += 1
        return True


def _best(scores: FloatArray, depth: int) -> list[int]:
    """List the best tracks over 0, equal ones in index order."""
    positive = np.flatnonzero(scores > 0)
    if len(positive) > depth:
        # Keep all that tie with the last one, else which of them stay is chance.
        limit = np.partition(scores[positive], len(positive) - depth)[len(positive) - depth]
        positive = positive[scores[positive] >= limit]
    order = np.argsort(-scores[positive], kind="stable")
    return [int(item) for item in positive[order][:depth]]


def _fill(
    ranked: list[int], *, n: int, familiar: NDArray[np.bool_], index: ServingIndex
) -> list[int]:
    main_artists = {next(iter(index.artists_of(item)), -1) for item in ranked}
    waiting = _one_version_each(ranked, index)
    chosen: list[int] = []
    while waiting and len(chosen) < n:
        page = _Page(index, familiar, is_capped=len(main_artists) > 1)
        size = min(PAGE, n - len(chosen))
        taken = _fill_page(waiting, page, size=size)
        chosen += sorted(taken, key=ranked.index)
        if len(taken) < size:
            break  # the caps hold all others back: a short page is honest
        waiting = [item for item in waiting if item not in taken]
    return chosen


def _fill_page(waiting: list[int], page: _Page, *, size: int) -> dict[int, None]:
    taken: dict[int, None] = {}
    # The familiar share is counted per page; what it held back may fill a page that stays short.
    for familiar_cap in (max(size * FAMILIAR_CAP // PAGE, 1), size):
        for item in waiting:
            if len(taken) == size:
                return taken
            if item not in taken and page.take(item, familiar_cap=familiar_cap):
                taken[item] = None
    return taken


def _one_version_each(ranked: list[int], index: ServingIndex) -> list[int]:
    seen: set[int] = set()
    kept = []
    for item in ranked:
        song = int(index.songs[item])
        if song < 0 or song not in seen:
            seen.add(song)
            kept.append(item)
    return kept
