"""Runs the two small networks with nothing but array products, one core, long files in pieces.

The weights were learnt by `training/` from music that we composed and rendered; its README is their
model card.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis.products import multiply_rows
from harmonyhub.analysis.spectrum import N_TONES

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]
PULSE_DILATIONS = (1, 2, 4, 8, 16, 32, 64, 128)
HARMONY_BLOCKS = ("time1", "mix", "time2", "mix", "time4", "mix", "time8")
QUALITIES = ("maj", "min", "7", "maj7", "min7", "hdim7", "dim", "sus4", "5")
TAPS = 5
PIECE_FRAMES = 4096  # computed at once; 3 hours at once would take gigabytes
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
        Pitch class in the bass; the last is "no chord".
    keys : array, shape (pairs, 24)
        Twelve major keys, then twelve minor keys.
    """

    chords: Floats
    bass: Floats
    keys: Floats


def hear_pulse(levels: Floats) -> Floats:
    """Estimate how likely each frame holds a beat and a downbeat.

    Parameters
    ----------
    levels : array, shape (frames, bands)
        From `network_inputs.scale_levels`.

    Returns
    -------
    array, shape (frames, 2)
        In [0, 1]: beat, downbeat.

    References
    ----------
    Davies and Boeck 2019, "Temporal convolutional networks for musical audio beat tracking",
    EUSIPCO (dilated convolutions over time).
    """
    n_pairs = -(-len(levels) // 2)
    pairs = np.zeros((2 * n_pairs, levels.shape[1]), np.float32)
    pairs[: len(levels)] = levels
    logits = _in_pieces(
        pairs.reshape(n_pairs, 2 * levels.shape[1]),
        _run_pulse,
        piece=PIECE_FRAMES,
        reach=PULSE_REACH,
    )
    halves = logits.reshape(2 * n_pairs, 2)[: len(levels)]
    likely: Floats = (1 / (1 + np.exp(-halves))).astype(np.float32)
    return likely


def hear_harmony(tones: Floats) -> HarmonyLogits:
    """Estimate chord, bass and key of each pair of frames.

    Parameters
    ----------
    tones : array, shape (frames, N_TONES)
        From `network_inputs.scale_tones`.

    References
    ----------
    McFee and Bello 2017, "Structured training for large-vocabulary chord recognition", ISMIR
    (chord and bass learnt together); the sharing of weights among the twelve roots is ours.
    """
    n_pairs = -(-len(tones) // 2)
    paired = np.zeros((2 * n_pairs, N_TONES), np.float32)
    paired[: len(tones)] = tones
    out = _in_pieces(
        paired.reshape(n_pairs, 2 * N_TONES), _run_harmony, piece=HARMONY_PIECE, reach=HARMONY_REACH
    ).reshape(n_pairs, 12, len(QUALITIES) + 4)
    n = len(QUALITIES)
    none = out[:, :, n].mean(axis=1, keepdims=True)
    return HarmonyLogits(
        chords=np.concatenate([_flat(out[:, :, :n]), none], axis=1),
        bass=np.concatenate([out[:, :, n + 1], none], axis=1),
        keys=_flat(out[:, :, n + 2 :]),
    )


def _flat(out: Floats) -> Floats:
    """From (pairs, roots, kinds) to (pairs, kinds * roots)."""
    return out.transpose(0, 2, 1).reshape(len(out), out.shape[1] * out.shape[2])


def _run_pulse(pairs: Floats) -> Floats:
    weights = _load("pulse")
    signal = np.maximum(_convolve(pairs[None], weights, "enter"), 0)
    for number, dilation in enumerate(PULSE_DILATIONS):
        signal += _spread(signal, weights, f"{number}", dilation=dilation)
    logits: Floats = _leave(signal, weights)[0]
    return logits


def _run_harmony(pairs: Floats) -> Floats:
    weights = _load("harmony")
    signal = _enter_roots(pairs.reshape(2 * len(pairs), N_TONES), weights)
    for number, name in enumerate(HARMONY_BLOCKS):
        if name == "mix":
            signal += _mix_roots(signal, weights, f"{number}")
        else:
            signal += _spread(signal, weights, f"{number}", dilation=int(name[4:]))
    return _leave(signal, weights).transpose(1, 0, 2).reshape(len(pairs), 12 * (len(QUALITIES) + 4))


def _in_pieces(rows: Floats, run: Callable[[Floats], Floats], *, piece: int, reach: int) -> Floats:
    """Run over overlapping pieces: what is kept is what the whole at once would give."""
    kept = []
    for start in range(0, max(len(rows), 1), piece):
        first = max(0, start - reach)
        out = run(rows[first : start + piece + reach])
        kept.append(out[start - first :][:piece])
    return np.concatenate(kept)


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
