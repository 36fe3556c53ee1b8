"""A path from one track to another, in steps that are small and lead steadily there."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.recommendations import Evidence, EvidenceKind, Reason
from harmonyhub.recommender.closeness import TrackGraph
from harmonyhub.recommender.heard_tags import find_source, say_tag
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray
from harmonyhub.recommender.likeness import Heard, compare, say_likeness

BEAM = 50  # unfinished paths kept per step
STEADINESS = 20.0  # a step that is off by a tenth of the way costs as much as 0.2 of a closest step


@dataclass(frozen=True, slots=True, eq=False)
class FoundPath:
    """Places in the index and the progress of each, or no places and why."""

    items: Sequence[int]
    progress: Sequence[float]
    note: str


class _Way(NamedTuple):
    cost: float
    items: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Search:
    """What all steps of one search share."""

    graph: TrackGraph
    index: ServingIndex
    ends: tuple[int, int]
    n: int
    allowed: NDArray[np.bool_]
    progress: FloatArray
    n_steps_left: FloatArray


def find_path(
    start: int,
    end: int,
    *,
    n: int,
    graph: TrackGraph,
    index: ServingIndex,
    refused: Sequence[int] = (),
) -> FoundPath:
    """Find `n` tracks from `start` to `end`; the same arguments give the same path.

    Each track is one step of the graph from the one before and nearer the end: progress, the
    distance from the start by the sum of both distances, grows with every step, as evenly as the
    graph lets it. No track, song or artist comes twice, but where both ends share it. A beam
    search: of all beginnings of one length the `BEAM` best go on.

    Parameters
    ----------
    n : int
        Tracks, both ends counted; 3 or more.
    refused : sequence of int
        Tracks that the listener does not want; no path leads over them.

    References
    ----------
    Flexer et al. 2008, "Playlist generation using start and end songs" (ISMIR): the ratio of both
    distances as the measure of where a track stands between two others.
    """
    from_start, _ = graph.distances(start)
    to_end, n_steps_left = graph.distances(end)
    if start == end or not np.isfinite(to_end[start]):
        why = "It is the same track." if start == end else "Nothing leads from one to the other."
        return FoundPath((), (), why)
    if n_steps_left[start] > n - 1:
        least = int(n_steps_left[start]) + 1
        return FoundPath((), (), f"The shortest way has {least} tracks; ask for as many or more.")
    with np.errstate(invalid="ignore"):
        progress = from_start / (from_start + to_end)
    allowed = np.isfinite(progress)
    allowed[list(refused)] = False
    search = _Search(graph, index, (start, end), n, allowed, progress, n_steps_left)
    best = _walk(search)
    if best is None:
        note = f"There is a way, but no steady one of {n} tracks; ask for fewer or more."
        return FoundPath((), (), note)
    return FoundPath(best, [float(progress[item]) for item in best], _describe(best, progress))


def explain_step(before: int, item: int, *, graph: TrackGraph, index: ServingIndex) -> Reason:
    """Say what makes two neighbouring tracks of a path near each other: the nearest kind."""
    shares = [(float(near[before, item]), kind) for kind, near in graph.kinds]
    share, kind = max(shares, key=lambda one: one[0])
    is_heard = False
    name = f"“{index.titles[before]}” by {index.artists[before]}"
    pack, tag = None, None
    match kind:
        case EvidenceKind.SHARED_TAG:
            place = _shared_tag(before, item, index)
            tag = index.tags[place]
            is_heard = bool(index.is_heard(np.array([item]), place)[0])
            source = find_source(place, np.array([before]), index=index, kinds=False)
            text = say_tag(tag, is_heard=is_heard, of=name, source=source)
        case EvidenceKind.SIMILAR_SOUND:
            rows = index.sounds.rows(np.array([before, item], dtype=np.int32)).tolist()
            one, two = (Heard.at(index.sounds, row) for row in rows)
            text = f"It sounds like {name}: {say_likeness(compare(one, two).words)}."
        case EvidenceKind.ELSEWHERE:
            pack = _pack_of(before, item, index)
            text = f"The listeners of the knowledge pack {pack} play it with {name}."
        case _:
            text = f"The same listeners play it and {name}."
    evidence = Evidence(
        kind=EvidenceKind.HEARD_TAG if is_heard else kind,
        share=min(share, 1.0),
        track_id=index.track_ids[before],
        title=index.titles[before],
        artist=index.artists[before],
        tag=tag,
        pack=pack,
    )
    return Reason(text=text, evidence=evidence)


def _walk(search: _Search) -> tuple[int, ...] | None:
    ways = [_Way(0.0, search.ends[:1])]
    for place in range(1, search.n):
        longer = sorted(way for before in ways for way in _go_on(before, place, search))
        is_last = place == search.n - 1
        new = (way for way in longer if is_last or _is_new(way.items, search))
        ways = list(islice(new, BEAM))
    return ways[0].items if ways else None


def _go_on(way: _Way, place: int, search: _Search) -> list[_Way]:
    """List the ways that are one step longer."""
    items, lengths = search.graph.near(way.items[-1])
    progress, n_left = search.progress[items], search.n - 1 - place
    is_last = n_left == 0
    wanted = search.allowed[items] & (progress > search.progress[way.items[-1]])
    is_end = items == search.ends[1]
    wanted = is_end if is_last else wanted & ~is_end
    wanted &= search.n_steps_left[items] <= n_left
    off = progress - place / (search.n - 1)
    costs = way.cost + lengths + STEADINESS * off * off
    found = zip(items[wanted].tolist(), costs[wanted].tolist(), strict=True)
    return [_Way(cost, (*way.items, item)) for item, cost in found]


def _is_new(items: tuple[int, ...], search: _Search) -> bool:
    """Tell whether neither song nor artists of the latest track came before, nor are the end's."""
    index, item = search.index, items[-1]
    song, artists = index.songs[item], set(index.artists_of(item))
    return not any(
        item == other
        or (song >= 0 and song == index.songs[other])
        or not artists.isdisjoint(index.artists_of(other))
        for other in (*items[:-1], search.ends[1])
    )


def _describe(items: Sequence[int], progress: FloatArray) -> str:
    widest = float(np.diff(progress[list(items)]).max())
    even = 1 / (len(items) - 1)
    return f"The longest step is {widest / even:.1f} times as long as if all were equal."


def _shared_tag(one: int, other: int, index: ServingIndex) -> int:
    """Find the rarest tag that both have, by place."""
    shared = index.item_tags[one].minimum(index.item_tags[other]).tocoo()
    strongest = np.lexsort((shared.col, -shared.data))[0]
    return int(shared.col[strongest])


def _pack_of(one: int, other: int, index: ServingIndex) -> str:
    packs = index.knowledge
    near = [max(known.neighbours[one, other], known.neighbours[other, one]) for known in packs]
    return packs[int(np.argmax(near))].name
