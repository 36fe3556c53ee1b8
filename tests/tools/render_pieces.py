"""Renders pieces with known truth from the research data that lies beside the repository.

    python tests/tools/render_pieces.py OUT [ID ...]

The research data, its renderer's Python packages (numpy, soundfile, mido), fluidsynth, its
soundfonts and ffmpeg are not part of the product; what is missing is said in one line.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared"
PIECES = SHARED / "data" / "audio-truth" / "dev"
RENDERER = SHARED / "tools" / "render_truth.py"
PROGRAMS = ("fluidsynth", "ffmpeg")


def find_renderer_python() -> str:
    """Give the interpreter that has the renderer's packages: `TRUTH_PYTHON`, else this one."""
    return os.environ.get("TRUTH_PYTHON", sys.executable)


def missing_parts() -> str:
    """Name what stands in the way of rendering, or nothing."""
    if not RENDERER.is_file():
        return "the research data is not beside the repository (../shared)"
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"not installed: {', '.join(absent)}"
    packages = subprocess.run(
        [find_renderer_python(), "-c", "import mido, numpy, soundfile"],
        capture_output=True,
        check=False,
    )
    if packages.returncode:
        return "the renderer needs mido, numpy, soundfile; TRUTH_PYTHON may name their interpreter"
    return ""


def render(out: Path, ids: list[str]) -> None:
    """Render the named pieces (all but the slow LMMS ones if none is named) that are not there."""
    wanted = [piece for piece in ids if not (out / "truth" / f"{piece}.json").is_file()]
    if ids and not wanted:
        return
    command = [find_renderer_python(), str(RENDERER), str(PIECES), str(out), "--jobs", "1"]
    command += ["--only", ",".join(wanted)] if wanted else ["--skip-lmms"]
    subprocess.run(command, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    if reason := missing_parts():
        sys.exit(f"cannot render: {reason}")
    render(Path(sys.argv[1]), sys.argv[2:])
