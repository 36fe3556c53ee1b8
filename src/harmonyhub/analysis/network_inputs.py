"""What the networks look at: levels and tones on scales that no recording's gain moves."""

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis.products import multiply_rows
from harmonyhub.analysis.spectrum import N_TONES, TONE_BINS

LEVEL_RANGE_DB = 70.0  # below the loud frames; quieter is silence
TONE_GAIN = 20.0  # a tone 26 dB below the loud ones is 0.7 on a scale where they are 3
TUNED_WIDTH = 0.3  # of a semitone: as `chroma.SEMITONE_WIDTH_CENTS`, a little wider for bins


def find_loud_db(mel_db: NDArray[np.float16]) -> float:
    """Give the level in dB of the loudest band that only one frame in twenty passes."""
    return float(np.percentile(mel_db[::8].max(axis=1), 95)) if len(mel_db) else 0.0


def scale_levels(
    mel_db: NDArray[np.float16], *, loud_db: float | None = None
) -> NDArray[np.float32]:
    """Scale mel levels so that loud frames reach about 1 and 70 dB below is 0.

    `loud_db` is that of the whole track where `mel_db` is a piece of it.
    """
    loud = find_loud_db(mel_db) if loud_db is None else loud_db
    levels = (mel_db.astype(np.float32) - np.float32(loud - LEVEL_RANGE_DB)) / LEVEL_RANGE_DB
    clipped: NDArray[np.float32] = np.clip(levels, 0.0, 1.3)
    return clipped


def find_loud_tone(tones: NDArray[np.float16]) -> float:
    """Give the amplitude of the loudest tone that one frame in ten passes, over 0."""
    if not len(tones):
        return 1.0
    return max(float(np.percentile(tones[::2].max(axis=1).astype(np.float32), 90)), 1e-6)


def scale_tones(
    tones: NDArray[np.float16], tuning_cents: float, *, loud: float | None = None
) -> NDArray[np.float32]:
    """Gather the thirds of semitones around the track's own tuning, on a logarithmic scale.

    `loud` is that of the whole track where `tones` is a piece of it.

    Returns
    -------
    array, shape (frames, N_TONES)
        0 or more, about 3 where a tone is as loud as the loud frames' loudest.
    """
    place = np.arange(TONE_BINS) / 3 - tuning_cents / 100
    distance = place[:, None] - np.arange(N_TONES)
    weights = np.exp(-0.5 * (distance / TUNED_WIDTH) ** 2).astype(np.float32)
    weights[np.abs(distance) > 0.7] = 0
    gain = np.float32(TONE_GAIN / (find_loud_tone(tones) if loud is None else loud))
    scaled: NDArray[np.float32] = np.log1p(multiply_rows(tones.astype(np.float32), weights) * gain)
    return scaled
