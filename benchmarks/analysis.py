"""Measures speed and accuracy of the track analysis on rendered pieces, by kind.

    ./hub bench analysis [FOLDER]

FOLDER holds `audio/` and `truth/` as `tests/tools/render_pieces.py` writes them; without it the
pieces are rendered into `build/truth` first. librosa runs beside ours where it is installed.
"""

import json
import subprocess
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from harmonyhub.analysis.track import analyse_file

REPOSITORY = Path(__file__).resolve().parents[1]
HIT_S = 0.07
SETTLED_S = 5.0  # beats before are not judged, as in mir_eval.beat
TEMPO_TOLERANCE = 0.04
OCTAVES = (1.0, 2.0, 3.0, 1 / 2, 1 / 3)
# Krumhansl and Kessler 1982, the profiles that people use with librosa's chroma.
KRUMHANSL = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an analyser says of one file."""

    tempo: float | None
    beats: np.ndarray
    key: tuple[int, str] | None


def ask_ours(path: Path) -> Answer:
    """Run the whole recipe, loudness and pictures included."""
    analysis = analyse_file(path)
    key = (analysis.key.tonic, analysis.key.mode) if analysis.key else None
    return Answer(analysis.tempo, np.array(analysis.beats), key)


def ask_librosa(path: Path) -> Answer:
    """Beats and tempo by librosa's tracker, key by its chroma and Krumhansl's profiles."""
    import librosa  # noqa: PLC0415  a peer, never a dependency

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # m4a goes through a reader that librosa deprecates
        signal, rate = librosa.load(path, sr=22_050, mono=True)
    tempo, beats = librosa.beat.beat_track(y=signal, sr=rate, units="time")
    profile = librosa.feature.chroma_cqt(y=signal, sr=rate).mean(axis=1)
    scores = {
        (tonic, mode): np.corrcoef(profile, np.roll(shape, tonic))[0, 1]
        for mode, shape in KRUMHANSL.items()
        for tonic in range(12)
    }
    return Answer(float(np.atleast_1d(tempo)[0]), beats, max(scores, key=scores.__getitem__))


def judge_beats(truth: np.ndarray, found: np.ndarray) -> tuple[float, float]:
    """F-measure within 70 ms, and the median offset of the hits in ms."""
    truth, found = truth[truth >= SETTLED_S], found[found >= SETTLED_S]
    if not len(found) or not len(truth):
        return 0.0, np.nan
    offsets = np.array([found[np.abs(found - beat).argmin()] - beat for beat in truth])
    offsets = offsets[np.abs(offsets) <= HIT_S]
    f_measure = 2 * len(offsets) / (len(truth) + len(found))
    return f_measure, float(np.median(offsets)) * 1000 if len(offsets) else np.nan


def judge_key(truth: dict[str, Any], found: tuple[int, str] | None) -> float:
    """MIREX score: 1 right, 0.5 a fifth above, 0.3 relative, 0.2 parallel."""
    if found is None:
        return 0.0
    step, same_mode = (found[0] - truth["tonic"]) % 12, found[1] == truth["mode"]
    if same_mode:
        return {0: 1.0, 7: 0.5}.get(step, 0.0)
    relative = 9 if truth["mode"] == "major" else 3
    return {0: 0.2, relative: 0.3}.get(step, 0.0)


def judge(truth: dict[str, Any], answer: Answer) -> dict[str, float]:
    """Score one answer against one truth."""
    start, end = truth.get("active") or (0.0, truth["duration"])
    beats = np.array([beat for beat in truth["beats"] if start <= beat <= end])
    found = answer.beats[(answer.beats >= start - HIT_S) & (answer.beats <= end + HIT_S)]
    f_measure, bias = judge_beats(beats, found)
    ratio = (answer.tempo or 0.0) / truth["tempo"]
    row = {
        "beat F": f_measure,
        "bias ms": bias,
        "tempo acc1": float(abs(ratio - 1) < TEMPO_TOLERANCE),
        "tempo acc2": float(any(abs(ratio / octave - 1) < TEMPO_TOLERANCE for octave in OCTAVES)),
    }
    if truth.get("key"):
        row["key"] = judge_key(truth["key"], answer.key)
    return row


def measure(folder: Path, ask: Callable[[Path], Answer]) -> dict[str, list[dict[str, float]]]:
    """Ask about every piece; rows by kind, each with its speed."""
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for path in sorted((folder / "truth").glob("*.json")):
        truth = json.loads(path.read_text())
        before = time.process_time()
        answer = ask(folder / "audio" / truth["audio"])
        seconds = time.process_time() - before
        row = judge(truth, answer) | {"x real time": truth["duration"] / seconds}
        rows[truth["kind"]].append(row)
    return dict(rows)


def print_table(name: str, rows: dict[str, list[dict[str, float]]]) -> None:
    """Print means by kind and over all; speed is the median."""
    columns = ("x real time", "beat F", "bias ms", "tempo acc1", "tempo acc2", "key")
    print(f"\n{name:10} pieces  " + "  ".join(f"{column:>11}" for column in columns))
    everything = {"all": [row for group in rows.values() for row in group]}
    for kind, group in (rows | everything).items():
        cells = []
        for column in columns:
            values = [row[column] for row in group if not np.isnan(row.get(column, np.nan))]
            middle = np.median if column in ("x real time", "bias ms") else np.mean
            cells.append(f"{middle(values):11.2f}" if values else f"{'-':>11}")
        print(f"{kind:10} {len(group):6}  " + "  ".join(cells))


def main() -> None:
    """Render if needed, then measure ours and the peer."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "build" / "truth"
    if len(sys.argv) == 1:
        tool = REPOSITORY / "tests" / "tools" / "render_pieces.py"
        if subprocess.run([sys.executable, str(tool), str(folder)], check=False).returncode:
            sys.exit("name a folder of rendered pieces")
    peers = {"ours": ask_ours}
    if find_spec("librosa"):
        peers["librosa"] = ask_librosa
    for name, ask in peers.items():
        ask(next((folder / "audio").iterdir()))  # imports and caches are not measured
        print_table(name, measure(folder, ask))


if __name__ == "__main__":
    main()
