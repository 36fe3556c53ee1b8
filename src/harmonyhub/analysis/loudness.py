"""How loud a track is: integrated loudness and true peak by EBU R128, block by block."""

from dataclasses import dataclass
from math import cos, log10, pi, tan

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray
from harmonyhub.analysis.products import multiply_rows

STEPS_PER_BLOCK = 4  # gating blocks of 400 ms that overlap by 75 %: ITU-R BS.1770-4, 2.8
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
STEPS_PER_WINDOW = 30  # 3 s of short-term loudness: EBU Tech 3342
RANGE_GATE_LU = -20.0
QUIETEST_POWER = 1e-10
SURROUND = frozenset({"BL", "BR", "BC", "SL", "SR", "SDL", "SDR", "TBL", "TBC", "TBR", "WL", "WR"})
SURROUND_WEIGHT = 1.41
OVERSAMPLED_RATE = 176_400  # Hz: BS.1770-4, annex 2 asks for 4 x 48 kHz; 4 x 44.1 kHz is usual
PEAK_TAPS = 12  # per phase, as in BS.1770-4, annex 2
PEAK_ROW = 16  # samples per row of the matrix product; 16 wastes least


@dataclass(frozen=True, slots=True)
class Loudness:
    """Loudness over a whole track; None where nothing is over the gate.

    Attributes
    ----------
    integrated_lufs : float or None
    range_lu : float or None
        Loudness range (EBU Tech 3342).
    true_peak_dbtp : float or None
    step_lufs : float32 array, shape (steps,)
        Ungated loudness of each 100 ms, -100 where silent.
    """

    integrated_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None
    step_lufs: NDArray[np.float32]


