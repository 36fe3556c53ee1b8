"""The basic analysis beside the full one: speed by format, and how far the two agree.

    ./hub bench basic [FOLDER] [--other FOLDER]

FOLDER holds music in any formats, eleven files at least; without it the pieces of `./hub bench
analysis` are rendered. With `--other`, where the same file names are other recordings of the same
pieces, it tells too how often the nearest of those is the same piece. One process, one thread.
"""

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # before numpy is loaded

import numpy as np

from benchmarks.analysis import find_pieces
from harmonyhub.analysis.basic import analyse_basics
from harmonyhub.analysis.embedding import embed, gather_facts
from harmonyhub.analysis.track import analyse_file
from harmonyhub.domain.analysis import TrackAnalysis
from harmonyhub.domain.errors import AudioError
from harmonyhub.sources.music_folder import list_audio

N_NEAREST = 10
TEMPO_TOLERANCE = 0.04  # as benchmarks/pieces/scores.py
Analyse = Callable[[Path], TrackAnalysis]
Found = Mapping[str, TrackAnalysis]


def measure(analyse: Analyse, files: Sequence[Path]) -> tuple[Found, Mapping[str, float]]:
    """Analyse all files: what was found, and seconds of audio per CPU second by codec."""
    found, audio_s, used_s = {}, defaultdict(float), defaultdict(float)
    for number, file in enumerate((files[0], *files)):
        began = time.process_time()
        try:
            analysis = analyse(file)
        except AudioError as error:
            print(f"left out: {error.message}", file=sys.stderr)
            continue
        if number > 0:  # the first time loads weights and code
            found[file.stem] = analysis
            used_s[analysis.codec] += time.process_time() - began
            audio_s[analysis.codec] += analysis.duration
    speeds = {codec: audio_s[codec] / used for codec, used in sorted(used_s.items())}
    return found, speeds | {"all": sum(audio_s.values()) / sum(used_s.values())}


def compare(full: Found, basic: Found) -> None:
    """Print how far the numbers agree."""
    pairs = [(full[name], basic[name]) for name in full if name in basic]
    tempi = [_is_near(one.tempo, other.tempo) for one, other in pairs]
    keys = [(one.key and one.key.name) == (other.key and other.key.name) for one, other in pairs]
    print(f"{len(pairs)} files: the same tempo {np.mean(tempi):.2f}, key {np.mean(keys):.2f}")
    for name in ("loudness", "lra"):
        values = [(getattr(one, name), getattr(other, name)) for one, other in pairs]
        off = np.array([abs(a - b) for a, b in values if a is not None and b is not None])
        middle, most, last = np.percentile(off, (50, 90, 100))
        print(f"{name} off: median {middle:.2f} LU, of nine in ten {most:.2f}, of all {last:.2f}")


def _is_near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(other / one - 1) <= TEMPO_TOLERANCE


def place(found: Found, names: Sequence[str]) -> np.ndarray:
    """Give the points of these tracks, shape (tracks, SOUND_WIDTH)."""
    return np.array([embed(gather_facts(found[name])) for name in names])


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give all squared distances."""
    return np.square(one[:, None] - other[None]).sum(axis=2)


def compare_neighbours(full: Found, basic: Found) -> None:
    """Print how many of the ten nearest are the same by basic and by full analyses."""
    names = [name for name in full if name in basic and full[name].sound and basic[name].sound]
    nearest = []
    for found in (full, basic):
        points = place(found, names)
        apart = distances(points, points)
        np.fill_diagonal(apart, np.inf)
        nearest.append(apart.argsort(axis=1)[:, :N_NEAREST])
    shared = [len(set(a) & set(b)) / N_NEAREST for a, b in zip(*nearest, strict=True)]
    print(f"of the ten nearest of {len(names)}, the same: {np.mean(shared):.2f}")
    own = distances(place(basic, names), place(full, names))
    print(f"nearest full analysis of a basic one is its own: {_share_first(own):.2f}")


def compare_recordings(here: Found, there: Found, *, name: str) -> None:
    """Print how often the nearest of the other recordings is the same piece."""
    names = [stem for stem in here if stem in there and here[stem].sound and there[stem].sound]
    apart = distances(place(here, names), place(there, names))
    print(f"{name}: the other recording is nearest of {len(names)}: {_share_first(apart):.2f}")


def _share_first(apart: np.ndarray) -> float:
    return float(np.mean(apart.argmin(axis=1) == np.arange(len(apart))))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--other", type=Path)
    arguments = parser.parse_args()
    folder = arguments.folder or find_pieces(None) / "audio"
    files = [file.path for file in list_audio(folder)]
    if not files:
        sys.exit(f"no audio files in {folder}")
    everything = {}
    for name, analyse in (("full", analyse_file), ("basic", analyse_basics)):
        everything[name], speeds = measure(analyse, files)
        told = ", ".join(f"{codec} {speed:.0f}" for codec, speed in speeds.items())
        print(f"{name}, x real time: {told}", flush=True)
    compare(everything["full"], everything["basic"])
    compare_neighbours(everything["full"], everything["basic"])
    if arguments.other is not None:
        files = [file.path for file in list_audio(arguments.other)]
        for name, analyse in (("full", analyse_file), ("basic", analyse_basics)):
            compare_recordings(everything[name], measure(analyse, files)[0], name=name)


if __name__ == "__main__":
    main()
