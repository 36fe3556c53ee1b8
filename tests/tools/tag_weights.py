"""Tagging networks of random weights: small, and of the shapes of the real ones."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.sound_tags import VOCABULARIES
from harmonyhub.sources.musicnn_wheel import TagWeights
from harmonyhub.sources.tag_weights import write_weights

WIDTHS = {"low": 5, "high": 4, "long": 3, "middle": 2, "short": 2}
SIZES = {"low": 7 * 38, "high": 7 * 67, "long": 128, "middle": 64, "short": 32}


def draw_network(seed: int) -> dict[str, NDArray[np.float32]]:
    """Draw one network, with scales on both sides of 0."""
    rng = np.random.default_rng(seed)
    n_front = sum(WIDTHS.values())
    shapes = {name: (SIZES[name], width) for name, width in WIDTHS.items()}
    shapes |= {"dense1": (7 * n_front, 6), "dense2": (7 * 6, 6), "dense3": (7 * 6, 6)}
    shapes["penultimate"] = (2 * (n_front + 18), 20)
    drawn = {"input.scale": np.array([0.7]), "input.shift": np.array([-0.4])}
    for name, shape in shapes.items():
        drawn[f"{name}.weight"] = rng.normal(0, shape[0] ** -0.5, shape)
        drawn[f"{name}.bias"] = rng.normal(0, 0.3, shape[1])
        drawn[f"{name}.scale"] = rng.normal(0, 1, shape[1])
        drawn[f"{name}.shift"] = rng.normal(0, 0.3, shape[1])
    drawn["pooled.scale"], drawn["pooled.shift"] = rng.normal(0, 1, (2, 2 * (n_front + 18)))
    drawn["tags.weight"], drawn["tags.bias"] = rng.normal(0, 1, (20, 50)), rng.normal(0, 1, 50)
    return {name: array.astype(np.float32) for name, array in drawn.items()}


def install_random_tags(data_dir: Path) -> None:
    """Write weights into a data folder as `harmonyhub tags install` does."""
    arrays = {
        f"{network}.{name}": array
        for seed, network in enumerate(VOCABULARIES)
        for name, array in draw_network(seed).items()
    }
    write_weights(data_dir, TagWeights(arrays, "Drawn at random"))
