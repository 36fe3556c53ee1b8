"""The table: every method on every set, tuned on validation, then looked at on the test part."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.quality.packages import NotHereError
from benchmarks.quality.peers import Method, Score
from benchmarks.quality.sets import Part, Split
from harmonyhub.domain.quality import Estimate
from harmonyhub.recommender.metrics import (
    UserMetrics,
    estimate,
    find_hidden,
    join_metrics,
    rank_unheard,
)

BATCH_CELLS = 20_000_000
START, END = "<!-- table: start -->\n", "<!-- table: end -->\n"
HEAD = (
    "| set | method | validation NDCG@100 | test NDCG@100 | test recall@20 | coverage@20"
    " | training, CPU s |\n"
    "|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True, slots=True)
class Line:
    """What one method reached on one set.

    `coverage_at_20` is the share of the items that is in the first 20 of any test listener;
    `cpu_s` is of one training with the chosen settings.
    """

    method: str
    settings: Mapping[str, float]
    validation: float
    recall_at_20: Estimate
    ndcg_at_100: Estimate
    coverage_at_20: float
    cpu_s: float


def measure_method(method: Method, splits: Sequence[Split]) -> Line | str:
    """Measure a method on one set, over some splits of it, or say why it cannot be."""
    try:
        settings, validation = _tune(method, splits[0])
    except NotHereError as reason:
        return f"{method.name}: {reason}"
    start = time.process_time()
    trained = [method.train(one.training, seed=one.seed, **settings) for one in splits]
    cpu_s = (time.process_time() - start) / len(splits)
    looks = [_look(score, one.test) for score, one in zip(trained, splits, strict=True)]
    found = join_metrics([look.metrics for look in looks])
    rng = np.random.default_rng(0)

    return Line(
        method.name,
        settings,
        validation=validation,
        recall_at_20=estimate(found.recall_at_20, rng),
        ndcg_at_100=estimate(found.ndcg_at_100, rng),
        coverage_at_20=float(np.mean([look.coverage_at_20 for look in looks])),
        cpu_s=cpu_s,
    )


def _tune(method: Method, one: Split) -> tuple[Mapping[str, float], float]:
    reached = []
    for settings in method.grid:
        score = method.train(one.training, seed=one.seed, **settings)
        metrics = _look(score, one.validation).metrics
        reached.append((float(metrics.ndcg_at_100.mean()), settings))
    best, settings = max(reached, key=lambda pair: pair[0])
    return settings, best


@dataclass(frozen=True, slots=True)
class _Look:
    metrics: UserMetrics
    coverage_at_20: float


def _look(score: Score, part: Part) -> _Look:
    n_items = part.given.shape[1]
    size = max(BATCH_CELLS // n_items, 1)
    parts, listed = [], np.zeros(n_items, dtype=bool)
    for start in range(0, part.given.shape[0], size):
        given, hidden = (one[start : start + size] for one in (part.given, part.hidden))
        ranked = rank_unheard(score(given), given)
        parts.append(find_hidden(ranked, hidden))
        first = ranked[:, :20]
        listed[first[first >= 0]] = True
    return _Look(join_metrics(parts), float(listed.mean()))


def write_row(name: str, line: Line | str) -> str:
    """Write the line of one set as a row of a Markdown table."""
    if isinstance(line, str):
        return f"| {name} | {line} | | | | | |"
    settings = ", ".join(f"{key} {value:g}" for key, value in line.settings.items())
    return (
        f"| {name} | {line.method}{f' ({settings})' if settings else ''} "
        f"| {line.validation:.3f} | {_write(line.ndcg_at_100)} | {_write(line.recall_at_20)} "
        f"| {line.coverage_at_20:.3f} | {line.cpu_s:.1f} |"
    )


def write_page(page: Path, row: str) -> None:
    """Put a row into the table of a page, in place of the one of the same set and method."""
    before, rest = page.read_text(encoding="utf-8").split(START)
    table, after = rest.split(END)
    rows = table.removeprefix(HEAD).splitlines()
    (name, method), keys = _key_of(row), [_key_of(one) for one in rows]
    if (name, method) in keys:
        rows[keys.index((name, method))] = row
    else:
        places = [place for place, key in enumerate(keys) if key[0] == name]
        rows.insert(max(places, default=len(rows) - 1) + 1, row)
    whole = HEAD + "".join(f"{one}\n" for one in rows)
    page.write_text(f"{before}{START}{whole}{END}{after}", encoding="utf-8")


def _key_of(row: str) -> tuple[str, str]:
    name, method = (cell.strip() for cell in row.split("|")[1:3])
    return name, re.split(r" \(|:", method)[0]


def _write(one: Estimate) -> str:
    return f"{one.mean:.3f} [{one.low:.3f}, {one.high:.3f}]"
