"""Re-ranking: from ranked tracks to a list that a person wants to read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

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
PARTS_PER_PLACE = 4  # parts that the tracks are cut into to find the best ones
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
    lessened = [said.track_id for said in feedback if said.kind is FeedbackKind.LESS]
    if not (lessened or last_shown):
        return scores
    factor = np.ones(index.n_tracks, dtype=np.float32)
    place_of = index.place_of
    for track_id in lessened:
        if track_id in place_of:
            item = place_of[track_id]
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
    pools = [eligible.allowed]
    if list_name is ListName.FOR_YOU:
        pools = [eligible.allowed & ~eligible.heard, eligible.allowed & eligible.heard]
    chosen: list[int] = []
    for depth in (n * DEPTH_FACTOR + PAGE, DEPTH_MAX):
        best = [_best(np.where(pool, scores, 0), depth) for pool in pools]
        chosen = _fill(_rank(best, scores, index), n=n, index=index)
        if len(chosen) == n or max(map(len, best)) < depth:
            break  # full, or nothing lies deeper
    return np.array(chosen, dtype=np.int32)


# Item, whether it is known, codes of release and song (-1 is unknown).
Candidate = tuple[int, bool, int, int]


@dataclass(slots=True)
class _Page:
    """Counts of the page that is being filled; `limits` are for (news, known) tracks."""

    index: ServingIndex
    is_capped: bool
    limits: tuple[int, int]
    kinds: list[int] = field(default_factory=lambda: [0, 0])
    artists: Counter[int] = field(default_factory=Counter)
    releases: Counter[int] = field(default_factory=Counter)

    def take(self, candidate: Candidate) -> bool:
        """Put a track on the page if the caps and limits allow it."""
        item, kind, release, _ = candidate
        if self.kinds[kind] >= self.limits[kind]:
            return False
        artists = self.index.artists_of(item)
        if self.is_capped and (
            (release >= 0 and self.releases[release] >= RELEASE_CAP)
            or any(self.artists[artist] >= ARTIST_CAP for artist in artists)
        ):
            return False
        self.kinds[kind] += 1
        self.releases[release] += 1
        for artist in artists:
            self.artists[artist] += 1
        return True


def _best(scores: FloatArray, depth: int) -> IntArray:
    """List the best tracks over 0, equal ones in index order."""
    is_good = scores > 0
    # As many parts as `depth` hold a track that is at least as good as the limit, so the best
    # are all among those; this is faster than to partition the whole array.
    n_rows = max(len(scores) // (PARTS_PER_PLACE * depth), 1)
    peaks = scores[: len(scores) // n_rows * n_rows].reshape(n_rows, -1).max(axis=0)
    if len(peaks) > depth:
        is_good &= scores >= np.partition(peaks, -depth)[-depth]
    good = np.flatnonzero(is_good)
    order = np.argsort(-scores[good], kind="stable")
    return good[order][:depth].astype(np.int32)


def _rank(best: list[IntArray], scores: FloatArray, index: ServingIndex) -> list[Candidate]:
    """Merge the best news and the best known tracks and look up what the caps ask for."""
    items = np.concatenate(best)
    is_known = np.arange(len(items)) >= len(best[0])
    order = np.lexsort((items, -scores[items]))
    items = items[order]
    columns = (items, is_known[order], index.releases[items], index.songs[items])
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _fill(ranked: list[Candidate], *, n: int, index: ServingIndex) -> list[int]:
    is_capped = not _are_of_one_artist(ranked, index)
    has_known = any(is_known for _, is_known, _, _ in ranked)
    waiting = _one_version_each(ranked)
    chosen: list[int] = []
    while waiting and len(chosen) < n:
        size = min(PAGE, n - len(chosen))
        n_known = size * KNOWN_CAP // PAGE if has_known else 0
        page = _Page(index, is_capped=is_capped, limits=(size - n_known, n_known))
        taken = _fill_page(waiting, page, size=size)
        chosen += [item for item, *_ in waiting if item in taken]
        if len(taken) < size:
            break  # the caps hold all others back: a short page is honest
        waiting = [candidate for candidate in waiting if candidate[0] not in taken]
    return chosen


def _fill_page(waiting: list[Candidate], page: _Page, *, size: int) -> set[int]:
    taken: set[int] = set()
    for limits in (page.limits, (size, size)):  # where one kind runs out, the other fills up
        page.limits = limits
        for candidate in waiting:
            if len(taken) == size:
                return taken
            if candidate[0] not in taken and page.take(candidate):
                taken.add(candidate[0])
    return taken


def _are_of_one_artist(ranked: list[Candidate], index: ServingIndex) -> bool:
    first = [index.artists_of(item)[:1] for item, *_ in ranked[:1]]
    return bool(first and first[0]) and all(
        first[0] == index.artists_of(item)[:1] for item, *_ in ranked
    )


def _one_version_each(ranked: list[Candidate]) -> list[Candidate]:
    seen: set[int] = set()
    kept = []
    for candidate in ranked:
        song = candidate[3]
        if song < 0 or song not in seen:
            seen.add(song)
            kept.append(candidate)
    return kept
