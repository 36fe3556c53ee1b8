"""The parts of a track: where bars begin to sound unlike those before, and which parts return."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from harmonyhub.analysis import FloatArray, IndexArray

BAR_S = 2.0  # where no beats were found
MIN_BARS = 8  # below, a track has one part
SPANS = (2, 4, 8)  # bars on each side that are compared
# Length of a part in bars against what music likes; others cost more the further they are off.
LIKED_BARS = (4, 8, 12, 16)
ODD_COST, SHORT_COST = 0.6, 1.2
PART_COST = 0.0  # of one more part, in deviations of novelty; on 96 pieces -0.2 to 0.4 do alike
LONGEST_BARS = 32
ALIKE = 0.62  # correlation from which two parts carry one label


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
    edges = np.concatenate([starts, [duration_s]])
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
        Without a gap. Labels "intro", "verse", "chorus", "bridge", "outro" by what such parts
        usually are: the loudest of the parts that return is the chorus. They are guesses; that
        equal labels mean like music is measured.

    References
    ----------
    Foote 2000, "Automatic audio segmentation using a measure of audio novelty", ICME (novelty);
    Sargent, Bimbot and Vincent 2011, "A regularity-constrained Viterbi algorithm and its
    application to the structural segmentation of songs", ISMIR (lengths that music likes).
    """
    n_bars = len(bars.starts_s) - 1
    if n_bars < MIN_BARS:
        return [(0.0, float(bars.starts_s[-1]), "verse")]
    edges = _cut(_measure_novelty(bars))
    groups = _group(bars, edges)
    labels = _name(bars, edges, groups)
    return [
        (float(bars.starts_s[start]), float(bars.starts_s[end]), label)
        for (start, end), label in zip(pairwise(edges), labels, strict=True)
    ]


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
    for table, weight in ((bars.timbre, 1.0), (bars.harmony, 0.7)):
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


def _cut(novelty: FloatArray) -> list[int]:
    """Choose borders so that their novelty minus the cost of the parts' lengths is largest."""
    n_bars = len(novelty)
    score = np.full(n_bars + 1, -np.inf)
    score[0] = 0.0
    back = np.zeros(n_bars + 1, np.intp)
    for end in range(1, n_bars + 1):
        starts = np.arange(max(0, end - LONGEST_BARS), end)
        gains = score[starts] - _LENGTH_COSTS[end - starts]
        best = int(gains.argmax())
        back[end] = starts[best]
        score[end] = gains[best] + (novelty[end] if end < n_bars else 0.0)
    edges = [n_bars]
    while edges[-1] > 0:
        edges.append(int(back[edges[-1]]))
    return edges[::-1]


def _length_cost(n_bars: int) -> float:
    off = min(abs(n_bars - liked) for liked in LIKED_BARS)
    short = SHORT_COST * max(0, 4 - n_bars)
    return PART_COST + ODD_COST * min(off, 3) + short


_LENGTH_COSTS = np.array([_length_cost(n_bars) for n_bars in range(LONGEST_BARS + 1)])


def _group(bars: BarTable, edges: list[int]) -> IndexArray:
    """Give like parts the same number."""
    likeness = _liken(bars, list(pairwise(edges)))
    groups = np.arange(len(likeness))
    pairs = sorted(
        ((likeness[i, j], i, j) for i in range(len(likeness)) for j in range(i)), reverse=True
    )
    for alike, later, earlier in pairs:
        if alike < ALIKE:
            break
        if groups[later] == groups[earlier]:
            continue
        one, other = (
            np.flatnonzero(groups == groups[later]),
            np.flatnonzero(groups == groups[earlier]),
        )
        if likeness[np.ix_(one, other)].mean() >= ALIKE:
            groups[groups == groups[later]] = groups[earlier]
    return groups


def _liken(bars: BarTable, parts: list[tuple[int, int]]) -> FloatArray:
    """Compare all parts: mean correlation of harmony bar by bar, over the shorter, and of timbre.

    Returns
    -------
    array, shape (parts, parts), in [-1, 1]
    """
    harmony = bars.harmony - bars.harmony.mean(axis=0)
    colour = bars.timbre - bars.timbre.mean(axis=0)
    colours = [colour[start:end].mean(axis=0) for start, end in parts]
    likeness = np.ones((len(parts), len(parts)))
    for i, (start, end) in enumerate(parts):
        for j, (other, other_end) in enumerate(parts[:i]):
            length = min(end - start, other_end - other)
            chords = _correlate(
                harmony[start : start + length].ravel(), harmony[other : other + length].ravel()
            )
            alike = 0.6 * chords + 0.4 * _correlate(colours[i], colours[j])
            likeness[i, j] = likeness[j, i] = alike
    return likeness


def _correlate(one: FloatArray, other: FloatArray) -> float:
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norm if norm > 0 else 1.0


def _name(bars: BarTable, edges: list[int], groups: IndexArray) -> list[str]:
    """Name groups by place, return and loudness."""
    parts = list(pairwise(edges))
    loudness = bars.timbre.mean(axis=1)
    level = {
        group: float(
            np.mean([loudness[slice(*parts[i])].mean() for i in np.flatnonzero(groups == group)])
        )
        for group in set(groups.tolist())
    }
    returning = [group for group in level if (groups == group).sum() > 1]
    chorus = max(returning, key=level.__getitem__, default=None)
    names = {group: "verse" if group in returning else "bridge" for group in level}
    if chorus is not None and len(level) > 1:
        names[chorus] = "chorus"
    labels = [names[group] for group in groups.tolist()]
    if not returning:
        labels = ["verse"] * len(labels)
    typical = float(np.median([end - start for start, end in parts]))
    if len(parts) > 2:
        if groups[0] not in returning or parts[0][1] - parts[0][0] < typical:
            labels[0] = "intro"
        if groups[-1] not in returning or parts[-1][1] - parts[-1][0] < typical:
            labels[-1] = "outro"
    return labels
