"""Measures speed and accuracy of the track analysis on rendered pieces, by kind, beside peers.

    ./hub bench analysis [FOLDER] [--each N] [--only NAME ...] [--again] [--write]

FOLDER holds `audio/` and `truth/` as `tests/tools/render_pieces.py` writes them; without it the
pieces are rendered into `build/truth` first. `--each` takes N pieces of each kind, spread over it.
Each peer is installed into an environment of its own below `build/peers` and runs on one thread;
what it said is kept in `build/answers` until its version changes, and `--again` asks anew. Ours is
always asked. `--write` puts the tables into docs/analysis-quality.md.
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.pieces.analysers import (
    BASIC,
    OURS,
    PEERS,
    REPOSITORY,
    Analyser,
    NotInstalledError,
    python_of,
)
from benchmarks.pieces.answers import Asker, Reply, Shelf
from benchmarks.pieces.scores import judge, measure_loudness
from benchmarks.pieces.tables import Row, write_page, write_summary, write_table

BUILD = REPOSITORY / "build"
PAGE = REPOSITORY / "docs" / "analysis-quality.md"
Truth = dict[str, Any]


def read_truths(folder: Path, n_each: int | None) -> list[Truth]:
    """Read what is known of the pieces, of each kind all or so many, evenly spread."""
    kinds: dict[str, list[Truth]] = defaultdict(list)
    for path in sorted((folder / "truth").glob("*.json")):
        truth = json.loads(path.read_text())
        kinds[truth["kind"]].append(truth)
    return [truth for group in kinds.values() for truth in _spread(group, n_each)]


def _spread(group: list[Truth], n: int | None) -> list[Truth]:
    if n is None or n >= len(group):
        return group
    return [group[place * len(group) // n] for place in range(n)]


def ask_all(
    analyser: Analyser, files: Sequence[Path], *, is_anew: bool
) -> Iterator[tuple[Path, Reply]]:
    """Give a reply for each file, telling how far it is.

    Raises
    ------
    NotInstalledError
        If the analyser cannot be installed.
    """
    shelf = Shelf(BUILD / "answers", analyser)
    python = python_of(analyser, BUILD / "peers")
    with Asker(analyser, python) as asker:
        is_warm = False
        for number, file in enumerate(files, start=1):
            reply = None if is_anew else shelf.get(file)
            if reply is None:
                if not is_warm:  # imports and caches are not measured
                    asker.ask(file)
                    is_warm = True
                reply = asker.ask(file)
                if "error" not in reply:  # a busy machine may be why
                    shelf.put(file, reply)
                said = reply.get("error", f"{reply['seconds']:.1f} s")
                print(f"{analyser.name} {number}/{len(files)} {file.name}: {said}", file=sys.stderr)
            yield file, reply


def measure(
    analyser: Analyser, truths: Sequence[Truth], *, folder: Path, is_anew: bool
) -> tuple[dict[str, list[Row]], dict[str, str]]:
    """Give rows by kind, each with its speed, and the pieces that it failed on, with the reason."""
    rows: dict[str, list[Row]] = defaultdict(list)
    failed = {}
    files = [folder / "audio" / truth["audio"] for truth in truths]
    for truth, (_, reply) in zip(truths, ask_all(analyser, files, is_anew=is_anew), strict=True):
        if "error" in reply:
            failed[truth["id"]] = reply["error"]
            continue
        speed = {"x real time": truth["duration"] / reply["seconds"]}
        rows[truth["kind"]].append(judge(truth, reply["answer"]) | speed)
    return dict(rows), failed


def find_pieces(folder: Path | None) -> Path:
    """Give the folder that was named, or render one."""
    if folder is not None:
        return folder
    tool = REPOSITORY / "tests" / "tools" / "render_pieces.py"
    if subprocess.run([sys.executable, str(tool), str(BUILD / "truth")], check=False).returncode:
        sys.exit("name a folder of rendered pieces")
    return BUILD / "truth"


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--each", type=int, help="so many pieces of each kind")
    names = [analyser.name for analyser in (OURS, BASIC, *PEERS)]
    parser.add_argument(
        "--only", nargs="+", choices=names, help="analysers, as the tables name them"
    )
    parser.add_argument("--again", action="store_true", help="ask the peers anew")
    parser.add_argument("--write", action="store_true", help="write docs/analysis-quality.md")
    return parser.parse_args()


def main() -> None:
    """Render if needed, then measure ours and the peers."""
    arguments = read_arguments()
    folder = find_pieces(arguments.folder)
    truths = read_truths(folder, arguments.each)
    if not truths:
        sys.exit(
            f"no pieces: {folder} has no truth/*.json as tests/tools/render_pieces.py writes them"
        )
    for truth in truths:
        truth["loudness"] = measure_loudness(folder / "audio" / truth["audio"])
    everything, tables, missing = {}, [], {}
    for analyser in (OURS, BASIC, *PEERS):
        if arguments.only and analyser.name not in arguments.only:
            continue
        try:
            rows, failed = measure(
                analyser,
                truths,
                folder=folder,
                is_anew=arguments.again or analyser in (OURS, BASIC),
            )
        except NotInstalledError as error:
            missing[analyser.name] = str(error)
            continue
        everything[analyser.name] = [row for group in rows.values() for row in group]
        tables.append(write_table(analyser.name, rows, failed=failed))
        print(f"\n{tables[-1]}")
    tables.insert(0, write_summary(everything))
    print(f"\n{tables[0]}")
    for name, reason in missing.items():
        print(f"\n{name}: not installed: {reason}")
    if arguments.write:
        PAGE.write_text(write_page(tables, missing))


if __name__ == "__main__":
    main()
