"""Cuts a track into its single sounds, from attack to attack, each with pitch and timbre."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray
from harmonyhub.analysis.onsets import measure_onset_strength
from harmonyhub.analysis.spectrum import Spectrum

MIN_LENGTH_S = 0.08
ONSET_HEIGHT = 0.8  # deviations of onset strength
SURE_HEIGHT = 4.0
N_TIMBRE = 12
QUIETEST_DB = -60.0


@dataclass(frozen=True, slots=True)
class Segment:
    """One sound.

    Attributes
    ----------
    start_s, duration_s : float
    confidence : float
        In [0, 1]: how clear its attack is.
    start_db, peak_db : float
        Level at the start and at its loudest, which is `peak_after_s` later.
    pitches : list of 12 floats
        In [0, 1], C first; the strongest is 1.
    timbre : list of 12 floats
        Cosine coefficients of the mel levels in dB: the first is the level above -60 dB, the
        second leans to the dark; "mel-frequency cepstral coefficients" (Davis and Mermelstein
        1980). Not Spotify's basis, which was never published.
    """

    start_s: float
    duration_s: float
    confidence: float
    start_db: float
    peak_db: float
    peak_after_s: float
    pitches: list[float]
    timbre: list[float]


def find_segments(
    spectrum: Spectrum, chroma: NDArray[np.float32], duration_s: float
) -> list[Segment]:
    """Cut at every clear attack; the first segment starts at 0, the last ends with the track.

    References
    ----------
    Jehan 2005, "Creating music by listening", PhD thesis, MIT (single sounds from attack to attack,
    each with loudness, pitch and timbre); where an attack is clear, is ours.
    """
    strength = measure_onset_strength(spectrum.mel_db, spectrum.mel_rate)
    starts = [0, *_find_attacks(strength, spectrum.mel_rate)]
    edges = [*starts, len(strength)]
    return [
        _describe(spectrum, chroma, strength, span=span, duration_s=duration_s)
        for span in pairwise(edges)
        if span[1] > span[0]
    ]


def _find_attacks(strength: FloatArray, rate: float) -> list[int]:
    peaks = np.flatnonzero(
        (strength[1:-1] > strength[:-2])
        & (strength[1:-1] >= strength[2:])
        & (strength[1:-1] > ONSET_HEIGHT)
    )
    kept: list[int] = []
    for peak in (peaks + 1).tolist():
        if peak - (kept[-1] if kept else 0) >= MIN_LENGTH_S * rate:
            kept.append(peak)
    return kept


def _describe(
    spectrum: Spectrum,
    chroma: NDArray[np.float32],
    strength: FloatArray,
    *,
    span: tuple[int, int],
    duration_s: float,
) -> Segment:
    rate = spectrum.mel_rate
    levels = spectrum.mel_db[slice(*span)].astype(np.float32)
    frame_db = np.maximum(10 * np.log10((10 ** (levels / 10)).sum(axis=1)), QUIETEST_DB)
    start_s, end_s = span[0] / rate, min(span[1] / rate, duration_s)
    first, last = (round(at * spectrum.pitch_rate) for at in (start_s, end_s))
    pitches = (
        chroma[first : max(last, first + 1)].mean(axis=0) if first < len(chroma) else chroma[-1]
    )
    loudest = int(frame_db.argmax())
    return Segment(
        start_s=round(start_s, 4),
        duration_s=round(max(end_s - start_s, 0.0), 4),
        confidence=round(float(np.clip(strength[span[0]] / SURE_HEIGHT, 0, 1)), 3),
        start_db=round(float(frame_db[0]), 2),
        peak_db=round(float(frame_db[loudest]), 2),
        peak_after_s=round(loudest / rate, 4),
        pitches=np.round(pitches / max(float(pitches.max()), 1e-9), 3).astype(float).tolist(),
        timbre=np.round((levels.mean(axis=0) - QUIETEST_DB) @ _COSINES, 3).astype(float).tolist(),
    )


def _cosines(n_bands: int) -> FloatArray:
    place = (np.arange(n_bands) + 0.5) / n_bands
    basis: FloatArray = np.cos(np.pi * place[:, None] * np.arange(N_TIMBRE)) / n_bands
    return basis


_COSINES = _cosines(48)
