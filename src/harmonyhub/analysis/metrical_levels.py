"""Which of several ways to count a track people would tap: half, double, off the beat.

The weights were fitted by `training/levels.py` on pieces that the network never heard.
"""

import numpy as np

from harmonyhub.analysis import FloatArray, IndexArray
from harmonyhub.analysis.pulse_evidence import (
    Evidence,
    find_frames,
    look_near,
    measure_changes,
)

MIN_BEATS = 4  # fewer make no tempo
MIDDLE_BPM = 100.0
# What speaks for a way to count, and how much.
WEIGHTS = {
    "beats": 1.20,  # mean log odds of a beat where the beats are
    "between": -0.56,  # and half-way between two
    "explained": 7.81,  # share of all chances of a beat that lies at the beats
    "octaves": -1.13,  # tempo above 100 a minute
    "octaves squared": -1.54,
    "downbeats": 3.13,  # how much more likely a bar begins at every second beat
    "bass": 6.66,  # how much more the bass changes at every second beat
}


def choose_beats(proposed: list[FloatArray], evidence: Evidence) -> FloatArray:
    """Choose the beats that people would most likely tap; none where all are too few.

    References
    ----------
    McFadden 1974, "Conditional logit analysis of qualitative choice behavior".
    """
    enough = [beats_s for beats_s in proposed if len(beats_s) >= MIN_BEATS]
    if not enough:
        return np.empty(0)
    weights = np.array(list(WEIGHTS.values()))
    scores = [float(measure_signs(beats_s, evidence) @ weights) for beats_s in enough]
    return enough[int(np.argmax(scores))]


def measure_signs(beats_s: FloatArray, evidence: Evidence) -> FloatArray:
    """Measure what speaks for one way to count, in the order of `WEIGHTS`."""
    beat, downbeat = evidence.likely[:, 0], evidence.likely[:, 1]
    frames = find_frames(beats_s, evidence.frame_rate)
    halves = find_frames((beats_s[1:] + beats_s[:-1]) / 2, evidence.frame_rate)
    octaves = np.log2(60 / np.median(np.diff(beats_s)) / MIDDLE_BPM)
    return np.array(
        [
            _mean_log_odds(beat, frames),
            _mean_log_odds(beat, halves),
            look_near(beat, frames, 3).sum() / max(float(beat.sum()), 1e-3),
            octaves,
            octaves**2,
            _alternate(look_near(downbeat, frames, 3).max(axis=1)),
            _alternate(measure_changes(evidence.bass, beats_s, evidence.tone_rate)[1:-1]),
        ]
    )


def _mean_log_odds(likely: FloatArray, frames: IndexArray) -> float:
    """Mean log odds; what the network gives a beat is spread over some frames, 1.8 in sum."""
    chance = np.clip(look_near(likely, frames, 2).sum(axis=1) / 1.8, 0.01, 0.99)
    return float(np.log(chance / (1 - chance)).mean())


def _alternate(values: FloatArray) -> float:
    """How far the means of every second value and of those between lie apart."""
    if len(values) < 6:
        return 0.0
    return float(abs(values[::2].mean() - values[1::2].mean()))
