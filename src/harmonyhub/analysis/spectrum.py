"""One pass over the spectrum: what rhythm, harmony and pictures need, small enough to keep."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis.products import multiply_rows

MEL_WINDOW = 1024  # samples, 46 ms at 22,050 Hz: short enough to time an attack
MEL_HOP = 256
N_MELS = 48
MEL_RANGE_HZ = (30.0, 10_000.0)
PITCH_WINDOW = 8192  # samples, 372 ms: tells neighbours apart down to 80 Hz
PITCH_HOP = 2048
PITCH_RANGE_HZ = (80.0, 2_000.0)
PITCH_BINS = 120  # per octave, 10 cents each
TONE_RANGE_HZ = (30.0, 4_200.0)  # the notes of a piano, from the lowest C
N_TONES = 84  # semitones from C1 to B7
TONE_BINS = 3 * N_TONES  # a third of a semitone: enough to follow any tuning afterwards
PEAK_FLOOR = 0.003  # 50 dB below the loudest of the frame
PITCH_FLOOR = 0.01  # 40 dB
QUIETEST = 1e-10  # power below which a band counts as silent
C0_HZ = 440.0 * 2 ** (-57 / 12)
C1_HZ = 2 * C0_HZ


@dataclass(frozen=True, slots=True)
class Spectrum:
    """What one pass keeps of a track.

    Attributes
    ----------
    mel_db : float16 array, shape (frames, N_MELS)
        Power per mel band in dB; frame `k` is centred on `k / mel_rate` seconds.
    mel_rate : float
        Frames per second.
    pitches : float16 array, shape (frames, PITCH_BINS)
        Amplitude of spectral peaks per 10 cents of the octave, bin 0 at C of A4 = 440 Hz.
    tones : float16 array, shape (frames, TONE_BINS)
        Amplitude of spectral peaks per third of a semitone, bin 0 at C1; rate as `pitches`.
    pitch_rate : float
        Frames per second.
    """

    mel_db: NDArray[np.float16]
    mel_rate: float
    pitches: NDArray[np.float16]
    tones: NDArray[np.float16]
    pitch_rate: float


class SpectrumPass:
    """Takes mono signal in pieces of any length; 3 hours cost 180 MB."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._mel_frames = _Framer(MEL_WINDOW, MEL_HOP)
        self._pitch_frames = _Framer(PITCH_WINDOW, PITCH_HOP)
        self._mel_filters = _mel_filters(sample_rate)
        self._mel_window = _window(MEL_WINDOW)
        self._pitch_window = _window(PITCH_WINDOW)
        self._mel = _Rows(N_MELS)
        self._pitches = _Rows(PITCH_BINS)
        self._tones = _Rows(TONE_BINS)

    def add(self, signal: NDArray[np.float32]) -> None:
        """Take the next piece, shape (samples,)."""
        self._add_frames(self._mel_frames.add(signal), self._pitch_frames.add(signal))

    def finish(self) -> Spectrum:
        """Return what was kept of the whole track."""
        self._add_frames(self._mel_frames.finish(), self._pitch_frames.finish())
        return Spectrum(
            mel_db=self._mel.filled(),
            mel_rate=self._sample_rate / MEL_HOP,
            pitches=self._pitches.filled(),
            tones=self._tones.filled(),
            pitch_rate=self._sample_rate / PITCH_HOP,
        )

    def _add_frames(
        self, mel_frames: NDArray[np.float32], pitch_frames: NDArray[np.float32]
    ) -> None:
        if len(mel_frames):
            magnitudes = np.abs(np.fft.rfft(mel_frames * self._mel_window))
            power = multiply_rows(np.square(magnitudes), self._mel_filters)
            self._mel.append((10 * np.log10(power + QUIETEST)).astype(np.float16))
        if len(pitch_frames):
            magnitudes = np.abs(np.fft.rfft(pitch_frames * self._pitch_window))
            peaks = _find_peaks(magnitudes, self._sample_rate)
            self._pitches.append(_fold_peaks(peaks, len(magnitudes)))
            self._tones.append(_place_peaks(peaks, len(magnitudes)))


