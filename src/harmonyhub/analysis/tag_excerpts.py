"""Keeps excerpts of a track for the tagging networks, and draws the levels that they expect."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis.products import multiply_rows
from harmonyhub.analysis.tag_network import N_BANDS, N_FRAMES

Floats = NDArray[np.float32]

RATE = 16_000  # Hz
WINDOW, HOP = 512, 256  # samples at RATE: 32 and 16 ms
UP, DOWN = 320, 441  # RATE / ANALYSIS_RATE
STEP = N_FRAMES * HOP  # samples at RATE from one excerpt to the next: they do not overlap
MARGIN = 3 * DOWN  # samples before an excerpt, so that the resampler's filter has something to see
SPAN = 155 * DOWN  # samples at ANALYSIS_RATE that are kept of an excerpt: 3.1 s
MAX_EXCERPTS = 16  # of a track
QUIETEST = 0.001  # full scale; an excerpt that stays below is a pause
LOW_PASS_HZ, STOPPED_DB = (7_300, 8_000), 80.0
MEL_STEP_HZ, MEL_BREAK = 200 / 3, 15.0  # the scale of Slaney: linear up to 1,000 Hz
MEL_LOG = np.log(6.4) / 27


class ExcerptPass:
    """Takes mono signal in pieces of any length; 4.4 MB whatever the length of the track.

    The first `MAX_EXCERPTS` excerpts are all kept. When there are more, every second one goes, and
    from then on only every second is taken, and so on: between half and all of the room is in use,
    evenly over the track.
    """

    def __init__(self) -> None:
        self._rest = np.zeros(MARGIN, np.float32)
        self._at = -MARGIN  # of the first sample of the rest
        self._n_samples = 0
        self._number, self._every = 0, 1
        self._kept: dict[int, Floats] = {}

    def add(self, signal: Floats) -> None:
        """Take the next piece, shape (samples,), at `ANALYSIS_RATE`."""
        self._n_samples += len(signal)
        self._rest = np.concatenate([self._rest, signal])
        self._take(_n_excerpts(self._n_samples))

    def finish(self) -> list[Floats]:
        """Return the excerpts that are sound, as `log_mel` draws them."""
        n_excerpts = _n_excerpts(self._n_samples)
        self._rest = np.concatenate([self._rest, np.zeros(SPAN, np.float32)])
        self._take(n_excerpts)
        return [
            log_mel(_resample(samples, number))
            for number, samples in self._kept.items()
            if np.abs(samples).max() > QUIETEST
        ]

    def _take(self, n_excerpts: int) -> None:
        """Take what of the first excerpts is complete, and forget what lies before the next."""
        while True:
            gap = _first_sample(self._number) - self._at
            self._rest, self._at = self._rest[gap:], self._at + min(gap, len(self._rest))
            if self._number >= n_excerpts or len(self._rest) < SPAN:
                return
            self._kept[self._number] = self._rest[:SPAN].copy()
            if len(self._kept) > MAX_EXCERPTS:
                self._every *= 2
                for number in [n for n in self._kept if n % self._every]:
                    del self._kept[number]
            self._number += self._every - self._number % self._every


def log_mel(signal: Floats) -> Floats:
    """Draw the levels of an excerpt, shape (N_FRAMES, N_BANDS), log10 of 10,000 times the power.

    Parameters
    ----------
    signal : array, shape (STEP + HOP,)
        At `RATE`; the first frame is centred on sample `HOP`.

    References
    ----------
    Pons et al. 2018, "End-to-end learning for music audio tagging at scale", ISMIR; the mel bands
    are those of Slaney 1998, "Auditory toolbox", each of one area.
    """
    frames = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::HOP][:N_FRAMES]
    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames * hann))).astype(np.float32)
    levels: Floats = np.log10(10_000 * multiply_rows(power, _mel_filters()) + 1)
    return levels


def _n_excerpts(n_samples: int) -> int:
    """Count the excerpts of which every frame is centred on a sample that there is."""
    return (n_samples * UP // DOWN // HOP + 1) // N_FRAMES


def _first_sample(number: int) -> int:
    """Where what is kept of an excerpt begins, so that resampling meets the excerpt's grid."""
    return (number * STEP - HOP) // UP * DOWN - 2 * DOWN


def _resample(samples: Floats, number: int) -> Floats:
    from scipy.signal import resample_poly  # noqa: PLC0415 - scipy waits until it is needed

    first = number * STEP - HOP - _first_sample(number) // DOWN * UP
    taps = _low_pass()
    signal = resample_poly(samples, UP, DOWN, window=taps)  # type: ignore[call-overload]  # takes it
    excerpt: Floats = signal[first : first + STEP + HOP].astype(np.float32)
    return excerpt


@cache
def _low_pass() -> NDArray[np.float64]:
    """Cut as steeply as soxr does: a softer filter moves the top band, and tags with it."""
    from scipy.signal import firwin, kaiserord  # noqa: PLC0415 - as above

    passed, stopped = LOW_PASS_HZ
    up_rate = RATE * DOWN
    n_taps, beta = kaiserord(STOPPED_DB, 2 * (stopped - passed) / up_rate)
    taps: NDArray[np.float64] = firwin(
        n_taps | 1, (passed + stopped) / 2, window=("kaiser", beta), fs=up_rate
    )
    return taps


@cache
def _mel_filters() -> Floats:
    """Triangles of area 1 over Hz on the scale of Slaney, shape (bins, N_BANDS)."""
    top = MEL_BREAK + np.log(RATE / 2 / 1000) / MEL_LOG
    mels = np.linspace(0, top, N_BANDS + 2)
    bent = 1000 * np.exp(MEL_LOG * (mels - MEL_BREAK))
    edges = np.where(mels < MEL_BREAK, mels * MEL_STEP_HZ, bent)
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    rising = (bins - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins) / np.diff(edges)[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    filters: Floats = (triangles * 2 / (edges[2:] - edges[:-2])).astype(np.float32)
    return filters
