"""What beats and bars are judged by: the networks' words, and where bass and chords change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray, IndexArray
from harmonyhub.analysis.network_inputs import find_loud_db, scale_levels
from harmonyhub.analysis.products import multiply_rows
from harmonyhub.analysis.smoothing import log_softmax
from harmonyhub.analysis.spectrum import TONE_BINS, Spectrum

BASS_SEMITONES = 28  # from C1: up to E3
CHUNK = 4096  # frames: as float32, the tones of 3 hours would take 120 MB at once


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a track before its beats are.

    Attributes
    ----------
    likely : array, shape (frames, 2)
        Chance in [0, 1] of a beat and of a downbeat.
    frame_rate : float
        Frames per second.
    bass : array, shape (tone frames, 28)
        Semitones from C1; each frame of length 1 or 0.
    tone_rate : float
        Frames of `bass` per second.
    chords : array, shape (pairs, chords)
        Square roots of the chance of each chord: their products compare chances (Bhattacharyya).
    chord_rate : float
        Rows of `chords` per second.
    mel_db : array, shape (frames, bands)
        Levels in dB.
    """

    likely: NDArray[np.float32]
    frame_rate: float
    bass: NDArray[np.float32]
    tone_rate: float
    chords: NDArray[np.float32]
    chord_rate: float
    mel_db: NDArray[np.float16]


def gather_evidence(
    spectrum: Spectrum, likely: NDArray[np.float32], chord_logits: NDArray[np.float32]
) -> Evidence:
    """Take the bass, which moves with the beats, out of a spectrum; join it with what was heard."""
    fold = (np.arange(TONE_BINS)[:, None] // 3 == np.arange(BASS_SEMITONES)).astype(np.float32)
    tones = spectrum.tones
    bass = np.concatenate(
        [
            multiply_rows(tones[start : start + CHUNK].astype(np.float32), fold)
            for start in range(0, len(tones), CHUNK)
        ]
        or [np.empty((0, BASS_SEMITONES), np.float32)]
    )
    return Evidence(
        likely=likely,
        frame_rate=spectrum.mel_rate,
        bass=_unit(bass),
        tone_rate=spectrum.pitch_rate,
        chords=np.exp(log_softmax(chord_logits) / 2),
        chord_rate=spectrum.pitch_rate / 2,
        mel_db=spectrum.mel_db,
    )


def find_frames(times_s: FloatArray, rate: float) -> IndexArray:
    """Give the frame of each time."""
    return np.round(times_s * rate).astype(np.intp)


def look_near(values: FloatArray, frames: IndexArray, reach: int) -> FloatArray:
    """Take the values within `reach` frames of each, shape (frames, 2 * reach + 1)."""
    at = frames[:, None] + np.arange(-reach, reach + 1)
    near: FloatArray = values[np.clip(at, 0, len(values) - 1)]
    return near


def measure_changes(
    rows: NDArray[np.float32], beats_s: FloatArray, rate: float, *, n_beats: int = 1
) -> FloatArray:
    """Compare what sounds in the `n_beats` before each beat with as many from there on.

    Returns
    -------
    array, shape (beats,)
        One less the cosine, in [0, 1]; 0 where there are too few beats on a side.
    """
    changes = np.zeros(len(beats_s))
    edges = np.minimum(find_frames(beats_s, rate), len(rows) - 1)
    spans = _unit(np.add.reduceat(rows, edges, axis=0))
    for _ in range(n_beats - 1):
        spans = _unit(spans[:-1] + spans[1:])
    alike = (spans[n_beats:] * spans[:-n_beats]).sum(axis=1)
    changes[n_beats : n_beats + len(alike)] = 1 - alike
    return changes


def measure_turns(evidence: Evidence, beats_s: FloatArray, *, n_beats: int) -> FloatArray:
    """Measure how sharply the sound turns at each beat, as where an instrument enters or leaves.

    Returns
    -------
    array, shape (beats,)
        How far the mean levels of the `n_beats` before and of as many from there on lie apart, on
        a scale of 70 dB, above the same at the beats beside; 0 where it is more there.
    """
    levels = _average_levels(evidence, beats_s)
    sums = np.concatenate([np.zeros((1, levels.shape[1])), levels.cumsum(axis=0)])
    at = np.arange(1, len(levels))
    first, last = np.maximum(at - n_beats, 0), np.minimum(at + n_beats, len(levels))
    before = (sums[at] - sums[first]) / (at - first)[:, None]
    after = (sums[last] - sums[at]) / (last - at)[:, None]
    apart = np.pad(np.sqrt(((after - before) ** 2).mean(axis=1)), (1, 0))
    beside = np.pad(apart, 1, mode="edge")
    turns: FloatArray = np.maximum(apart - np.maximum(beside[:-2], beside[2:]), 0.0)
    return turns


def is_compound(evidence: Evidence, beats_s: FloatArray) -> bool:
    """Tell whether beats fall into thirds, as in 6/8 or a shuffle, rather than into halves.

    They do where levels rise more steeply at thirds than at halves; this sign is ours.
    """
    halves, first, second = (
        _measure_rise(evidence, beats_s[:-1] + part * np.diff(beats_s))
        for part in (1 / 2, 1 / 3, 2 / 3)
    )
    return first + second > 2 * halves


def _measure_rise(evidence: Evidence, times_s: FloatArray) -> float:
    """How far levels rise in two frames, most within 25 ms of each time; mean of bands in dB."""
    at = np.clip(find_frames(times_s, evidence.frame_rate), 3, len(evidence.mel_db) - 4)
    rises = [
        np.maximum(
            evidence.mel_db[at + step + 1].astype(np.float32) - evidence.mel_db[at + step - 1], 0
        ).mean(axis=1)
        for step in (-2, -1, 0, 1, 2)
    ]
    return float(np.max(rises, axis=0).mean())


def _average_levels(evidence: Evidence, beats_s: FloatArray) -> FloatArray:
    """Mean levels of each beat, shape (beats, bands); one beat at a time, as tracks may be long."""
    mel_db, loud_db = evidence.mel_db, find_loud_db(evidence.mel_db)
    starts = np.minimum(find_frames(beats_s, evidence.frame_rate), len(mel_db) - 1)
    ends = np.append(starts[1:], starts[-1] + round(np.median(np.diff(starts))))
    return np.stack(
        [
            scale_levels(mel_db[start : max(end, start + 1)], loud_db=loud_db).mean(axis=0)
            for start, end in zip(starts, ends, strict=True)
        ]
    ).astype(float)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6)
    return unit
