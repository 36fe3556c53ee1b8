"""The parts of a track: where bars begin to sound unlike those before."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt

import numpy as np

from harmonyhub.analysis import FloatArray, IndexArray
from harmonyhub.analysis.section_labels import name_parts

BAR_S = 2.0  # where no beats were found
MIN_BARS = 8  # below, a track has one part
SPANS = (2, 4, 8)  # bars on each side that are compared
HARMONY_WEIGHT = 0.4  # of its novelty beside that of timbre; on 37 pieces 0.7 and 1 find less
# Length of a part in bars against what music likes; others cost more the further they are off.
LIKED_BARS = (4, 8, 12, 16)
ODD_COST, SHORT_COST = 0.6, 1.2
LONGEST_BARS = 32
SHORTEST_BAR_S = 1.0  # quicker ones are halves of what is felt as a bar
SHORT_S, SHORT_S_COST = 7.0, 0.6  # a part that is over sooner is a phrase; cost of each second
# The longer a piece, the longer its parts are heard: a song of 3 minutes has about 10 of them, a
# suite of 9 minutes about 15. No more than this times the root of the seconds.
PARTS_PER_ROOT_S = 0.8
PART_COSTS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.3, 1.6, 2.0, 2.5, 3.0, 4.0)  # until they are few


@dataclass(frozen=True, slots=True)
class BarTable:
    """What each bar sounds like.

    Attributes
    ----------
    starts_s : array, shape (bars + 1,)
        Seconds; the last is the end of the track.
    timbre : array, shape (bars, bands)
        Mean level per mel band in dB.
    harmony : array, shape (bars, 24)
        Mean chroma of the first and the second half, each row of unit length.
    """

    starts_s: FloatArray
    timbre: FloatArray
    harmony: FloatArray


def tabulate_bars(
    downbeats_s: FloatArray,
    duration_s: float,
    *,
    levels_db: FloatArray,
    level_rate: float,
    chroma: FloatArray,
    chroma_rate: float,
) -> BarTable:
    """Average timbre and chroma over each bar, or over stretches of 2 s where there are none."""
    starts = downbeats_s if len(downbeats_s) >= MIN_BARS else np.arange(0, duration_s, BAR_S)
    if not len(starts) or starts[0] > 0.3:
        starts = np.concatenate([[0.0], starts])
    starts = starts[starts < duration_s - 0.3] if duration_s > 0.6 else np.zeros(1)
    edges = np.concatenate([[0.0], starts[1:], [duration_s]])  # the first bar takes what is before
    halves = np.sort(np.concatenate([edges, (edges[:-1] + edges[1:]) / 2]))
    timbre = _average(levels_db, level_rate, edges)
    harmony = np.sqrt(_average(chroma, chroma_rate, halves)).reshape(len(starts), -1)
    norm = np.maximum(np.linalg.norm(harmony, axis=1, keepdims=True), 1e-9)
    return BarTable(edges, timbre, harmony / norm)


def find_sections(bars: BarTable) -> list[tuple[float, float, str]]:
    """Cut a track into parts and name those that are alike alike.

    Returns
    -------
    list of (start s, end s, label)
        Without a gap. Labels as `name_parts` gives them.

    References
    ----------
    Foote 2000, "Automatic audio segmentation using a measure of audio novelty", ICME (novelty);
    Sargent, Bimbot and Vincent 2011, "A regularity-constrained Viterbi algorithm and its
    application to the structural segmentation of songs", ISMIR (lengths that music likes).
    """
    starts_s = bars.starts_s
    n_bars = len(starts_s) - 1
    if n_bars < MIN_BARS:
        return [(0.0, float(starts_s[-1]), "A")]
    parts = list(pairwise(_cut(_measure_novelty(bars), starts_s)))
    named = name_parts(parts, starts_s, timbre=bars.timbre, harmony=bars.harmony)
    return [(float(starts_s[start]), float(starts_s[end]), label) for start, end, label in named]


def _average(values: FloatArray, rate: float, edges_s: FloatArray) -> FloatArray:
    """Mean row between edges; an empty stretch takes the row at its start."""
    at = np.clip(np.round(edges_s * rate).astype(int), 0, len(values))
    low = np.minimum(at[:-1], max(len(values) - 1, 0))
    high = np.maximum(at[1:], low + 1)
    # Stretch by stretch: sums over 3 hours at once would take 360 MB.
    return np.array(
        [
            values[first:last].mean(axis=0, dtype=np.float64)
            for first, last in zip(low, high, strict=True)
        ]
    )


def _measure_novelty(bars: BarTable) -> FloatArray:
    """How unlike what comes before each bar is what follows, in deviations over the track."""
    total = np.zeros(len(bars.timbre))
    for table, weight in ((bars.timbre, 1.0), (bars.harmony, HARMONY_WEIGHT)):
        scaled = (table - table.mean(axis=0)) / max(float(table.std()), 1e-9)
        for span in SPANS:
            novelty = _compare_sides(scaled, span)
            total += weight * (novelty - novelty.mean()) / max(float(novelty.std()), 1e-9)
    return total / max(float(total.std()), 1e-9)


def _compare_sides(table: FloatArray, span: int) -> FloatArray:
    """Distance of the mean row before each bar from the mean row after it."""
    sums = np.concatenate([np.zeros((1, table.shape[1])), np.cumsum(table, axis=0)])
    index = np.arange(len(table))
    low, high = np.maximum(0, index - span), np.minimum(len(table), index + span)
    before = (sums[index] - sums[low]) / np.maximum(index - low, 1)[:, None]
    after = (sums[high] - sums[index]) / (high - index)[:, None]
    distance: FloatArray = np.linalg.norm(after - before, axis=1)
    distance[0] = 0.0
    return distance


def _cut(novelty: FloatArray, starts_s: FloatArray) -> list[int]:
    """Choose borders so that their novelty minus the cost of the parts' lengths is largest."""
    most = ceil(PARTS_PER_ROOT_S * sqrt(float(starts_s[-1])))
    lengths = _cost_lengths(starts_s)
    edges: list[int] = []
    for part_cost in PART_COSTS:
        edges = _find_best_edges(novelty, starts_s, lengths + part_cost)
        if len(edges) - 1 <= most:
            break
    return edges


