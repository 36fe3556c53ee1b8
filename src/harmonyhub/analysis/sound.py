"""Measures the print of a sound: what makes recordings sound alike, whatever their key and level.

`embedding.py` turns it into a point whose neighbours sound alike.
"""

from itertools import pairwise
from math import log2

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray
from harmonyhub.analysis.products import multiply_rows
from harmonyhub.analysis.spectrum import N_MELS, Spectrum
from harmonyhub.domain.analysis import Character, SoundPrint

LOUD_DB = 40.0  # frames further below the loudest are pauses
FLOOR_DB = 60.0  # what is further below the loudest band is hiss, or a codec's cut
ENOUGH_FRAMES = 16_384
BANDS = (0, 6, 16, 30, N_MELS)  # borders: about 290 Hz, 1.1 kHz and 3.2 kHz
LAG_FRAMES = 2  # 23 ms, as for onsets
RHYTHM_FRAMES = 65_536  # 12 minutes
N_TIMBRE = 12
# Repetitions per second, half an octave apart: from two slow bars to sixteenths at 200 a minute.
PACES_HZ = 0.4 * 2 ** (np.arange(11) / 2)
CHROMA_SPAN_S = 0.5


def measure_sound(
    spectrum: Spectrum, chroma: NDArray[np.float32], character: Character
) -> SoundPrint:
    """Measure the print of a track that is not silent.

    Parameters
    ----------
    chroma : array, shape (frames, 12)
        At `spectrum.pitch_rate`.

    References
    ----------
    Davis and Mermelstein 1980 (cepstral coefficients); Pampalk, Rauber and Merkl 2002,
    "Content-based organization and visualization of music archives" (fluctuation patterns);
    Harte, Sandler and Gasser 2006, "Detecting harmonic change in musical audio" (the Fourier
    transform of chroma, whose magnitudes no transposition changes).
    """
    levels = _levels(spectrum)
    frame_db = 10 * np.log10((10 ** (levels / 10)).mean(axis=1))
    return SoundPrint(
        timbre=_rounded(_timbre(levels)),
        rhythm=_rounded(_rhythm(spectrum)),
        harmony=_rounded(_harmony(chroma, spectrum.pitch_rate)),
        texture=_rounded(
            np.array([
                log2(max(character.brightness_hz, 30.0)), character.flatness,
                character.onsets_per_s, character.bass_share, character.tonal_share,
                character.syllables, character.vibrato,
                float(np.diff(np.percentile(frame_db, (10, 90)))[0]),
            ])
        ),
    )  # fmt: skip


def _levels(spectrum: Spectrum) -> NDArray[np.float32]:
    """Return levels of enough frames that are no pauses, in dB, shape (frames, bands)."""
    step = max(4, len(spectrum.mel_db) // ENOUGH_FRAMES)
    levels = spectrum.mel_db[::step].astype(np.float32)
    levels = np.maximum(levels, levels.max() - np.float32(FLOOR_DB))
    loudness = levels.max(axis=1)
    loud: NDArray[np.float32] = levels[loudness > loudness.max() - LOUD_DB]
    return loud


def _timbre(levels: NDArray[np.float32]) -> FloatArray:
    """Mean, spread and movement of the cepstral coefficients; none of them hears the level."""
    cepstra = multiply_rows(levels, _COSINES)
    moved = np.abs(np.diff(cepstra, axis=0)).mean(axis=0) if len(cepstra) > 1 else cepstra[0] * 0
    return np.concatenate([cepstra.mean(axis=0), cepstra.std(axis=0), moved])


def _rhythm(spectrum: Spectrum) -> FloatArray:
    """Say at which pace each band moves: shares of its movement, root of, 0 for a steady sound."""
    levels = spectrum.mel_db[:RHYTHM_FRAMES].astype(np.float32)
    levels = np.maximum(levels, levels.max() - FLOOR_DB)
    rise = np.maximum(levels[LAG_FRAMES:] - levels[:-LAG_FRAMES], 0)
    bands = np.stack([rise[:, low:high].mean(axis=1) for low, high in pairwise(BANDS)])
    movement = np.abs(np.fft.rfft(bands - bands.mean(axis=1, keepdims=True))) ** 2
    paces = np.log2(np.maximum(np.fft.rfftfreq(bands.shape[1], 1 / spectrum.mel_rate), 1e-3))
    near = np.maximum(0, 1 - 2 * np.abs(paces - np.log2(PACES_HZ)[:, None]))
    summed = movement @ near.T
    shares: FloatArray = np.sqrt(summed / np.maximum(summed.sum(axis=1, keepdims=True), 1e-9))
    return shares.ravel()


def _harmony(chroma: NDArray[np.float32], rate: float) -> FloatArray:
    """Twelve magnitudes of Fourier transforms: of moments, of the whole; and how much it moves."""
    span = max(1, round(CHROMA_SPAN_S * rate))
    whole = len(chroma) // span * span
    spans = chroma[:whole].reshape(-1, span, 12).mean(axis=1)
    sums = spans.sum(axis=1, keepdims=True)
    spans = spans[sums[:, 0] > 0.01 * sums.max(initial=0.0)]
    if not len(spans):
        return np.zeros(13)
    spans = spans / np.maximum(spans.sum(axis=1, keepdims=True), 1e-9)
    moments = np.abs(np.fft.rfft(spans, axis=1))[:, 1:].mean(axis=0)
    together = np.abs(np.fft.rfft(spans.mean(axis=0)))[1:]
    moved = np.abs(np.diff(spans, axis=0)).sum(axis=1).mean() if len(spans) > 1 else 0.0
    return np.concatenate([moments, together, [moved]])


def _cosines() -> NDArray[np.float32]:
    place = (np.arange(N_MELS) + 0.5) / N_MELS
    basis = np.cos(np.pi * place[:, None] * np.arange(1, N_TIMBRE + 1)) * (2 / N_MELS)
    return np.asarray(basis, dtype=np.float32)


_COSINES = _cosines()


def _rounded(values: FloatArray) -> list[float]:
    return [round(float(value), 4) for value in values]
