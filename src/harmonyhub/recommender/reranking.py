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
KNOWN_CAP = 5  # a quarter of a page: enough to trust the list, the rest is news
DEPTH_FACTOR = 10  # candidates per place; enough for the caps but in odd catalogues,
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
    """Choose up to `n` tracks page by page within the caps, the best of a page first.

    Only tracks over 0 are chosen; equal ones in index order. A page holds at most three tracks of
    an artist and two of a release, the list one version of a song; in For you a quarter of a page
    is known, more or less only where one kind runs out. A list that can hold but one artist has no
    caps.
    """
    news = np.where(eligible.allowed, scores, 0)
    known = np.zeros_like(news)
    if list_name is ListName.FOR_YOU:
        known = np.where(eligible.heard, news, 0)
        news = np.where(eligible.heard, 0, news)
    chosen: list[int] = []
    for depth in (n * DEPTH_FACTOR + PAGE, DEPTH_MAX):
        candidates = [*_best(news, depth), *_best(known, depth)]
        chosen = _fill(candidates, scores, n=n, is_known=known > 0, index=index)
        if len(chosen) == n:
            break
    return np.array(chosen, dtype=np.int32)


@dataclass(slots=True)
class _Page:
    """Counts of the page that is being filled; `limits` are for (news, known) tracks."""

    index: ServingIndex
    is_known: NDArray[np.bool_]
    is_capped: bool
    limits: tuple[int, int]
    kinds: Counter[bool] = field(default_factory=Counter)
    artists: Counter[int] = field(default_factory=Counter)
    releases: Counter[int] = field(default_factory=Counter)

    def take(self, item: int) -> bool:
        """Put a track on the page if the caps and limits allow it."""
        artists = self.index.artists_of(item)
        release = int(self.index.releases[item])
        kind = bool(self.is_known[item])
        if self.kinds[kind] >= self.limits[kind]:
            return False
        if self.is_capped and (
            (release >= 0 and self.releases[release] >= RELEASE_CAP)
            or any(self.artists[artist] >= ARTIST_CAP for artist in artists)
        ):
            return False
        self.kinds[kind] += 1
        self.artists.update(artists)
        self.releases[release] += 1
        return True


def _best(scores: FloatArray, depth: int) -> list[int]:
    """List the best tracks over 0, equal ones in index order."""
    positive = np.flatnonzero(scores > 0)
    if len(positive) > depth:
        # Keep all that tie with the last one, else which of them stay is chance.
        place = len(positive) - depth
        limit = np.partition(scores[positive], place)[place]
        positive = positive[scores[positive] >= limit]
    order = np.argsort(-scores[positive], kind="stable")
    return [int(item) for item in positive[order][:depth]]


def _fill(
    candidates: list[int],
    scores: FloatArray,
    *,
    n: int,
    is_known: NDArray[np.bool_],
    index: ServingIndex,
) -> list[int]:
    ranked = sorted(candidates, key=lambda item: (-scores[item], item))
    is_capped = not _are_of_one_artist(ranked, index)
    waiting = _one_version_each(ranked, index)
    chosen: list[int] = []
    while waiting and len(chosen) < n:
        size = min(PAGE, n - len(chosen))
        n_known = size * KNOWN_CAP // PAGE if is_known.any() else 0
        page = _Page(index, is_known, is_capped=is_capped, limits=(size - n_known, n_known))
        taken = _fill_page(waiting, page, size=size)
        chosen += [item for item in waiting if item in taken]
        if len(taken) < size:
            break  # the caps hold all others back: a short page is honest
        waiting = [item for item in waiting if item not in taken]
    return chosen


def _fill_page(waiting: list[int], page: _Page, *, size: int) -> set[int]:
    taken: set[int] = set()
    for limits in (page.limits, (size, size)):  # where one kind runs out, the other fills up
        page.limits = limits
        for item in waiting:
            if len(taken) == size:
                return taken
            if item not in taken and page.take(item):
                taken.add(item)
    return taken


def _are_of_one_artist(items: list[int], index: ServingIndex) -> bool:
    first = [index.artists_of(item)[:1] for item in items[:1]]
    return bool(first and first[0]) and all(first[0] == index.artists_of(i)[:1] for i in items)


def _one_version_each(ranked: list[int], index: ServingIndex) -> list[int]:
    seen: set[int] = set()
    kept = []
    for item, song in zip(ranked, index.songs[ranked].tolist(), strict=True):
        if song < 0 or song not in seen:
            seen.add(song)
            kept.append(item)
    return kept
