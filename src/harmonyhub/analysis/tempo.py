"""How fast a track is: the local beat period, second by second."""

from dataclasses import dataclass

import numpy as np

from harmonyhub.analysis import FloatArray, IndexArray

SLOWEST_BPM, FASTEST_BPM = 35.0, 240.0
N_TEMPI = 160  # 1.7 % apart, finer than anyone hears a drift
WINDOW_S = 8.0  # 8 beats at 60 BPM
HOP_S = 1.0
PREFERRED_BPM = 110.0
PREFERENCE_OCTAVES = 0.7
COMB = ((1.0, 1.0), (2.0, 0.6), (3.0, 0.3), (4.0, 0.5))  # (multiple of the period, weight)
CHANGE_COST = 0.25  # per step of 1.7 % between two seconds
MIN_PULSE = 0.08  # mean autocorrelation at the period; noise stays below, click tracks reach 0.9


@dataclass(frozen=True, slots=True)
class Pulse:
    """The beat period over time.

    Attributes
    ----------
    periods_s : array, shape (seconds,)
        Beat period in seconds around each second of the track.
    confidence : float
        In [0, 1]: how much of the onset strength repeats after one beat.
    """

    periods_s: FloatArray
    confidence: float


def estimate_pulse(strength: FloatArray, frame_rate: float) -> Pulse | None:
    """Follow the beat period through a track; None if nothing repeats.

    Parameters
    ----------
    strength : array, shape (frames,)
        Onset strength, 0 or more.
    frame_rate : float
        Frames per second.

    References
    ----------
    Grosche, Mueller and Kurth 2010, "Cyclic tempogram", ICASSP (tempogram); Ellis 2007, "Beat
    tracking by dynamic programming", J. New Music Research 36(1) (preference for middle tempi).
    """
    if len(strength) < 2 * frame_rate or not strength.any():
        return None
    tempi = np.geomspace(SLOWEST_BPM, FASTEST_BPM, N_TEMPI)
    correlations = _autocorrelate_windows(strength, frame_rate)
    lags = 60.0 * frame_rate / tempi
    single = _read_lags(correlations, lags)
    total = sum(weight for _, weight in COMB)
    comb = np.sum([w * _read_lags(correlations, lags * m) for m, w in COMB], axis=0) / total
    preference = np.exp(-0.5 * (np.log2(tempi / PREFERRED_BPM) / PREFERENCE_OCTAVES) ** 2)
    path = _smoothest_path(np.maximum(comb, 0.0) * preference)
    confidence = float(np.clip(single[np.arange(len(path)), path].mean(), 0.0, 1.0))
    if confidence < MIN_PULSE:
        return None
    return Pulse(60.0 / tempi[path], confidence)


def _autocorrelate_windows(strength: FloatArray, frame_rate: float) -> FloatArray:
    """Autocorrelation around each second, shape (seconds, lags), 1 at lag 0."""
    width, hop = round(WINDOW_S * frame_rate), HOP_S * frame_rate
    padded = np.pad(strength - strength.mean(), width // 2)
    n_windows = max(1, int(len(strength) / hop))
    starts = np.round(np.arange(n_windows) * hop + hop / 2).astype(int)
    window = np.hanning(width)
    size = 2 * width
    # What the window itself takes from long lags is given back.
    bias = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)[:width]
    bias = np.maximum(bias / bias[0], 0.05)
    rows = []
    for start in starts:  # one at a time: a 3-hour file has 10,800 windows of 690 frames
        piece = padded[start : start + width] * window
        power = np.abs(np.fft.rfft(piece, size)) ** 2
        row = np.fft.irfft(power)[:width]
        rows.append((row / max(row[0], 1e-9) / bias).astype(np.float32))
    return np.array(rows)


def _read_lags(correlations: FloatArray, lags: FloatArray) -> FloatArray:
    """Read autocorrelations at fractional lags, 0 beyond the window, shape (seconds, tempi)."""
    low = np.floor(lags).astype(int)
    part = (lags - low).astype(np.float32)
    inside = low < correlations.shape[1] - 1
    low = np.where(inside, low, 0)
    values = correlations[:, low] * (1 - part) + correlations[:, low + 1] * part
    read: FloatArray = np.where(inside, values, 0.0)
    return read


def _smoothest_path(salience: FloatArray) -> IndexArray:
    """Viterbi path of tempo indices through (seconds, tempi): high salience, few changes."""
    n_tempi = salience.shape[1]
    index = np.arange(n_tempi)
    jump = CHANGE_COST * np.minimum(np.abs(index[:, None] - index), 12)
    reward = 4.0 * salience
    score = reward[0]
    back = np.empty(salience.shape, np.int16)
    for second in range(1, len(salience)):
        options = score - jump
        back[second] = options.argmax(axis=1)
        score = options[index, back[second]] + reward[second]
    path = np.empty(len(salience), np.intp)
    path[-1] = score.argmax()
    for second in range(len(salience) - 1, 0, -1):
        path[second - 1] = back[second, path[second]]
    return path
