"""Tables of scores by kind of music, and the page that holds them."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.pieces.analysers import UNMEASURED

COLUMNS = (
    "x real time", "beat F", "bias ms", "downbeat F", "meter", "tempo acc1", "acc2", "key",
    "majmin", "sevenths", "sections", "parts", "loudness off",
)  # fmt: skip
MIDDLES = frozenset({"x real time", "bias ms", "loudness off"})  # the median says more
Row = dict[str, float]
INTRODUCTION = """\
# How good the analysis is

Written by `./hub bench analysis --write`, each analyser in a process of its own on one thread; what
the columns mean is in [analysis.md](analysis.md#how-good-it-is). The pieces are development pieces:
what was set by hand was set while looking at some of them. The networks never saw them. Peers run
as their makers show it, in the versions of `requirements/peers`; a dash is what an analyser does
not say or the truth does not hold. Essentia and TempoCNN are under the AGPL, aubio is under the
GPL and madmom's models are for non-commercial use only: they are measured here and no part of
HarmonyHub.
"""


def write_summary(rows: Mapping[str, list[Row]]) -> str:
    """Lay out means over all pieces, one line per analyser, as a table in Markdown."""
    lines = [_head("all kinds")]
    for name, group in rows.items():
        cells = [_cell(column, group) for column in COLUMNS]
        lines.append(f"| {name} | {len(group)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_table(name: str, rows: Mapping[str, list[Row]], *, failed: Mapping[str, str]) -> str:
    """Lay out means by kind and over all as a table in Markdown, with what failed below it."""
    lines = [_head(name)]
    everything = {"all": [row for group in rows.values() for row in group]}
    for kind, group in ({**rows} | everything).items():
        cells = [_cell(column, group) for column in COLUMNS]
        lines.append(f"| {kind} | {len(group)} | " + " | ".join(cells) + " |")
    if failed:
        reasons = "; ".join(f"{piece} ({reason})" for piece, reason in failed.items())
        lines.append(f"\nFailed on {len(failed)}: {reasons}.")
    return "\n".join(lines)


def _head(name: str) -> str:
    return (
        f"| {name} | pieces | " + " | ".join(COLUMNS) + " |\n" + "|---" * (len(COLUMNS) + 2) + "|"
    )


def _cell(column: str, group: Sequence[Row]) -> str:
    values = [row[column] for row in group if not np.isnan(row.get(column, np.nan))]
    if not values:
        return "-"
    middle = np.median(values) if column in MIDDLES else np.mean(values)
    return f"{middle:.0f}" if column == "x real time" else f"{middle:.2f}"


def write_page(tables: Sequence[str], missing: Mapping[str, str]) -> str:
    """Put the tables onto one page, with the peers that are not in them and why."""
    absent = "\n".join(f"- {name}: {why}" for name, why in ({**UNMEASURED} | {**missing}).items())
    return "\n".join(
        [INTRODUCTION, *(f"{table}\n" for table in tables), f"Not measured:\n\n{absent}\n"]
    )
