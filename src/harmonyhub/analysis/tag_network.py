"""Runs a tagging network with nothing but array products, one core, an excerpt of 3 s at a time.

The weights are those of `musicnn`, taken over at set-up by `sources/musicnn_wheel.py`.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis.products import Tiles

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]

N_FRAMES, N_BANDS = 187, 96  # of one excerpt
TIMBRES = ("low", "high")  # see 38 and 67 of the 96 bands at once, 7 frames
TIMBRE_FRAMES = 7
PULSES = ("long", "middle", "short")  # see one band, 128, 64 and 32 frames: about 2, 1 and 0.5 s
DENSE = ("dense1", "dense2", "dense3")
N_TAGS = 50


def hear_tags(excerpt: Floats, weights: Weights) -> Floats:
    """Estimate how likely each tag is.

    Parameters
    ----------
    excerpt : array, shape (N_FRAMES, N_BANDS)
        As `tag_excerpts.log_mel` gives it.
    weights : mapping
        Of one network.

    Returns
    -------
    array, shape (N_TAGS,)
        In [0, 1], in the order of the network's vocabulary.

    References
    ----------
    Pons and Serra 2019, "musicnn: pre-trained convolutional neural networks for music audio
    tagging", ISMIR late-breaking; Pons et al. 2018, "End-to-end learning for music audio tagging
    at scale", ISMIR.
    """
    logits = embed_excerpt(excerpt, weights) @ weights["tags.weight"] + weights["tags.bias"]
    likely: Floats = (1 / (1 + np.exp(-logits))).astype(np.float32)
    return likely


def embed_excerpt(excerpt: Floats, weights: Weights) -> Floats:
    """Give the last layer before the tags, shape (200,)."""
    levels = excerpt * weights["input.scale"] + weights["input.shift"]
    front = np.concatenate(
        [_hear_timbre(levels, weights, name) for name in TIMBRES]
        + [_hear_pulse(levels, weights, name) for name in PULSES],
        axis=1,
    )
    layers = [front]
    total = _run_dense(front, weights, DENSE[0])
    layers.append(total)
    for name in DENSE[1:]:
        total = total + _run_dense(total, weights, name)
        layers.append(total)
    heard = np.concatenate(layers, axis=1)
    pools: Floats = np.stack([heard.max(axis=0), heard.mean(axis=0)], axis=1)
    pooled: Floats = pools.ravel() * weights["pooled.scale"] + weights["pooled.shift"]
    return _leave(pooled @ weights["penultimate.weight"], weights, "penultimate")


def _hear_timbre(levels: Floats, weights: Weights, name: str) -> Floats:
    """Look for each pattern at every height, and keep where it fits best."""
    n_bands = len(weights[f"{name}.weight"]) // TIMBRE_FRAMES
    reach = TIMBRE_FRAMES // 2
    padded = np.pad(levels, ((reach, reach), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (TIMBRE_FRAMES, n_bands))
    heights = (windows[:, height] for height in range(windows.shape[1]))
    return _keep_best(heights, weights, name)


def _hear_pulse(levels: Floats, weights: Weights, name: str) -> Floats:
    """Look for each pattern over time in every band, and keep where it fits best."""
    n_taps = len(weights[f"{name}.weight"])
    before = (n_taps - 1) // 2  # an even number of taps sees one frame more after than before
    padded = np.pad(levels.T, ((0, 0), (before, n_taps - 1 - before)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, n_taps, axis=1)
    return _keep_best(iter(windows), weights, name)


def _keep_best(parts: Iterator[Floats], weights: Weights, name: str) -> Floats:
    """Take, per frame and pattern, the largest output of all parts.

    What follows a product is a rectifier, a scale and a shift. So the largest output comes from the
    largest product, or where the scale is below 0 from the smallest, which is the largest of the
    negative pattern.
    """
    turn = np.where(weights[f"{name}.scale"] < 0, np.float32(-1), np.float32(1))
    patterns = Tiles(weights[f"{name}.weight"] * turn, n_rows=N_FRAMES)
    best = patterns.best_of(parts)
    return _leave(best * turn, weights, name)


def _run_dense(signal: Floats, weights: Weights, name: str) -> Floats:
    """Convolve seven frames of all channels."""
    reach = TIMBRE_FRAMES // 2
    padded = np.pad(signal, ((reach, reach), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, TIMBRE_FRAMES, axis=0)
    taps = Tiles(weights[f"{name}.weight"], n_rows=N_FRAMES)
    total = taps.best_of([windows.transpose(0, 2, 1)])
    return _leave(total, weights, name)


def _leave(product: Floats, weights: Weights, name: str) -> Floats:
    rectified = np.maximum(product + weights[f"{name}.bias"], 0)
    left: Floats = rectified * weights[f"{name}.scale"] + weights[f"{name}.shift"]
    return left
