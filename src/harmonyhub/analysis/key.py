"""In which key a track is: its chroma against key profiles."""

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray
from harmonyhub.domain.analysis import Key

NAMES = {  # as musicians write them: the spelling with fewer accidentals
    "major": ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    "minor": ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
# Albrecht and Shanahan 2013, "The use of large corpora to train a new type of key-finding
# algorithm", Music Perception 31(1): shares of pitch classes in hundreds of pieces. Of five
# published pairs of profiles the steadiest over both halves of the rendered pieces.
MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)
MIN_PITCHES = 3  # that reach a quarter of the strongest: one or two tones make no key
MIN_CORRELATION = 0.5  # white noise reaches 0.38, the rendered pieces start at 0.63
MIN_FRAMES = 5  # half a second: a click has a spectrum, but no key
SURE_MARGIN = 0.25  # of correlation between the best key and the next


def estimate_key(chroma: NDArray[np.float32]) -> Key | None:
    """Estimate one key for the whole track; None if no key stands out.

    Parameters
    ----------
    chroma : array, shape (frames, 12)
        0 or more.

    Returns
    -------
    Key or None
        `confidence` grows with the margin to the second-best key, 1 at `SURE_MARGIN`.

    References
    ----------
    Krumhansl 1990, "Cognitive foundations of musical pitch" (correlation with profiles).
    """
    profile = _whole_track(chroma)
    if profile is None:
        return None
    correlations = np.array(
        [
            [_correlate(profile, np.roll(shape, tonic)) for tonic in range(12)]
            for shape in _PROFILES.values()
        ]
    )
    order = np.argsort(correlations, axis=None)[::-1]
    best, second = correlations.flat[order[0]], correlations.flat[order[1]]
    if best < MIN_CORRELATION:
        return None
    row, tonic = divmod(int(order[0]), 12)
    mode = tuple(_PROFILES)[row]
    confidence = float(np.clip((best - second) / SURE_MARGIN, 0.0, 1.0))
    return Key(tonic, mode, f"{NAMES[mode][tonic]} {mode}", confidence)


_PROFILES = {"major": np.array(MAJOR), "minor": np.array(MINOR)}


def _whole_track(chroma: NDArray[np.float32]) -> FloatArray | None:
    """Mean chroma with loud passages tamed, so that one loud chord is not the key."""
    loudness = chroma.sum(axis=1)
    if len(chroma) < MIN_FRAMES or not loudness.max() > 0:
        return None
    heard = chroma[loudness > 0.01 * loudness.max()]
    tamed = np.sqrt(heard)
    profile: FloatArray = tamed.mean(axis=0)
    n_pitches = int((profile > 0.25 * profile.max()).sum())
    return profile if n_pitches >= MIN_PITCHES else None


def _correlate(profile: FloatArray, shape: FloatArray) -> float:
    return float(np.corrcoef(profile, shape)[0, 1])
