"""How fast a track is: the local beat period, second by second."""

from dataclasses import dataclass

import numpy as np

from harmonyhub.analysis import FloatArray, IndexArray
from harmonyhub.analysis.onsets import smooth_onsets

SLOWEST_BPM, FASTEST_BPM = 35.0, 240.0
N_TEMPI = 160  # 1.2 % apart, finer than anyone hears a drift
WINDOW_S = 8.0  # 8 beats at 60 BPM
HOP_S = 1.0
PREFERRED_BPM = 110.0
PREFERENCE_OCTAVES = 0.7
QUIET_ENERGY = 0.01  # per frame, of a mean of about 0.4: windows without onsets repeat nothing
FOURIER_SIZE = 8192  # at least twice the window, padded for a fine grid
# (multiple, weight): a beat repeats after 1, 2 and 4 periods, less surely after 3.
MULTIPLES = ((1, 1.0), (2, 0.6), (3, 0.3), (4, 0.5))
HARMONICS = ((1, 1.0), (2, 0.5))
HARMONICS_POWER = 0.75
REPEATS_POWER, SILENT_FLOOR = 0.15, 0.05
PEAK_REWARD = 8.0  # for one second at the typical peak, against ...
CHANGE_COST = 0.25  # ... each step of 1.2 % between two seconds, and no more than 12 of them
MOST_CHANGE_STEPS = 12
# Mean autocorrelation at the beat. Noise of 5 s and more reaches 0.166; of 105 rendered pieces
# all but one (the rubato of Schumann's Kreisleriana 6) are above 0.197; clicks reach 0.9.
MIN_PULSE = 0.17


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
    tempogram = _measure_windows(smooth_onsets(strength, frame_rate), frame_rate, tempi=tempi)
    preference = np.exp(-0.5 * (np.log2(tempi / PREFERRED_BPM) / PREFERENCE_OCTAVES) ** 2)
    salience = np.maximum(tempogram.multiples, 0) * tempogram.harmonics**HARMONICS_POWER
    # Where nothing at all repeats after one period, that period is half of the beat.
    salience *= (SILENT_FLOOR + np.maximum(tempogram.repeats, 0)) ** REPEATS_POWER * preference
    typical_peak = max(float(salience.max(axis=1).mean()), 1e-9)
    path = _smoothest_path(salience / typical_peak)
    repeats = tempogram.repeats[np.arange(len(path)), path]
    if repeats.mean() < MIN_PULSE:
        return None
    return Pulse(60.0 / tempi[path], float(np.clip(repeats.mean(), 0.0, 1.0)))


@dataclass(frozen=True, slots=True)
class _Tempogram:
    """Three views of each second, each of shape (seconds, tempi).

    Autocorrelation also answers to fractions of the true tempo, the Fourier transform also to its
    multiples; their product keeps what both agree on (Peeters 2006, "Time variable tempo detection
    and beat marking", ICMC).
    """

    repeats: FloatArray  # autocorrelation at one period
    multiples: FloatArray  # autocorrelation at one to four periods, weighted
    harmonics: FloatArray  # Fourier magnitude at the tempo and its double


def _measure_windows(strength: FloatArray, frame_rate: float, *, tempi: FloatArray) -> _Tempogram:
    """Look at windows of 8 s around each second."""
    width = round(WINDOW_S * frame_rate)
    padded = np.pad(strength - strength.mean(), width // 2)
    n_windows = max(1, int(len(strength) / (HOP_S * frame_rate)))
    starts = np.round((np.arange(n_windows) + 0.5) * HOP_S * frame_rate).astype(int)
    window = np.hanning(width)
    bias = np.fft.irfft(np.abs(np.fft.rfft(window, FOURIER_SIZE)) ** 2)[:width]
    bias = np.maximum(bias / bias[0], 0.05)  # what the window itself takes from long lags
    lags = 60.0 * frame_rate / tempi
    bins = tempi / 60.0 / frame_rate * FOURIER_SIZE
    repeats, multiples, harmonics = (np.empty((n_windows, len(tempi))) for _ in range(3))
    for row, start in enumerate(starts):  # one by one: three hours have 10,800 windows
        piece = padded[start : start + width] * window
        spectrum = np.abs(np.fft.rfft(piece, FOURIER_SIZE))
        energy = max(float(np.square(piece).sum()), QUIET_ENERGY * width)
        correlation = np.fft.irfft(np.square(spectrum))[:width] / energy / bias
        spectrum = spectrum / np.sqrt(energy * width)
        repeats[row] = _read_at(correlation, lags)
        multiples[row] = sum(w * _read_at(correlation, lags * m) for m, w in MULTIPLES)
        harmonics[row] = sum(w * _read_at(spectrum, bins * m) for m, w in HARMONICS)
    return _Tempogram(repeats, multiples, harmonics)


def _read_at(values: FloatArray, places: FloatArray) -> FloatArray:
    """Interpolate between neighbours; 0 beyond the end."""
    return np.interp(places, np.arange(len(values)), values, right=0.0)


def _smoothest_path(salience: FloatArray) -> IndexArray:
    """Viterbi path of tempo indices through (seconds, tempi): high salience, few changes."""
    n_tempi = salience.shape[1]
    index = np.arange(n_tempi)
    jump = CHANGE_COST * np.minimum(np.abs(index[:, None] - index), MOST_CHANGE_STEPS)
    reward = PEAK_REWARD * salience
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
