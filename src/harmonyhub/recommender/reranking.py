"""Re-ranking: from ranked tracks to a list that a person wants to read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.knobs import Knobs
from harmonyhub.domain.recommendations import (
    Feedback,
    FeedbackKind,
    ListName,
    RecommendationRequest,
)
from harmonyhub.recommender.arranging import arrange
from harmonyhub.recommender.eligibility import Eligible
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import DAY_S, FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.ranking import find_best
from harmonyhub.recommender.steering import Limits, limit_kinds, sort_into_kinds

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


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What is chosen: up to `n` tracks for one list, in which the knobs have their say.

    `pools` are masks of tracks that compete for the same places, `taste` the weight of each tag.
    """

    n: int
    list_name: ListName
    pools: Sequence[NDArray[np.bool_]]
    knobs: Knobs
    taste: FloatArray


def plan_choice(
    request: RecommendationRequest,
    *,
    eligible: Eligible,
    listener: Profile,
    taste: FloatArray,
    index: ServingIndex,
) -> Choice:
    """Part what is allowed into pools, as far as the list tells them apart."""
    list_name, knobs = request.list_name, request.knobs
    pools = [eligible.allowed]
    if knobs.new:
        pools = sort_into_kinds(eligible, listener, index)
    elif list_name is ListName.FOR_YOU:
        pools = [eligible.allowed & ~eligible.heard, eligible.allowed & eligible.heard]
    return Choice(request.n, list_name, pools, knobs, taste)


def choose(scores: FloatArray, choice: Choice, *, index: ServingIndex) -> IntArray:
    """Choose up to `n` tracks page by page within the caps, the best of a page first.

    Only tracks over 0 are chosen; equal ones in index order. A page holds at most three tracks of
    an artist and two of a release unless `varied` says otherwise, the list one version of a song;
    in For you a quarter of a page is known unless `new` says otherwise, more or less only where
    one kind runs out. A list that can hold but one artist has no caps.
    """
    chosen: list[int] = []
    n = choice.n
    for depth in (n * DEPTH_FACTOR + PAGE, DEPTH_MAX):
        best = [find_best(scores, pool, depth) for pool in choice.pools]
        chosen = _fill(_rank(best, scores, choice=choice, index=index), choice, index)
        if len(chosen) == n or max(map(len, best)) < depth:
            break  # full, or nothing lies deeper
    return np.array(chosen, dtype=np.int32)


# Item, its pool, code of its release (-1 is unknown).
Candidate = tuple[int, int, int]


@dataclass(slots=True)
class _Page:
    """Counts of the page that is being filled; `limits` are for pools, some together.

    `full` are the pools that a limit keeps from having more.
    """

    index: ServingIndex
    caps: tuple[int, int] | None
    limits: Limits
    full: set[int] = field(init=False)
    counts: Counter[tuple[int, ...]] = field(default_factory=Counter)
    artists: Counter[int] = field(default_factory=Counter)
    releases: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.full = {pool for together, most in self.limits if most <= 0 for pool in together}

    def lift_limits(self) -> None:
        """Let every pool have the places that are left."""
        self.limits, self.full = (), set()

    def take(self, candidate: Candidate) -> bool:
        """Put a track on the page if the caps and limits allow it."""
        item, pool, release = candidate
        if pool in self.full:  # first: of known tracks a page has five, the ranking hundreds
            return False
        artists = self.index.artists_of(item)
        if self.caps is not None and (
            (release >= 0 and self.releases[release] >= self.caps[1])
            or any(self.artists[artist] >= self.caps[0] for artist in artists)
        ):
            return False
        for together, most in self.limits:
            if pool in together:
                self.counts[together] += 1
                if self.counts[together] >= most:
                    self.full.update(together)
        self.releases[release] += 1
        for artist in artists:
            self.artists[artist] += 1
        return True


