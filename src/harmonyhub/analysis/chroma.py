"""How strong each pitch class sounds: tuning first, then twelve bins."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray
from harmonyhub.analysis.products import multiply_rows
from harmonyhub.analysis.spectrum import PITCH_BINS

BINS_PER_SEMITONE = PITCH_BINS // 12
CENTS_PER_BIN = 1200 / PITCH_BINS
SEMITONE_WIDTH_CENTS = 25.0  # peaks this far off still count 0.6: vibrato, bends, piano stretch


def estimate_tuning(pitches: NDArray[np.float16]) -> float:
    """Estimate how far the track is from A4 = 440 Hz, in cents, -50 to 50.

    Parameters
    ----------
    pitches : array, shape (frames, PITCH_BINS)
        Amplitude per 10 cents of the octave.

    References
    ----------
    Dressler and Streich 2007, "Tuning frequency estimation using circular statistics", ISMIR.
    """
    sums = pitches.sum(axis=0, dtype=np.float64)
    angles = 2 * np.pi * np.arange(PITCH_BINS) / BINS_PER_SEMITONE
    resultant = np.sum(sums * np.exp(1j * angles))
    return float(np.angle(resultant) / (2 * np.pi) * 100) if abs(resultant) > 0 else 0.0


def fold_chroma(pitches: NDArray[np.float16], tuning_cents: float) -> NDArray[np.float32]:
    """Fold fine pitch bins into semitones of the track's own tuning.

    Returns
    -------
    array, shape (frames, 12)
        0 or more; column 0 is C.
    """
    cents = np.arange(PITCH_BINS) * CENTS_PER_BIN - tuning_cents
    distance = (cents[:, None] - 100 * np.arange(12) + 600) % 1200 - 600
    weights = np.exp(-0.5 * (distance / SEMITONE_WIDTH_CENTS) ** 2).astype(np.float32)
    weights[np.abs(distance) > 50] = 0
    return np.concatenate(
        [multiply_rows(piece.astype(np.float32), weights) for piece in _chunks(pitches)]
        or [np.empty((0, 12), np.float32)]
    )


def draw_columns(chroma: FloatArray, n_columns: int) -> NDArray[np.float32]:
    """Average chroma into at most `n_columns` columns, each scaled to its largest value.

    Returns
    -------
    array, shape (12, columns)
        In [0, 1]; columns 40 dB below the loudest fade to 0.
    """
    edges = np.linspace(0, len(chroma), min(n_columns, len(chroma)) + 1).round().astype(int)
    columns = np.zeros((12, len(edges) - 1), np.float32)
    for index, (start, end) in enumerate(pairwise(edges)):
        columns[:, index] = chroma[start:end].mean(axis=0)
    floor = max(0.01 * float(columns.max(initial=0.0)), 1e-6)
    scaled: NDArray[np.float32] = columns / np.maximum(columns.max(axis=0, initial=0.0), floor)
    return scaled


def _chunks(pitches: NDArray[np.float16]) -> list[NDArray[np.float16]]:
    """Cut into some thousand frames: as float32, 3 hours would take 60 MB at once."""
    return [pitches[start : start + 4096] for start in range(0, len(pitches), 4096)]
