"""In which key a track is and where the key changes: the network's word, summed over time."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray, IndexArray
from harmonyhub.analysis.smoothing import log_softmax, smooth_labels
from harmonyhub.domain.analysis import Key

NAMES = {  # as musicians write them: the spelling with fewer accidentals
    "major": ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    "minor": ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
MODES = ("major", "minor")
MIN_PITCHES = 3  # that reach a quarter of the strongest: one or two tones make no key
MIN_FRAMES = 5  # half a second: a click has a spectrum, but no key
# Albrecht and Shanahan 2013, "The use of large corpora to train a new type of key-finding
# algorithm", Music Perception 31(1): shares of pitch classes in hundreds of pieces.
MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)
MIN_CORRELATION = 0.5  # white noise reaches 0.38, the rendered pieces start at 0.63
WINDOW_S = 14.0  # what a key needs to be told, as in training
# Log probability that a correlation of 1 more is worth. The network errs on modal pieces, the
# profiles on jazz: together they score 0.94 on 48 pieces, alone 0.87 and 0.87.
PROFILE_WEIGHT = 15.0
EVIDENCE_PER_S = 0.15  # the words of neighbouring frames are nearly the same word
CHANGE_COST = 5.0


def estimate_keys(
    logits: NDArray[np.float32], chroma: NDArray[np.float32], pair_rate: float
) -> tuple[Key | None, list[tuple[float, float, Key]]]:
    """Estimate the key of a track, and its keys one after the other.

    Parameters
    ----------
    logits : array, shape (pairs, 24)
        Twelve major keys, then twelve minor keys.
    chroma : array, shape (frames, 12)
        0 or more; tells whether there is anything to name.
    pair_rate : float
        Pairs of frames per second.

    Returns
    -------
    key : Key or None
        Of the whole track; None if no set of pitches stands out. `confidence` is its chance.
    segments : list of (start in s, end in s, Key)

    References
    ----------
    Korzeniowski and Widmer 2018, "Genre-agnostic key classification with convolutional neural
    networks", ISMIR (evidence averaged over time).
    """
    fits = _fit_profiles(np.sqrt(_heard(chroma)).mean(axis=0, keepdims=True))[0]
    if not _has_key(chroma, fits):
        return None, []
    words = logits.mean(axis=0, keepdims=True) + PROFILE_WEIGHT * fits
    label = int(words.argmax())
    window = round(WINDOW_S * pair_rate) | 1
    local = _fit_profiles(_moving_mean(np.sqrt(chroma), 2 * window + 1)[::2][: len(logits)])
    chances = log_softmax(_moving_mean(logits, window) + PROFILE_WEIGHT * local)
    path = smooth_labels(chances * (EVIDENCE_PER_S / pair_rate), np.full(len(chances), CHANGE_COST))
    if label not in path:
        if (path == path[0]).all():  # one key all through: then the whole is surer than its parts
            path[:] = label
        else:  # the whole is a compromise between two keys that it is not in
            label = int(np.bincount(path).argmax())
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    segments = [
        (
            start / pair_rate,
            end / pair_rate,
            _name_key(int(path[start]), float(np.exp(chances[start:end, path[start]]).mean())),
        )
        for start, end in pairwise(edges)
    ]
    return _name_key(label, float(np.exp(log_softmax(words))[0, label])), segments


def _name_key(label: int, confidence: float) -> Key:
    row, tonic = divmod(label, 12)
    mode = MODES[row]
    return Key(tonic, mode, f"{NAMES[mode][tonic]} {mode}", confidence)


def _heard(chroma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Leave out pauses; one row at least."""
    loudness = chroma.sum(axis=1)
    heard = chroma[loudness > 0.01 * loudness.max(initial=0.0)]
    return heard if len(heard) else np.zeros((1, 12), np.float32)


def _has_key(chroma: NDArray[np.float32], fits: FloatArray) -> bool:
    """Tell music from noise and from single tones: its pitches must fit some key."""
    if len(chroma) < MIN_FRAMES or not chroma.any():
        return False
    profile = np.sqrt(_heard(chroma)).mean(axis=0)
    n_pitches = int((profile > 0.25 * profile.max()).sum())
    return n_pitches >= MIN_PITCHES and bool(fits.max() >= MIN_CORRELATION)


def _fit_profiles(profiles: FloatArray) -> FloatArray:
    """Correlate each row of 12 with the profiles of the 24 keys.

    References
    ----------
    Krumhansl 1990, "Cognitive foundations of musical pitch".
    """
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    norm = np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    fits: FloatArray = (centred / norm) @ _SHAPES.T
    return fits


def _shapes() -> FloatArray:
    rows = np.array([np.roll(shape, tonic) for shape in (MAJOR, MINOR) for tonic in range(12)])
    centred = rows - rows.mean(axis=1, keepdims=True)
    shapes: FloatArray = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return shapes


_SHAPES = _shapes()


def _moving_mean(values: FloatArray, width: int) -> FloatArray:
    """Centred mean over `width` rows, narrower at the ends."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    index: IndexArray = np.arange(len(values))
    low = np.maximum(0, index - width // 2)
    high = np.minimum(len(values), index + width // 2 + 1)
    mean: FloatArray = (sums[high] - sums[low]) / (high - low)[:, None]
    return mean
