"""Measures speed and accuracy of the track analysis on rendered pieces, by kind, beside peers.

    ./hub bench analysis [FOLDER] [--write]

FOLDER holds `audio/` and `truth/` as `tests/tools/render_pieces.py` writes them; without it the
pieces are rendered into `build/truth` first. Peers (librosa, aubio) run beside ours where they are
installed; `--write` puts the tables into docs/analysis-quality.md.
"""

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.pieces.answers import Answer, find_analysers
from benchmarks.pieces.scores import judge

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "analysis-quality.md"
COLUMNS = (
    "x real time", "beat F", "bias ms", "downbeat F", "meter", "tempo acc1", "acc2", "key",
    "majmin", "sevenths", "sections", "parts",
)  # fmt: skip
MIDDLES = frozenset({"x real time", "bias ms"})  # the median says more than the mean
Row = dict[str, float]
INTRODUCTION = """\
# How good the analysis is

Written by `./hub bench analysis --write` on one core; what the columns mean is in
[analysis.md](analysis.md#how-good-it-is). The pieces are development pieces: what was set by hand
was set while looking at some of them. The networks never saw them. Peers run as their makers show
it; a dash is what an analyser does not say or the truth does not hold.
"""


def measure(folder: Path, ask: Callable[[Path], Answer]) -> dict[str, list[Row]]:
    """Ask about every piece; rows by kind, each with its speed."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for path in sorted((folder / "truth").glob("*.json")):
        truth = json.loads(path.read_text())
        before = time.process_time()
        answer = ask(folder / "audio" / truth["audio"])
        seconds = time.process_time() - before
        rows[truth["kind"]].append(
            judge(truth, answer) | {"x real time": truth["duration"] / seconds}
        )
    return dict(rows)


def write_table(name: str, rows: dict[str, list[Row]]) -> str:
    """Lay out means by kind and over all as a table in Markdown."""
    lines = [
        f"| {name} | pieces | " + " | ".join(COLUMNS) + " |",
        "|---" * (len(COLUMNS) + 2) + "|",
    ]
    everything = {"all": [row for group in rows.values() for row in group]}
    for kind, group in (rows | everything).items():
        cells = [_cell(column, group) for column in COLUMNS]
        lines.append(f"| {kind} | {len(group)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(column: str, group: list[Row]) -> str:
    values = [row[column] for row in group if not np.isnan(row.get(column, np.nan))]
    if not values:
        return "-"
    middle = np.median(values) if column in MIDDLES else np.mean(values)
    return f"{middle:.0f}" if column == "x real time" else f"{middle:.2f}"


def find_pieces(arguments: list[str]) -> Path:
    """Give the folder that was named, or render one."""
    if arguments:
        return Path(arguments[0])
    folder = REPOSITORY / "build" / "truth"
    tool = REPOSITORY / "tests" / "tools" / "render_pieces.py"
    if subprocess.run([sys.executable, str(tool), str(folder)], check=False).returncode:
        sys.exit("name a folder of rendered pieces")
    return folder


def main() -> None:
    """Render if needed, then measure ours and the peers."""
    folder = find_pieces([argument for argument in sys.argv[1:] if argument != "--write"])
    tables = []
    for name, ask in find_analysers().items():
        ask(next((folder / "audio").iterdir()))  # imports and caches are not measured
        tables.append(write_table(name, measure(folder, ask)))
        print(f"\n{tables[-1]}")
    if "--write" in sys.argv:
        PAGE.write_text("\n".join([INTRODUCTION, *(f"{table}\n" for table in tables)]))


if __name__ == "__main__":
    main()
