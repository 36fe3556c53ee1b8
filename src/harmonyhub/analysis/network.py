"""Runs the two small networks with nothing but array products, one core, long files in pieces.

The weights were learnt by `training/` from music that we composed and rendered; its README is their
model card.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis.network_inputs import (
    find_loud_db,
    find_loud_tone,
    scale_levels,
    scale_tones,
)
from harmonyhub.analysis.products import multiply_rows
from harmonyhub.analysis.spectrum import N_TONES, TONE_BINS

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]
PULSE_DILATIONS = (1, 2, 4, 8, 16, 32, 64, 128)
HARMONY_BLOCKS = ("time1", "mix", "time2", "mix", "time4", "mix", "time8")
QUALITIES = ("maj", "min", "7", "maj7", "min7", "hdim7", "dim", "sus4", "5")
TAPS = 5
PULSE_PIECE = 4096  # computed at once; 3 hours at once would take gigabytes
# What lies further away than the sum of all reaches cannot matter: see `_in_pieces`.
PULSE_REACH = 2 * sum(PULSE_DILATIONS) + 1
HARMONY_PIECE, HARMONY_REACH = 512, 2 * (1 + 2 + 4 + 8) + 1


@dataclass(frozen=True, slots=True)
class HarmonyLogits:
    """Unnormalized log probabilities per pair of frames.

    Attributes
    ----------
    chords : array, shape (pairs, 12 * qualities + 1)
        By quality, then root; the last is "no chord".
    bass : array, shape (pairs, 13)
        "No chord", then the pitch class in the bass.
    keys : array, shape (pairs, 24)
        Twelve major keys, then twelve minor keys.
    """

    chords: Floats
    bass: Floats
    keys: Floats


def hear_pulse(mel_db: NDArray[np.float16]) -> Floats:
    """Estimate how likely each frame holds a beat and a downbeat.

    Parameters
    ----------
    mel_db : array, shape (frames, bands)
        Levels in dB.

    Returns
    -------
    array, shape (frames, 2)
        In [0, 1]: beat, downbeat.

    References
    ----------
    Davies and Boeck 2019, "Temporal convolutional networks for musical audio beat tracking",
    EUSIPCO (dilated convolutions over time).
    """
    n_frames = len(mel_db)
    even = mel_db if n_frames % 2 == 0 else np.concatenate([mel_db, mel_db[-1:]])
    pairs = even.reshape(len(even) // 2, 2 * mel_db.shape[1])
    run = partial(_run_pulse, loud_db=find_loud_db(mel_db))
    logits = _in_pieces(pairs, run, width=4, piece=PULSE_PIECE, reach=PULSE_REACH)
    halves = logits.reshape(len(even), 2)[:n_frames]
    likely: Floats = (1 / (1 + np.exp(-halves))).astype(np.float32)
    return likely


def hear_harmony(tones: NDArray[np.float16], tuning_cents: float) -> HarmonyLogits:
    """Estimate chord, bass and key of each pair of frames.

    Parameters
    ----------
    tones : array, shape (frames, TONE_BINS)
        Amplitude per third of a semitone.

    References
    ----------
    McFee and Bello 2017, "Structured training for large-vocabulary chord recognition", ISMIR
    (chord and bass learnt together); the sharing of weights among the twelve roots is ours.
    """
    even = tones if len(tones) % 2 == 0 else np.concatenate([tones, np.zeros_like(tones[:1])])
    pairs = even.reshape(len(even) // 2, 2 * TONE_BINS)
    run = partial(_run_harmony, tuning_cents=tuning_cents, loud=find_loud_tone(tones))
    n_chords = 12 * len(QUALITIES) + 1
    width = n_chords + 12 + 24
    out = _in_pieces(pairs, run, width=width, piece=HARMONY_PIECE, reach=HARMONY_REACH)
    return HarmonyLogits(
        chords=out[:, :n_chords],
        bass=out[:, n_chords - 1 : n_chords + 12],
        keys=out[:, n_chords + 12 :],
    )


def _run_pulse(pairs: NDArray[np.float16], *, loud_db: float) -> Floats:
    weights = _load("pulse")
    levels = scale_levels(pairs, loud_db=loud_db)
    signal = np.maximum(_convolve(levels[None], weights, "enter"), 0)
    for number, dilation in enumerate(PULSE_DILATIONS):
        signal += _spread(signal, weights, f"{number}", dilation=dilation)
    logits: Floats = _leave(signal, weights)[0]
    return logits


def _run_harmony(pairs: NDArray[np.float16], *, tuning_cents: float, loud: float) -> Floats:
    """Chords, "no chord", bass, keys side by side, shape (pairs, 12 * qualities + 1 + 12 + 24)."""
    weights = _load("harmony")
    tones = scale_tones(pairs.reshape(2 * len(pairs), TONE_BINS), tuning_cents, loud=loud)
    signal = _enter_roots(tones, weights)
    for number, name in enumerate(HARMONY_BLOCKS):
        if name == "mix":
            signal += _mix_roots(signal, weights, f"{number}")
        else:
            signal += _spread(signal, weights, f"{number}", dilation=int(name[4:]))
    out = _leave(signal, weights).transpose(1, 2, 0)  # (pairs, kinds, roots)
    n = len(QUALITIES)
    none = out[:, n].mean(axis=1, keepdims=True)
    kinds = (out[:, :n], none, out[:, n + 1], out[:, n + 2 :])
    return np.concatenate([part.reshape(len(pairs), -1) for part in kinds], axis=1)


def _in_pieces(
    rows: NDArray[np.float16],
    run: Callable[[NDArray[np.float16]], Floats],
    *,
    width: int,
    piece: int,
    reach: int,
) -> Floats:
    """Run over overlapping pieces: what is kept is what the whole at once would give."""
    joined = np.empty((len(rows), width), np.float32)
    for start in range(0, len(rows), piece):
        first = max(0, start - reach)
        out = run(rows[first : start + piece + reach])
        joined[start : start + piece] = out[start - first :][:piece]
    return joined


def _enter_roots(tones: Floats, weights: Weights) -> Floats:
    """Look at the keyboard from each root upwards, shape (12, pairs, width).

    Each pair sees the frame before it and the frame after it too.
    """
    raised = np.pad(tones, ((1, 1), (0, 11)))
    views = np.stack([raised[:, root : root + N_TONES] for root in range(12)])
    n_pairs = len(tones) // 2
    total = np.tile(weights["enter.bias"], (12, n_pairs, 1))
    for number, tap in enumerate(weights["enter.weight"]):
        total += _multiply(views[:, number : number + 2 * n_pairs : 2], tap)
    return np.maximum(total, 0)


def _convolve(signal: Floats, weights: Weights, name: str, *, dilation: int = 1) -> Floats:
    """Convolve over frames; (rows, frames, width) in and out, the weights as (taps, in, out)."""
    taps = weights[f"{name}.weight"]
    n_frames, reach = signal.shape[1], len(taps) // 2 * dilation
    padded = np.pad(signal, ((0, 0), (reach, reach), (0, 0)))
    total = np.tile(weights[f"{name}.bias"], (signal.shape[0], n_frames, 1))
    for number, tap in enumerate(taps):
        shifted = padded[:, number * dilation : number * dilation + n_frames]
        total += _multiply(shifted, tap)
    return total


def _spread(signal: Floats, weights: Weights, block: str, *, dilation: int) -> Floats:
    spread = np.maximum(_convolve(signal, weights, f"{block}.spread", dilation=dilation), 0)
    return _multiply(spread, weights[f"{block}.mix.weight"][0]) + weights[f"{block}.mix.bias"]


def _mix_roots(signal: Floats, weights: Weights, block: str) -> Floats:
    narrow = _multiply(signal, weights[f"{block}.narrow.weight"][0])
    narrow = np.maximum(narrow + weights[f"{block}.narrow.bias"], 0)
    circle = weights[f"{block}.circle.weight"]
    total = np.tile(weights[f"{block}.circle.bias"], (*signal.shape[:2], 1))
    for interval, tap in enumerate(circle):
        total += np.roll(_multiply(narrow, tap), -interval, axis=0)
    widened = _multiply(np.maximum(total, 0), weights[f"{block}.widen.weight"][0])
    return widened + weights[f"{block}.widen.bias"]


def _leave(signal: Floats, weights: Weights) -> Floats:
    scaled = np.maximum(signal * weights["leave.scale"] + weights["leave.shift"], 0)
    return _multiply(scaled, weights["head.weight"][0]) + weights["head.bias"]


def _multiply(signal: Floats, matrix: Floats) -> Floats:
    rows = np.ascontiguousarray(signal).reshape(signal.shape[0] * signal.shape[1], signal.shape[2])
    return multiply_rows(rows, matrix).reshape(*signal.shape[:2], matrix.shape[1])


@cache
def _load(name: str) -> Weights:
    """Load weights from the package as (taps, in, out) float32."""
    with (
        files("harmonyhub.analysis").joinpath("weights", f"{name}.npz").open("rb") as file,
        np.load(file) as arrays,
    ):
        return {key: _as_taps(arrays[key]) for key in arrays.files}


def _as_taps(array: NDArray[np.floating]) -> Floats:
    """From (out, in, rows, taps), of which one is 1 or spans the keyboard, to (taps, in, out)."""
    if array.ndim == 1:
        return array.astype(np.float32)
    out, width, rows, taps = array.shape
    if width == 1:  # the keyboard's tones are the input
        array = array.transpose(0, 2, 1, 3).reshape(out, rows, 1, taps)
    elif rows > 1:  # a circle of roots
        array = array.transpose(0, 1, 3, 2)
    return np.ascontiguousarray(array[:, :, 0].transpose(2, 1, 0).astype(np.float32))
