"""Which of several ways to count a track people would tap: half, double, off the beat.

The weights were fitted by `training/levels.py` on pieces that the network never heard.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray, IndexArray
from harmonyhub.analysis.spectrum import Spectrum

MIN_BEATS = 4  # fewer make no tempo
MIDDLE_BPM = 100.0
BASS_BINS = 84  # three a semitone from C1: up to E3
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the ways to count are judged by.

    Attributes
    ----------
    likely : array, shape (frames, 2)
        Chance in [0, 1] of a beat and of a downbeat.
    frame_rate : float
        Frames per second.
    bass : array, shape (tone frames, 28)
        Semitones from C1, each frame of length 1 or 0.
    tone_rate : float
        Frames per second.
    """

    likely: NDArray[np.float32]
    frame_rate: float
    bass: NDArray[np.float32]
    tone_rate: float


def gather_evidence(spectrum: Spectrum, likely: NDArray[np.float32]) -> Evidence:
    """Take the bass, which moves with the beats, out of a spectrum."""
    thirds = spectrum.tones[:, :BASS_BINS].astype(np.float32)
    return Evidence(
        likely=likely,
        frame_rate=spectrum.mel_rate,
        bass=_unit(thirds.reshape(len(thirds), -1, 3).sum(axis=2)),
        tone_rate=spectrum.pitch_rate,
    )


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
    frames = _frames(beats_s, evidence.frame_rate)
    halves = _frames((beats_s[1:] + beats_s[:-1]) / 2, evidence.frame_rate)
    octaves = np.log2(60 / np.median(np.diff(beats_s)) / MIDDLE_BPM)
    return np.array(
        [
            _mean_log_odds(beat, frames),
            _mean_log_odds(beat, halves),
            _near(beat, frames, 3).sum() / max(float(beat.sum()), 1e-3),
            octaves,
            octaves**2,
            _alternate(_near(downbeat, frames, 3).max(axis=1)),
            _alternate(_changes(evidence.bass, beats_s, evidence.tone_rate)),
        ]
    )


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6)
    return unit


def _frames(times_s: FloatArray, rate: float) -> IndexArray:
    return np.round(times_s * rate).astype(np.intp)


def _near(values: FloatArray, frames: IndexArray, reach: int) -> FloatArray:
    at = frames[:, None] + np.arange(-reach, reach + 1)
    near: FloatArray = values[np.clip(at, 0, len(values) - 1)]
    return near


def _mean_log_odds(likely: FloatArray, frames: IndexArray) -> float:
    """Mean log odds; what the network gives a beat is spread over some frames, 1.8 in sum."""
    chance = np.clip(_near(likely, frames, 2).sum(axis=1) / 1.8, 0.01, 0.99)
    return float(np.log(chance / (1 - chance)).mean())


def _changes(rows: NDArray[np.float32], beats_s: FloatArray, rate: float) -> FloatArray:
    """One less the cosine between what sounds before and after each inner beat."""
    edges = np.minimum(_frames(beats_s, rate), len(rows) - 1)
    spans = _unit(np.add.reduceat(rows, edges, axis=0)[:-1])
    alike: FloatArray = (spans[1:] * spans[:-1]).sum(axis=1)
    return 1 - alike


def _alternate(values: FloatArray) -> float:
    """How far the means of every second value and of those between lie apart."""
    if len(values) < 6:
        return 0.0
    return float(abs(values[::2].mean() - values[1::2].mean()))