def draw_short_term(step_lufs: NDArray[np.float32], n_columns: int) -> list[float]:
    """Draw short-term loudness as at most `n_columns` numbers, the middles of equal stretches.

    Parameters
    ----------
    step_lufs : array
        As in `Loudness`.

    Returns
    -------
    list of float
        LUFS of the 3 s around each middle, or of the whole stretch where that is longer; one
        decimal, -70 at least. Empty under 3 s.

    References
    ----------
    EBU Tech 3341 (2016), 2.2.
    """
    n_steps = len(step_lufs)
    if n_steps < STEPS_PER_WINDOW:
        return []
    powers = 10 ** (step_lufs.astype(np.float64) / 10)
    sums = np.concatenate([[0.0], np.cumsum(powers)])
    n_columns = min(n_columns, n_steps)
    width = max(STEPS_PER_WINDOW, -(-n_steps // n_columns))
    middles = (np.arange(n_columns) + 0.5) * n_steps / n_columns
    # At the ends the window is pushed inside: a shorter one would be louder than any real 3 s.
    starts = np.clip(np.round(middles - width / 2).astype(int), 0, n_steps - width)
    lufs = 10 * np.log10((sums[starts + width] - sums[starts]) / width)
    return [float(level) for level in np.maximum(lufs.round(1), ABSOLUTE_GATE_LUFS)]


class LoudnessMeter:
    """Takes a track in pieces and keeps one number per 100 ms.

    Parameters
    ----------
    sample_rate : int
        Hz.
    channel_names : tuple of str
        FFmpeg's short names; surround channels weigh 1.41, the subwoofer channel nothing.
    finds_peak : bool
        Whether to look between the samples too, at a third of the cost; the peak is None without.

    References
    ----------
    ITU-R BS.1770-4 (2015); EBU R 128 (2020) and EBU Tech 3341.
    """

    def __init__(
        self, sample_rate: int, channel_names: tuple[str, ...], *, finds_peak: bool = True
    ) -> None:
        self._weights = np.array([_channel_weight(name) for name in channel_names])
        self._filter = _k_weighting(sample_rate)
        self._filter_state = np.zeros((len(self._filter), len(channel_names), 2))
        self._step = round(sample_rate / 10)
        self._rest = np.empty(0)
        self._step_powers: list[NDArray[np.float64]] = []
        self._peak = _TruePeak(sample_rate, len(channel_names)) if finds_peak else None

    def add(self, channels: NDArray[np.float32]) -> None:
        """Take the next piece, shape (channels, samples)."""
        from scipy.signal import sosfilt  # noqa: PLC0415  costs 0.8 s to import

        if channels.shape[1] == 0:
            return
        if self._peak is not None:
            self._peak.add(channels)
        weighted, self._filter_state = sosfilt(self._filter, channels, zi=self._filter_state)
        power = np.concatenate([self._rest, self._weights @ np.square(weighted)])
        n_steps = len(power) // self._step
        self._step_powers.append(
            power[: n_steps * self._step].reshape(n_steps, self._step).mean(axis=1)
        )
        self._rest = power[n_steps * self._step :]

    def finish(self) -> Loudness:
        """Return the measurement over all pieces."""
        steps = np.concatenate(self._step_powers) if self._step_powers else np.empty(0)
        return Loudness(
            integrated_lufs=_integrate(steps),
            range_lu=_measure_range(steps),
            true_peak_dbtp=None if self._peak is None else self._peak.dbtp(),
            step_lufs=(-0.691 + 10 * np.log10(np.maximum(steps, QUIETEST_POWER))).astype(
                np.float32
            ),
        )


def _integrate(step_powers: FloatArray) -> float | None:
    """Gate blocks absolutely at -70 LUFS, then 10 LU below what is left."""
    if len(step_powers) < STEPS_PER_BLOCK:
        return None
    blocks = np.convolve(step_powers, np.full(STEPS_PER_BLOCK, 1 / STEPS_PER_BLOCK), "valid")
    heard = blocks[blocks > _power(ABSOLUTE_GATE_LUFS)]
    if not heard.size:
        return None
    gated = heard[heard > heard.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
    return _lufs(float(gated.mean()))


def _measure_range(step_powers: FloatArray) -> float | None:
    """Spread of the short-term loudness between its 10th and 95th percentile, gated."""
    if len(step_powers) < STEPS_PER_WINDOW:
        return None
    sums = np.concatenate([[0.0], np.cumsum(step_powers)])
    windows = (sums[STEPS_PER_WINDOW:] - sums[:-STEPS_PER_WINDOW]) / STEPS_PER_WINDOW
    heard = windows[windows > _power(ABSOLUTE_GATE_LUFS)]
    if not heard.size:
        return None
    gated = heard[heard > heard.mean() * 10 ** (RANGE_GATE_LU / 10)]
    low, high = np.percentile(gated, (10, 95))
    return 10 * log10(high / low)


def _lufs(power: float) -> float:
    return -0.691 + 10 * log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


def _channel_weight(name: str) -> float:
    if name.startswith("LFE"):
        return 0.0
    return SURROUND_WEIGHT if name in SURROUND else 1.0


def _k_weighting(sample_rate: int) -> NDArray[np.float64]:
    """Head shelf and high-pass as second-order sections for any rate.

    BS.1770-4 gives coefficients for 48 kHz only; these are the analogue prototypes behind them
    (Brecht De Man 2014, "Evaluation of implementations of the EBU R128 loudness measurement").
    """
    k = tan(pi * 1681.974450955533 / sample_rate)
    q = 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    norm = 1 + k / q + k * k
    shelf = [
        (high + band * k / q + k * k) / norm,
        2 * (k * k - high) / norm,
        (high - band * k / q + k * k) / norm,
        1.0,
        2 * (k * k - 1) / norm,
        (1 - k / q + k * k) / norm,
    ]
    k = tan(pi * 38.13547087602444 / sample_rate)
    q = 0.5003270373238773
    norm = 1 + k / q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm]
    return np.array([shelf, high_pass])


class _TruePeak:
    """Largest value of the signal between its samples, by polyphase interpolation."""

    def __init__(self, sample_rate: int, n_channels: int) -> None:
        n_phases = max(1, -(-OVERSAMPLED_RATE // sample_rate))
        taps = _interpolator(n_phases)
        self._matrix = _band_matrix(taps)
        # No interpolated value passes this many times the largest sample around it, so rows of
        # quiet samples need no product at all.
        self._gain_bound = float(np.abs(taps).sum(axis=1).max())
        self._tail = np.zeros((n_channels, PEAK_TAPS - 1), np.float32)
        self._peak = 0.0

    def add(self, channels: NDArray[np.float32]) -> None:
        signal = np.concatenate([self._tail, channels], axis=1)
        n_rows = max(0, (signal.shape[1] - PEAK_TAPS + 1) // PEAK_ROW)
        self._tail = signal[:, n_rows * PEAK_ROW :]  # half a row would end in a step to 0
        self._peak = max(self._peak, float(np.abs(channels).max(initial=0.0)))
        if n_rows:
            for channel in signal:
                self._add_rows(channel[: n_rows * PEAK_ROW + PEAK_TAPS - 1], n_rows)

    def _add_rows(self, signal: NDArray[np.float32], n_rows: int) -> None:
        width = PEAK_ROW + PEAK_TAPS - 1
        rows = np.lib.stride_tricks.sliding_window_view(signal, width)[::PEAK_ROW]
        peaks = np.abs(signal[: n_rows * PEAK_ROW]).reshape(n_rows, PEAK_ROW).max(axis=1)
        after = np.append(peaks[1:], np.abs(signal[n_rows * PEAK_ROW :]).max())
        loud = np.maximum(peaks, after) * self._gain_bound > self._peak
        if loud.any():
            between = np.abs(multiply_rows(rows[loud], self._matrix)).max()
            self._peak = max(self._peak, float(between))

    def dbtp(self) -> float | None:
        # The last samples stand at the edge of the filter: push them through it.
        self.add(np.zeros((len(self._tail), PEAK_ROW + PEAK_TAPS), np.float32))
        return 20 * log10(self._peak) if self._peak > 0 else None


def _interpolator(n_phases: int) -> NDArray[np.float32]:
    """Hann-windowed sinc, shape (phases, taps); each phase passes a constant unchanged."""
    centre = (PEAK_TAPS - 1) / 2
    rows = []
    for phase in range(n_phases):
        distance = np.arange(PEAK_TAPS) - centre - phase / n_phases + 0.5
        window = np.array([cos(pi * d / (PEAK_TAPS + 1)) ** 2 for d in distance])
        row = np.sinc(distance) * window
        rows.append(row / row.sum())
    return np.array(rows, np.float32)


def _band_matrix(taps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay the filter out so that one product interpolates a whole row of samples."""
    n_phases = len(taps)
    matrix = np.zeros((PEAK_ROW + PEAK_TAPS - 1, PEAK_ROW * n_phases), np.float32)
    for sample in range(PEAK_ROW):
        matrix[sample : sample + PEAK_TAPS, sample * n_phases : (sample + 1) * n_phases] = taps.T
    return matrix
