"""Where the bars begin, and how many felt beats they have."""

from dataclasses import dataclass

import numpy as np

from harmonyhub.analysis import FloatArray, IndexArray

METERS = (2, 3, 4, 5, 6)  # felt beats a bar: 6/8 counts 2, 12/8 counts 4
# Of each bar of this many beats: four is what most music has. Where the network cannot tell the
# first beat from the third, bars of two would win without them.
METER_COSTS = (0.8, 0.24, 0.0, 0.64, 1.2)
CHANGE_COST = 6.0  # of another meter from one bar to the next
SLIP_COST = 7.0  # of a bar that ends early, after a beat too many or too few
# The network speaks of frames, of which one in two hundred is a downbeat; of beats one in four is.
PRIOR_ODDS = 5.0
NEAR_FRAMES = 3  # 35 ms: a downbeat and its beat need not be in the same frame


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of a track.

    Attributes
    ----------
    positions : array of int, shape (beats,)
        Place of each beat in its bar, 0 is the downbeat.
    beats_per_bar : int or None
        Of most bars; None without beats.
    confidence : float
        In [0, 1]: mean chance of what the path says of each beat.
    """

    positions: IndexArray
    beats_per_bar: int | None
    confidence: float


def find_bars(beats_s: FloatArray, likely: FloatArray, frame_rate: float) -> Bars:
    """Find the downbeats among the beats.

    Parameters
    ----------
    beats_s : array, shape (beats,)
        Seconds, increasing.
    likely : array, shape (frames,)
        Chance in [0, 1] that a downbeat falls into each frame.
    frame_rate : float
        Frames per second.

    References
    ----------
    Boeck, Krebs and Widmer 2016, "Joint beat and downbeat tracking with recurrent neural
    networks", ISMIR (positions in bars as hidden states).
    """
    if len(beats_s) < 2:
        return Bars(np.zeros(len(beats_s), np.intp), None, 0.0)
    frames = np.round(beats_s * frame_rate).astype(np.intp)
    near = np.clip(frames[:, None] + np.arange(-NEAR_FRAMES, NEAR_FRAMES + 1), 0, len(likely) - 1)
    said = np.clip(likely[near].max(axis=1), 1e-4, 1 - 1e-4)
    odds = said / (1 - said) * PRIOR_ODDS
    chance = np.clip(odds / (1 + odds), 1e-2, 1 - 1e-2)
    path = _find_path(chance)
    positions, meters = _POSITIONS[path], _METERS[path]
    right = np.where(positions == 0, chance, 1 - chance)
    counts = np.bincount(meters, minlength=max(METERS) + 1)
    return Bars(positions, int(counts.argmax()), float(right.mean()))


_POSITIONS = np.array([place for meter in METERS for place in range(meter)])
_METERS = np.array([meter for meter in METERS for _ in range(meter)])


def _transition_costs() -> FloatArray:
    """From state (row) to state (column), each a meter and a place in the bar."""
    costs = np.full((len(_METERS), len(_METERS)), np.inf)
    same = _METERS[:, None] == _METERS
    costs[same & (_POSITIONS - _POSITIONS[:, None] == 1)] = 0.0
    starts = np.tile(_POSITIONS == 0, (len(_METERS), 1))
    ends = (_METERS - _POSITIONS == 1)[:, None] & starts
    costs[starts & same] = SLIP_COST
    costs[ends & ~same] = CHANGE_COST
    costs[ends & same] = 0.0
    return costs + np.where(_POSITIONS == 0, np.repeat(METER_COSTS, METERS), 0.0)


_COSTS = _transition_costs()


def _find_path(chance: FloatArray) -> IndexArray:
    """Viterbi over places in bars."""
    first = _POSITIONS == 0
    evidence = np.where(first, np.log(chance)[:, None], np.log(1 - chance)[:, None])
    score = evidence[0]
    back = np.zeros((len(chance), len(_METERS)), np.int8)
    for beat in range(1, len(chance)):
        rows = score[:, None] - _COSTS
        back[beat] = rows.argmax(axis=0)
        score = rows.max(axis=0) + evidence[beat]
    path = np.empty(len(chance), np.intp)
    path[-1] = score.argmax()
    for beat in range(len(chance) - 1, 0, -1):
        path[beat - 1] = back[beat, path[beat]]
    return path
