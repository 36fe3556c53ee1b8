"""The table: every method on every set, tuned on validation, then looked at on the test part."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.quality.packages import NotHereError
from benchmarks.quality.peers import METHODS, Method, Score
from benchmarks.quality.sets import Part, Split
from harmonyhub.domain.quality import Estimate
from harmonyhub.recommender.metrics import UserMetrics, estimate, measure

BATCH_CELLS = 20_000_000
START, END = "<!-- table: start -->\n", "<!-- table: end -->\n"
HEAD = (
    "| set | method | validation NDCG@100 | test NDCG@100 | test recall@20 | training, CPU s |\n"
    "|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True, slots=True)
class Line:
    """What one method reached on one set; `cpu_s` is of one training with the chosen settings."""

    method: str
    settings: Mapping[str, float]
    validation: float
    recall_at_20: Estimate
    ndcg_at_100: Estimate
    cpu_s: float


def measure_methods(splits: Sequence[Split]) -> list[Line | str]:
    """Measure all methods on one set, over some splits of it."""
    return [_measure_method(method, splits) for method in METHODS]


def _measure_method(method: Method, splits: Sequence[Split]) -> Line | str:
    try:
        settings, validation = _tune(method, splits[0])
    except NotHereError as reason:
        return f"{method.name}: {reason}"
    found: list[UserMetrics] = []
    start = time.process_time()
    trained = [method.train(one.training, seed=one.seed, **settings) for one in splits]
    cpu_s = (time.process_time() - start) / len(splits)
    for score, one in zip(trained, splits, strict=True):
        found += _look(score, one.test)
    rng = np.random.default_rng(0)

    def together(name: str) -> Estimate:
        return estimate(np.concatenate([getattr(one, name) for one in found]), rng)

    return Line(
        method.name,
        settings,
        validation=validation,
        recall_at_20=together("recall_at_20"),
        ndcg_at_100=together("ndcg_at_100"),
        cpu_s=cpu_s,
    )


def _tune(method: Method, one: Split) -> tuple[Mapping[str, float], float]:
    reached = []
    for settings in method.grid:
        score = method.train(one.training, seed=one.seed, **settings)
        values = np.concatenate([part.ndcg_at_100 for part in _look(score, one.validation)])
        reached.append((float(values.mean()), settings))
    best, settings = max(reached, key=lambda pair: pair[0])
    return settings, best


def _look(score: Score, part: Part) -> list[UserMetrics]:
    size = max(BATCH_CELLS // part.given.shape[1], 1)
    batches = [slice(start, start + size) for start in range(0, part.given.shape[0], size)]
    return [
        measure(score(part.given[rows]), part.given[rows], part.hidden[rows]) for rows in batches
    ]


def write_rows(name: str, lines: Sequence[Line | str]) -> list[str]:
    """Write the lines of one set as rows of a Markdown table."""
    rows = []
    for line in lines:
        if isinstance(line, str):
            rows.append(f"| {name} | {line} | | | | |")
            continue
        settings = ", ".join(f"{key} {value:g}" for key, value in line.settings.items())
        rows.append(
            f"| {name} | {line.method}{f' ({settings})' if settings else ''} "
            f"| {line.validation:.3f} | {_write(line.ndcg_at_100)} | {_write(line.recall_at_20)} "
            f"| {line.cpu_s:.1f} |"
        )
    return rows


def write_page(page: Path, rows: Sequence[str]) -> None:
    """Put rows into the table of a page, between its two marks; those of other sets stay."""
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(START)
    table, after = rest.split(END)
    measured = {_name_of(row) for row in rows}
    kept = [row for row in table.removeprefix(HEAD).splitlines() if _name_of(row) not in measured]
    whole = HEAD + "".join(f"{row}\n" for row in [*kept, *rows])
    page.write_text(f"{before}{START}{whole}{END}{after}", encoding="utf-8")


def _name_of(row: str) -> str:
    return row.split("|")[1].strip()


def _write(one: Estimate) -> str:
    return f"{one.mean:.3f} [{one.low:.3f}, {one.high:.3f}]"
