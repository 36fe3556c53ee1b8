"""Where the bars begin, and how many felt beats they have."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harmonyhub.analysis import FloatArray, IndexArray
from harmonyhub.analysis.pulse_evidence import (
    Evidence,
    find_frames,
    is_compound,
    look_near,
    measure_changes,
    measure_turns,
)

METERS = (2, 3, 4, 5, 6)  # felt beats a bar: 6/8 counts 2, 12/8 counts 4
# Of each bar of this many beats: four is what most music has. Where nothing tells the first from
# the third beat, bars of two would win without them. A bar of two is mostly 6/8: where beats fall
# into halves, chords that change every second beat are more likely slow bars of four.
METER_COSTS = (0.8, 0.24, 0.0, 0.64, 2.0)
COMPOUND_COSTS = (0.3, *METER_COSTS[1:])  # where beats fall into thirds
CHANGE_COST = 6.0  # of another meter from one bar to the next
SLIP_COST = 7.0  # of a bar that ends early, after a beat too many or too few
# Log odds of a downbeat at a beat, by what `measure_signs` says; fitted by `training/downbeats.py`,
# the last one after the others: with all fitted anew human piano and pieces of `mma` lose 0.01.
WEIGHTS = (0.49, 0.77, 1.53, 0.19, 0.6)
BIAS = -0.63
TURN_BEATS = 4  # sides that are compared: with 8, turns help less; with 2, human piano loses 0.02
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


def find_bars(beats_s: FloatArray, evidence: Evidence) -> Bars:
    """Find the downbeats among the beats.

    Parameters
    ----------
    beats_s : array, shape (beats,)
        Seconds, increasing.

    References
    ----------
    Boeck, Krebs and Widmer 2016, "Joint beat and downbeat tracking with recurrent neural
    networks", ISMIR (positions in bars as hidden states).
    """
    if len(beats_s) < 2:
        return Bars(np.zeros(len(beats_s), np.intp), None, 0.0)
    odds = measure_signs(beats_s, evidence) @ np.array(WEIGHTS) + BIAS
    chance = np.clip(1 / (1 + np.exp(-odds)), 1e-2, 1 - 1e-2)
    costs = COMPOUND_COSTS if is_compound(evidence, beats_s) else METER_COSTS
    path = _find_path(chance, _transition_costs(costs))
    positions, meters = _POSITIONS[path], _METERS[path]
    right = np.where(positions == 0, chance, 1 - chance)
    counts = np.bincount(meters, minlength=max(METERS) + 1)
    return Bars(positions, int(counts.argmax()), float(right.mean()))


def measure_signs(beats_s: FloatArray, evidence: Evidence) -> FloatArray:
    """Measure what speaks for a bar that begins at each beat.

    Returns
    -------
    array, shape (beats, 5)
        What the network says, as log odds and against the track's others; how much more than at
        its others the chords change, from beat to beat and from two beats to two, and the sound
        turns: instruments enter and leave where bars begin.
    """
    frames = find_frames(beats_s, evidence.frame_rate)
    said = look_near(evidence.likely[:, 1], frames, NEAR_FRAMES).max(axis=1)
    said = np.clip(said, 0.005, 0.995)
    odds = np.log(said / (1 - said))
    changes = [
        measure_changes(evidence.chords, beats_s, evidence.chord_rate, n_beats=n_beats)
        for n_beats in (1, 2)
    ]
    turns = measure_turns(evidence, beats_s, n_beats=TURN_BEATS)
    return np.stack([odds, _compare(odds), *map(_compare, changes), _compare(turns)], axis=1)


def _compare(values: FloatArray) -> FloatArray:
    """How many deviations each value lies above the mean."""
    compared: FloatArray = (values - values.mean()) / (values.std() + 1e-3)
    return compared


_POSITIONS = np.array([place for meter in METERS for place in range(meter)])
_METERS = np.array([meter for meter in METERS for _ in range(meter)])


def _transition_costs(meter_costs: Sequence[float]) -> FloatArray:
    """From state (row) to state (column), each a meter and a place in the bar."""
    costs = np.full((len(_METERS), len(_METERS)), np.inf)
    same = _METERS[:, None] == _METERS
    costs[same & (_POSITIONS - _POSITIONS[:, None] == 1)] = 0.0
    starts = np.tile(_POSITIONS == 0, (len(_METERS), 1))
    ends = (_METERS - _POSITIONS == 1)[:, None] & starts
    costs[starts & same] = SLIP_COST
    costs[ends & ~same] = CHANGE_COST
    costs[ends & same] = 0.0
    return costs + np.where(_POSITIONS == 0, np.repeat(meter_costs, METERS), 0.0)


def _find_path(chance: FloatArray, costs: FloatArray) -> IndexArray:
    """Viterbi over places in bars."""
    first = _POSITIONS == 0
    evidence = np.where(first, np.log(chance)[:, None], np.log(1 - chance)[:, None])
    score = evidence[0]
    back = np.zeros((len(chance), len(_METERS)), np.int8)
    for beat in range(1, len(chance)):
        rows = score[:, None] - costs
        back[beat] = rows.argmax(axis=0)
        score = rows.max(axis=0) + evidence[beat]
    path = np.empty(len(chance), np.intp)
    path[-1] = score.argmax()
    for beat in range(len(chance) - 1, 0, -1):
        path[beat - 1] = back[beat, path[beat]]
    return path
