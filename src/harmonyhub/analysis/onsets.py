"""Where something starts to sound: the onset strength curve."""

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray

DYNAMIC_RANGE_DB = 60.0  # below the loudest frame; under it is hiss and reverb
LAG_FRAMES = 2  # 23 ms: slow enough for the rise of bowed and blown notes
LOCAL_MEAN_S = 1.0
CHUNK = 20_000  # frames at a time, which bounds memory for long files


def measure_onset_strength(mel_db: NDArray[np.float16], mel_rate: float) -> FloatArray:
    """Measure how much energy arrives in each frame, relative to its surroundings.

    Parameters
    ----------
    mel_db : array, shape (frames, bands)
        Power in dB.
    mel_rate : float
        Frames per second.

    Returns
    -------
    array, shape (frames,)
        0 or more, standard deviation 1 over the track; all 0 for steady or silent sound.

    References
    ----------
    Boeck and Widmer 2013, "Maximum filter vibrato suppression for onset detection", DAFx.
    """
    if len(mel_db) <= LAG_FRAMES:
        return np.zeros(len(mel_db))
    floor = float(mel_db.max()) - DYNAMIC_RANGE_DB
    flux = np.concatenate(
        [
            _flux(mel_db[max(0, start - LAG_FRAMES) : start + CHUNK], floor)
            for start in range(LAG_FRAMES, len(mel_db), CHUNK)
        ]
    )
    flux = np.concatenate([np.zeros(LAG_FRAMES), flux])
    width = round(LOCAL_MEAN_S * mel_rate)
    strength = np.maximum(0.0, flux - _moving_mean(flux, width))
    deviation = float(strength.std())
    return strength / deviation if deviation > 1e-3 else np.zeros(len(flux))


def _flux(mel_db: NDArray[np.float16], floor: float) -> FloatArray:
    """Mean rise over the bands, against the loudest neighbour band before (no vibrato)."""
    level = np.maximum(mel_db.astype(np.float32), floor)
    before = level.copy()
    before[:, 1:] = np.maximum(before[:, 1:], level[:, :-1])
    before[:, :-1] = np.maximum(before[:, :-1], level[:, 1:])
    rise: FloatArray = np.maximum(0.0, level[LAG_FRAMES:] - before[:-LAG_FRAMES]).mean(axis=1)
    return rise


def _moving_mean(values: FloatArray, width: int) -> FloatArray:
    """Centred mean over `width` values, narrower at the ends."""
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    index = np.arange(len(values))
    low = np.maximum(0, index - width // 2)
    high = np.minimum(len(values), index + width // 2 + 1)
    mean: FloatArray = (sums[high] - sums[low]) / (high - low)
    return mean