class _Rows:
    """A float16 table that grows in place: joining pieces at the end would hold them twice."""

    def __init__(self, width: int) -> None:
        self._table = np.empty((4096, width), np.float16)
        self._length = 0

    def append(self, rows: NDArray[np.float16]) -> None:
        end = self._length + len(rows)
        if end > len(self._table):
            grown = max(end, len(self._table) * 17 // 16)  # the new room is filled with zeros
            self._table.resize((grown, self._table.shape[1]), refcheck=False)
        self._table[self._length : end] = rows
        self._length = end

    def filled(self) -> NDArray[np.float16]:
        """Give the table without the room that was left to grow."""
        self._table.resize((self._length, self._table.shape[1]), refcheck=False)
        return self._table


class _Framer:
    """Cuts a stream into overlapping frames, the first centred on the first sample."""

    def __init__(self, window: int, hop: int) -> None:
        self._window = window
        self._hop = hop
        self._rest = np.zeros(window // 2, np.float32)

    def add(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the frames that are complete now, shape (frames, window)."""
        stream = np.concatenate([self._rest, signal])
        n_frames = max(0, (len(stream) - self._window) // self._hop + 1)
        self._rest = stream[n_frames * self._hop :]
        if n_frames == 0:
            return np.empty((0, self._window), np.float32)
        return np.lib.stride_tricks.sliding_window_view(stream, self._window)[:: self._hop][
            :n_frames
        ]

    def finish(self) -> NDArray[np.float32]:
        """Pad the end so that the last sample is in the middle of a frame."""
        return self.add(np.zeros(self._window // 2, np.float32))


def _window(length: int) -> NDArray[np.float32]:
    """Hann window scaled so that a sine of amplitude 1 has magnitude 1."""
    return (np.hanning(length + 1)[:-1] * 4 / length).astype(np.float32)


def _mel_filters(sample_rate: int) -> NDArray[np.float32]:
    """Triangles on the mel scale, shape (bins, N_MELS)."""
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in MEL_RANGE_HZ)
    mel_edges = np.linspace(lowest, highest, N_MELS + 2)
    edges = 700 * (10 ** (mel_edges / 2595) - 1)
    bins = np.fft.rfftfreq(MEL_WINDOW, 1 / sample_rate)[:, None]
    width = sample_rate / MEL_WINDOW  # low bands are narrower than a bin: keep them from vanishing
    rising = (bins - edges[:-2]) / np.maximum(edges[1:-1] - edges[:-2], width)
    falling = (edges[2:] - bins) / np.maximum(edges[2:] - edges[1:-1], width)
    filters: NDArray[np.float32] = np.clip(np.minimum(rising, falling), 0, 1).astype(np.float32)
    return filters


@dataclass(frozen=True, slots=True)
class _Peaks:
    """Local peaks of several frames, one entry each; `share` is of the frame's loudest."""

    frame: NDArray[np.intp]
    hz: NDArray[np.float32]
    amplitude: NDArray[np.float32]
    share: NDArray[np.float32]


def _find_peaks(magnitudes: NDArray[np.float32], sample_rate: int) -> _Peaks:
    """Find local peaks of each frame and refine their frequency."""
    first, last = (round(hz * PITCH_WINDOW / sample_rate) for hz in TONE_RANGE_HZ)
    below, here, above = (magnitudes[:, first + i : last + i] for i in (-1, 0, 1))
    loudest = np.maximum(here.max(axis=1, keepdims=True), 1e-5)
    frame, column = np.nonzero((here > below) & (here >= above) & (here > PEAK_FLOOR * loudest))
    left, centre, right = (np.log(part[frame, column] + 1e-12) for part in (below, here, above))
    # Parabola through three log magnitudes: Smith and Serra 1987, "PARSHL".
    offset = 0.5 * (left - right) / np.minimum(left - 2 * centre + right, -1e-9)
    amplitude = here[frame, column]
    hz = (first + column + offset) * sample_rate / PITCH_WINDOW
    return _Peaks(frame, hz.astype(np.float32), amplitude, amplitude / loudest[frame, 0])


def _fold_peaks(peaks: _Peaks, n_frames: int) -> NDArray[np.float16]:
    """Fold the clear peaks of the middle registers into one octave, shape (frames, bins)."""
    lowest, highest = PITCH_RANGE_HZ
    clear = (peaks.share > PITCH_FLOOR) & (peaks.hz >= lowest) & (peaks.hz <= highest)
    bins = np.round(np.log2(peaks.hz[clear] / C0_HZ) * PITCH_BINS).astype(np.int64) % PITCH_BINS
    folded = np.bincount(
        peaks.frame[clear] * PITCH_BINS + bins,
        weights=peaks.amplitude[clear],
        minlength=n_frames * PITCH_BINS,
    )
    return folded.reshape(-1, PITCH_BINS).astype(np.float16)


def _place_peaks(peaks: _Peaks, n_frames: int) -> NDArray[np.float16]:
    """Share each peak between the two nearest bins of the keyboard, shape (frames, bins)."""
    place = np.log2(peaks.hz / C1_HZ) * (TONE_BINS * 12 / N_TONES)
    heard = (place >= 0) & (place < TONE_BINS - 1)
    place = place[heard]
    lower = np.floor(place)
    above = place - lower
    cells = peaks.frame[heard] * TONE_BINS + lower.astype(np.int64)
    amplitude = peaks.amplitude[heard]
    size = n_frames * TONE_BINS
    keyboard = np.bincount(cells, weights=amplitude * (1 - above), minlength=size)
    keyboard += np.bincount(cells + 1, weights=amplitude * above, minlength=size)
    return keyboard.reshape(-1, TONE_BINS).astype(np.float16)
