"""What the networks look at: levels and tones on scales that no recording's gain moves."""

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis.products import multiply_rows
from harmonyhub.analysis.spectrum import N_TONES, TONE_BINS

LEVEL_RANGE_DB = 70.0  # below the loud frames; quieter is silence
TONE_GAIN = 20.0  # a tone 26 dB below the loud ones is 0.7 on a scale where they are 3
TUNED_WIDTH = 0.3  # of a semitone: as `chroma.SEMITONE_WIDTH_CENTS`, a little wider for bins


def scale_levels(mel_db: NDArray[np.float16]) -> NDArray[np.float32]:
    """Scale mel levels so that loud frames reach about 1 and 70 dB below is 0."""
    if not len(mel_db):
        return np.zeros(mel_db.shape, np.float32)
    loud = float(np.percentile(mel_db[::8].max(axis=1), 95))
    levels = (mel_db.astype(np.float32) - np.float32(loud - LEVEL_RANGE_DB)) / LEVEL_RANGE_DB
    clipped: NDArray[np.float32] = np.clip(levels, 0.0, 1.3)
    return clipped


def scale_tones(tones: NDArray[np.float16], tuning_cents: float) -> NDArray[np.float32]:
    """Gather the thirds of semitones around the track's own tuning, on a logarithmic scale.

    Returns
    -------
    array, shape (frames, N_TONES)
        0 or more, about 3 where a tone is as loud as the loud frames' loudest.
    """
    if not len(tones):
        return np.zeros((0, N_TONES), np.float32)
    loud = max(float(np.percentile(tones[::2].max(axis=1).astype(np.float32), 90)), 1e-6)
    place = np.arange(TONE_BINS) / 3 - tuning_cents / 100
    distance = place[:, None] - np.arange(N_TONES)
    weights = np.exp(-0.5 * (distance / TUNED_WIDTH) ** 2).astype(np.float32)
    weights[np.abs(distance) > 0.7] = 0
    gathered = np.concatenate(
        [multiply_rows(tones[start : start + 4096].astype(np.float32), weights)
         for start in range(0, len(tones), 4096)]
    )  # fmt: skip
    scaled: NDArray[np.float32] = np.log1p(gathered * np.float32(TONE_GAIN / loud))
    return scaled
