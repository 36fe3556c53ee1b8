"""Where the beats may fall: at each pace the likeliest path through what the network hears."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray, IndexArray

PIECE_S, OVERLAP_S = 600.0, 30.0  # the way back through 3 hours at once would take 120 MB
# Candidates for the interval before, as differences in frames of 12 ms: finer where likelier.
STEPS = np.array([0, -1, 1, -2, 2, -3, 3, -4, 4, -6, 6, -8, 8, -11, 11, -14, 14, -18, 18])
STEADINESS = 14.0  # cost of a change to e times the tempo; human players change by 5 % a beat
# Log odds that are added to each frame's, as frames without a beat are so many more. Of 1.2 to 3,
# with several weights of pace, the best pair on 35 pieces.
BEAT_PRIOR = 3.0
HEARD = 0.08  # of a beat at the ends of a track; in between 0.3 is usual
LEAST_EVIDENCE = -3.0  # one beat that nobody hears must not end the path


class _Band(NamedTuple):
    """Paces from which one path is taken, and the frames that it takes as one: slow ones need few.

    Bands overlap, so that each tempo has one that it may leave by a third.
    """

    slowest_bpm: float
    fastest_bpm: float
    pooled: int


BANDS = (
    _Band(28, 52, 4), _Band(40, 74, 3), _Band(56, 104, 2),
    _Band(80, 148, 1), _Band(112, 210, 1), _Band(160, 290, 1),
)  # fmt: skip


class _End(NamedTuple):
    """Where a path may end, and how likely it is: log odds, added up."""

    score: float
    frame: int
    column: int


def propose_beats(likely: FloatArray, frame_rate: float) -> list[FloatArray]:
    """Find the best beats of a track at each pace that people tap, and those half-way between.

    Parameters
    ----------
    likely : array, shape (frames,)
        Chance in [0, 1] that a beat falls into each frame.
    frame_rate : float
        Frames per second.

    Returns
    -------
    list of arrays, each of shape (beats,)
        Times in seconds, increasing; two for each of six bands from 28 to 290 a minute.

    References
    ----------
    Krebs, Boeck and Widmer 2015, "An efficient state-space model for joint tempo and meter
    tracking", ISMIR (tempo may change at beats only); here as a semi-Markov chain.
    """
    evidence = _weigh(likely)
    proposed = []
    for band in BANDS:
        frames = _trim(_follow(evidence, band, frame_rate), likely)
        on = _refine(frames, likely) / frame_rate
        proposed += [on, (on[1:] + on[:-1]) / 2]
    return proposed


def _follow(evidence: FloatArray, band: _Band, frame_rate: float) -> IndexArray:
    """Frames of the beats within one band, found ten minutes at a time."""
    pool = band.pooled
    cells = np.pad(evidence, (0, -len(evidence) % pool), constant_values=LEAST_EVIDENCE)
    cells = cells.reshape(-1, pool)
    best, rate = cells.max(axis=1), frame_rate / pool
    piece, overlap = round(PIECE_S * rate), round(OVERLAP_S * rate)
    beats: list[IndexArray] = []
    for start in range(0, max(len(best), 1), piece):
        first = max(0, start - overlap)
        found = first + _find_path(best[first : start + piece + overlap], band, rate)
        beats.append(found[(found >= start) & (found < start + piece)])
    joined = np.concatenate(beats)
    off_middle = np.abs(np.arange(pool) - (pool - 1) / 2)  # where nothing is heard
    frames: IndexArray = joined * pool + (cells[joined] - 1e-3 * off_middle).argmax(axis=1)
    return np.minimum(frames, max(len(evidence) - 1, 0))


def _weigh(likely: FloatArray) -> FloatArray:
    """Log odds of a beat, of the frame and a little of its neighbours."""
    spread = np.convolve(likely, (0.5, 1.0, 0.5), "same") / 1.4
    chance = np.clip(spread, 1e-3, 1 - 1e-3)
    evidence: FloatArray = np.maximum(np.log(chance / (1 - chance)) + BEAT_PRIOR, LEAST_EVIDENCE)
    return evidence


def _find_path(evidence: FloatArray, band: _Band, frame_rate: float) -> IndexArray:
    """Frames of the best sequence of beats, possibly none."""
    ends_bpm = (band.fastest_bpm, band.slowest_bpm)
    shortest, longest = (round(60 / bpm * frame_rate) for bpm in ends_bpm)
    intervals = np.arange(shortest, longest + 1)
    before, costs = _list_steps(intervals)
    n_frames = len(evidence)
    # The last `longest` rows of scores: of the others only the best end matters.
    recent = np.full((longest, len(intervals)), -np.inf, np.float32)
    back = np.full((n_frames, len(intervals)), -1, np.int16)
    columns = np.arange(len(intervals))
    best_end = _End(0.0, 0, 0)
    for start in range(0, n_frames, shortest):
        frames = np.arange(start, min(start + shortest, n_frames))
        origin = frames[:, None] - intervals - start + longest
        rows = recent[origin[:, :, None], before] - costs
        best = rows.argmax(axis=2)
        gain = np.take_along_axis(rows, best[:, :, None], axis=2)[:, :, 0]
        linked = gain > 0
        score = (evidence[frames, None] + np.where(linked, gain, 0.0)).astype(np.float32)
        back[frames] = np.where(linked, before[columns, best], -1)
        best_end = max(best_end, _find_end(score, start), key=lambda end: end.score)
        recent = np.concatenate([recent, score])[-longest:]
    return _trace_back(best_end, back, intervals=intervals)


def _list_steps(intervals: IndexArray) -> tuple[IndexArray, FloatArray]:
    """Which intervals may come before each one, and what that costs."""
    place = np.arange(len(intervals))[:, None] + STEPS
    before = np.clip(place, 0, len(intervals) - 1)
    costs = STEADINESS * np.abs(np.log(intervals[before] / intervals[:, None]))
    return before, np.where(place == before, costs, np.inf).astype(np.float32)


def _find_end(score: FloatArray, start: int) -> _End:
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    return _End(float(score[row, column]), start + int(row), int(column))


def _trace_back(end: _End, back: NDArray[np.int16], *, intervals: IndexArray) -> IndexArray:
    """Walk back from the best end."""
    if end.score <= 0:
        return np.empty(0, np.intp)
    frame, column = end.frame, end.column
    beats = [frame]
    while back[frame, column] >= 0:
        frame, column = frame - int(intervals[column]), int(back[frame, column])
        beats.append(frame)
    return np.array(beats[::-1], np.intp)


def _trim(beats: IndexArray, likely: FloatArray) -> IndexArray:
    """Drop beats before the first and after the last that is heard: the path runs on in silence."""
    near = np.clip(beats[:, None] + np.arange(-1, 2), 0, max(len(likely) - 1, 0))
    heard = np.flatnonzero(likely[near].max(axis=1) > HEARD) if len(beats) else beats
    return beats[heard[0] : heard[-1] + 1] if len(heard) else beats[:0]


def _refine(beats: IndexArray, likely: FloatArray) -> FloatArray:
    """Move each beat to the centre of what is likely around it: finer than a frame of 12 ms."""
    if not len(beats):
        return np.empty(0)
    near = np.clip(beats[:, None] + np.arange(-2, 3), 0, len(likely) - 1)
    weights = likely[near] + 1e-6
    offset = (weights * np.arange(-2, 3)).sum(axis=1) / weights.sum(axis=1)
    refined: FloatArray = np.maximum(beats + offset, 0.0)
    return refined
