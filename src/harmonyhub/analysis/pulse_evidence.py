"""What beats and bars are judged by: the networks' words, and where bass and chords change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray, IndexArray
from harmonyhub.analysis.products import multiply_rows
from harmonyhub.analysis.smoothing import log_softmax
from harmonyhub.analysis.spectrum import TONE_BINS, Spectrum

BASS_SEMITONES = 28  # from C1: up to E3
CHUNK = 4096  # frames: as float32, the tones of 3 hours would take 120 MB at once


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a track before its beats are.

    Attributes
    ----------
    likely : array, shape (frames, 2)
        Chance in [0, 1] of a beat and of a downbeat.
    frame_rate : float
        Frames per second.
    bass : array, shape (tone frames, 28)
        Semitones from C1; each frame of length 1 or 0.
    tone_rate : float
        Frames of `bass` per second.
    chords : array, shape (pairs, chords)
        Square roots of the chance of each chord: their products compare chances (Bhattacharyya).
    chord_rate : float
        Rows of `chords` per second.
    """

    likely: NDArray[np.float32]
    frame_rate: float
    bass: NDArray[np.float32]
    tone_rate: float
    chords: NDArray[np.float32]
    chord_rate: float


def gather_evidence(
    spectrum: Spectrum, likely: NDArray[np.float32], chord_logits: NDArray[np.float32]
) -> Evidence:
    """Take the bass, which moves with the beats, out of a spectrum; join it with what was heard."""
    fold = (np.arange(TONE_BINS)[:, None] // 3 == np.arange(BASS_SEMITONES)).astype(np.float32)
    tones = spectrum.tones
    bass = np.concatenate(
        [
            multiply_rows(tones[start : start + CHUNK].astype(np.float32), fold)
            for start in range(0, len(tones), CHUNK)
        ]
        or [np.empty((0, BASS_SEMITONES), np.float32)]
    )
    return Evidence(
        likely=likely,
        frame_rate=spectrum.mel_rate,
        bass=_unit(bass),
        tone_rate=spectrum.pitch_rate,
        chords=np.exp(log_softmax(chord_logits) / 2),
        chord_rate=spectrum.pitch_rate / 2,
    )


def find_frames(times_s: FloatArray, rate: float) -> IndexArray:
    """Give the frame of each time."""
    return np.round(times_s * rate).astype(np.intp)


def look_near(values: FloatArray, frames: IndexArray, reach: int) -> FloatArray:
    """Take the values within `reach` frames of each, shape (frames, 2 * reach + 1)."""
    at = frames[:, None] + np.arange(-reach, reach + 1)
    near: FloatArray = values[np.clip(at, 0, len(values) - 1)]
    return near


def measure_changes(
    rows: NDArray[np.float32], beats_s: FloatArray, rate: float, *, n_beats: int = 1
) -> FloatArray:
    """Compare what sounds in the `n_beats` before each beat with as many from there on.

    Returns
    -------
    array, shape (beats,)
        One less the cosine, in [0, 1]; 0 where there are too few beats on a side.
    """
    changes = np.zeros(len(beats_s))
    edges = np.minimum(find_frames(beats_s, rate), len(rows) - 1)
    spans = _unit(np.add.reduceat(rows, edges, axis=0))
    for _ in range(n_beats - 1):
        spans = _unit(spans[:-1] + spans[1:])
    alike = (spans[n_beats:] * spans[:-n_beats]).sum(axis=1)
    changes[n_beats : n_beats + len(alike)] = 1 - alike
    return changes


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6)
    return unit