def cap(varied: float) -> tuple[int, int]:
    """Say how many tracks of an artist and of a release a page may hold."""
    if varied < 0:
        return (
            ARTIST_CAP + round(-varied * (PAGE - ARTIST_CAP)),
            RELEASE_CAP + round(-varied * (PAGE - RELEASE_CAP)),
        )
    return ARTIST_CAP - round(varied * (ARTIST_CAP - 1)), RELEASE_CAP - round(varied)


def _rank(
    best: list[IntArray], scores: FloatArray, *, choice: Choice, index: ServingIndex
) -> list[Candidate]:
    """Merge the best of the pools and look up what the caps ask for."""
    items = np.concatenate(best)
    pools = np.repeat(np.arange(len(best)), [len(some) for some in best])
    order = np.lexsort((items, -scores[items]))
    items, pools = items[order], pools[order]
    if choice.knobs.varied > 0 or choice.knobs.balanced:
        pool_of = dict(zip(items.tolist(), pools.tolist(), strict=True))
        items = arrange(
            items,
            scores,
            n=2 * choice.n,
            knobs=choice.knobs,
            taste=choice.taste,
            index=index,
        )
        pools = np.array([pool_of[item] for item in items.tolist()], dtype=np.int64)
    columns = (items, pools, index.releases[items])
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _fill(ranked: list[Candidate], choice: Choice, index: ServingIndex) -> list[int]:
    caps = None if _are_of_one_artist(ranked, index) else cap(choice.knobs.varied)
    has_known = any(pool == len(choice.pools) - 1 for _, pool, _ in ranked)
    waiting = _one_version_each(ranked, index)
    chosen: list[int] = []
    while waiting and len(chosen) < choice.n:
        size = min(PAGE, choice.n - len(chosen))
        limits = _limit(size, choice, has_known=has_known)
        taken, n_seen = _fill_page(waiting, _Page(index, caps, limits), size=size)
        seen = waiting[:n_seen]
        chosen += [item for item, _, _ in seen if item in taken]
        if len(taken) < size:
            break  # the caps hold all others back: a short page is honest
        waiting = [one for one in seen if one[0] not in taken] + waiting[n_seen:]
    return chosen


def _limit(size: int, choice: Choice, *, has_known: bool) -> Limits:
    """Say how many tracks of which pools a page may hold; a list of one pool has no limits."""
    if len(choice.pools) == 1:
        return ()
    n_known = size * KNOWN_CAP // PAGE if has_known else 0
    if choice.knobs.new:
        return limit_kinds(size, list_name=choice.list_name, n_known=n_known, new=choice.knobs.new)
    return ((0,), size - n_known), ((1,), n_known)


def _fill_page(waiting: list[Candidate], page: _Page, *, size: int) -> tuple[set[int], int]:
    """Take tracks for a page; say which, and how many of the waiting were looked at."""
    taken: set[int] = set()
    n_seen = 0
    for _ in range(2):
        for place, candidate in enumerate(waiting):
            if len(taken) == size:
                return taken, n_seen
            n_seen = max(n_seen, place + 1)
            if candidate[0] not in taken and page.take(candidate):
                taken.add(candidate[0])
        page.lift_limits()  # where one kind runs out, the others fill up
    return taken, n_seen


def _are_of_one_artist(ranked: list[Candidate], index: ServingIndex) -> bool:
    first = [index.artists_of(item)[:1] for item, *_ in ranked[:1]]
    return bool(first and first[0]) and all(
        first[0] == index.artists_of(item)[:1] for item, *_ in ranked
    )


def _one_version_each(ranked: list[Candidate], index: ServingIndex) -> list[Candidate]:
    songs = index.songs[np.fromiter((item for item, _, _ in ranked), np.int32, len(ranked))]
    if (songs < 0).all():
        return ranked
    is_kept = songs < 0
    is_kept[np.unique(songs, return_index=True)[1]] = True
    return [ranked[place] for place in np.flatnonzero(is_kept).tolist()]