def _find_best_edges(
    novelty: FloatArray, starts_s: FloatArray, length_costs: FloatArray
) -> list[int]:
    """Find the best path through the borders; `length_costs` is by the number of bars."""
    n_bars, longest = len(novelty), len(length_costs) - 1
    score = np.full(n_bars + 1, -np.inf)
    score[0] = 0.0
    back = np.zeros(n_bars + 1, np.intp)
    for end in range(1, n_bars + 1):
        starts = np.arange(max(0, end - longest), end)
        too_short_s = np.maximum(0.0, SHORT_S - (starts_s[end] - starts_s[starts]))
        gains = score[starts] - length_costs[end - starts] - SHORT_S_COST * too_short_s
        best = int(gains.argmax())
        back[end] = starts[best]
        score[end] = gains[best] + (novelty[end] if end < n_bars else 0.0)
    return list(_walk_back(back))[::-1]


def _walk_back(back: IndexArray) -> Iterator[int]:
    edge = len(back) - 1
    while edge > 0:
        yield edge
        edge = int(back[edge])
    yield 0


def _cost_lengths(starts_s: FloatArray) -> FloatArray:
    """Cost of a part by its number of bars, from 0 on; quick bars count as halves or quarters."""
    pace = 1
    while pace * float(np.median(np.diff(starts_s))) < SHORTEST_BAR_S:
        pace *= 2
    bars = np.arange(LONGEST_BARS * pace + 1) / pace
    off = np.min([np.abs(bars - liked) for liked in LIKED_BARS], axis=0)
    costs: FloatArray = ODD_COST * np.minimum(off, 3) + SHORT_COST * np.maximum(0, 4 - bars)
    return costs
