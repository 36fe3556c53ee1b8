"""The scorecard of a drill: every target as data, every figure beside it, met or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Bound(StrEnum):
    """On which side of its target a figure must lie."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One row: what is counted, the bound that must hold, and how it was on 2024-08-14."""

    key: str
    title: str
    bound: Bound
    limit: float
    unit: str = ""
    on_the_day: str = ""

    def is_met_by(self, value: float) -> bool:
        """Tell whether a figure holds the bound."""
        return value >= self.limit if self.bound is Bound.AT_LEAST else value <= self.limit

    @property
    def limit_text(self) -> str:
        """The target in words: "at most 5 s"."""
        return f"{self.bound.value} {format_value(self.limit, self.unit)}"


TARGETS = (
    Target(
        key="gate.stopped",
        title="faulty configurations of definite classes stopped before any user request",
        bound=Bound.AT_LEAST,
        limit=100,
        unit="%",
        on_the_day="0 %",
    ),
    Target(
        key="gate.good_blocked",
        title="good deploys blocked, upstream down with unchanged credentials included",
        bound=Bound.AT_MOST,
        limit=0,
    ),
    Target(
        key="gate.verdict_s",
        title="slowest verdict on a wrong secret",
        bound=Bound.AT_MOST,
        limit=3,
        unit="s",
    ),
    Target(
        key="switch.failed_requests",
        title="requests that failed while traffic was switched",
        bound=Bound.AT_MOST,
        limit=0,
    ),
    Target(
        key="alert.built_in_p95_s",
        title="past the gate: failure begins to alert delivered, built-in watch, p95",
        bound=Bound.AT_MOST,
        limit=5,
        unit="s",
        on_the_day="an alert, no cause",
    ),
    Target(
        key="alert.prometheus_p95_s",
        title="the same through Prometheus at 5 s and Alertmanager, p95",
        bound=Bound.AT_MOST,
        limit=20,
        unit="s",
        on_the_day="an alert, no cause",
    ),
    Target(
        key="named.single",
        title="the right variable named in that message, single faults",
        bound=Bound.AT_LEAST,
        limit=99,
        unit="%",
        on_the_day="after 60 min",
    ),
    Target(
        key="named.double",
        title="both variables named in that message, double faults",
        bound=Bound.AT_LEAST,
        limit=95,
        unit="%",
    ),
    Target(
        key="named.false_proven",
        title='"proven" said of a variable that was right',
        bound=Bound.AT_MOST,
        limit=0,
    ),
    Target(
        key="users.served",
        title="known users served during total rejection, 24 virtual hours",
        bound=Bound.AT_LEAST,
        limit=100,
        unit="%",
        on_the_day="30 %",
    ),
    Target(
        key="users.reads",
        title="reads that succeeded in that time",
        bound=Bound.AT_LEAST,
        limit=99.9,
        unit="%",
    ),
    Target(
        key="users.p95_ratio",
        title="p95 of reads in that time, in terms of the healthy one",
        bound=Bound.AT_MOST,
        limit=1.2,
    ),
    Target(key="tokens.lost", title="refresh tokens lost", bound=Bound.AT_MOST, limit=0),
    Target(
        key="recovery.secret_file_s",
        title="recovery from a corrected secret file, slowest",
        bound=Bound.AT_MOST,
        limit=2,
        unit="s",
        on_the_day="105 min",
    ),
    Target(
        key="recovery.rollback_s",
        title="automatic rollback, slowest",
        bound=Bound.AT_MOST,
        limit=60,
        unit="s",
        on_the_day="105 min",
    ),
    Target(
        key="latched.token_calls_per_min",
        title="token calls a minute of the whole fleet while latched",
        bound=Bound.AT_MOST,
        limit=2,
    ),
    Target(
        key="quiet.false_pages",
        title="false pages in 30 simulated days with 45 hiccups, 3 quota days, expiry cohorts",
        bound=Bound.AT_MOST,
        limit=0,
    ),
    Target(
        key="secrets.found",
        title="sentinel secrets found in logs, metrics, pages, dumps, alerts, database",
        bound=Bound.AT_MOST,
        limit=0,
    ),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured; `n` is how many cases it rests on, `note` what a reader should know."""

    value: float
    n: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """All figures of one drill by the key of their target.

    `baseline` holds those of the same drill with the guards off. A target without a figure is not
    met: what was not measured does not hold.
    """

    seed: int
    seconds: float
    figures: Mapping[str, Figure]
    baseline: Mapping[str, Figure]

    @property
    def missed(self) -> tuple[Target, ...]:
        """The targets that do not hold."""
        return tuple(target for target in TARGETS if not self._is_met(target))

    def _is_met(self, target: Target) -> bool:
        figure = self.figures.get(target.key)
        return figure is not None and target.is_met_by(figure.value)

    def as_json(self) -> dict[str, object]:
        """Give every row as plain JSON values."""
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "holds": not self.missed,
            "rows": [
                {
                    "key": target.key,
                    "title": target.title,
                    "target": target.limit_text,
                    "value": _value(self.figures.get(target.key)),
                    "n": _count(self.figures.get(target.key)),
                    "note": _note(self.figures.get(target.key)),
                    "baseline": _value(self.baseline.get(target.key)),
                    "on_2024_08_14": target.on_the_day,
                    "holds": self._is_met(target),
                }
                for target in TARGETS
            ],
        }

    def as_markdown(self) -> str:
        """Give the rows as a table for the documentation and the terminal."""
        head = "| | target | measured | guards off | 2024-08-14 | |\n|---|---|---|---|---|---|"
        return "\n".join([head, *(self._row(target) for target in TARGETS)])

    def _row(self, target: Target) -> str:
        figure = self.figures.get(target.key)
        cells = (
            target.title,
            target.limit_text,
            _cell(figure, target.unit),
            _cell(self.baseline.get(target.key), target.unit),
            target.on_the_day,
            "holds" if self._is_met(target) else "**missed**",
        )
        return f"| {' | '.join(cells)} |"


def format_value(value: float, unit: str) -> str:
    """Write a figure with its unit, without decimals that say nothing."""
    text = f"{value:.2f}".rstrip("0").rstrip(".") if value != int(value) else str(int(value))
    return f"{text} {unit}".rstrip()


def _cell(figure: Figure | None, unit: str) -> str:
    if figure is None:
        return "not measured"
    return f"{format_value(figure.value, unit)} (n = {figure.n:,})"


def _value(figure: Figure | None) -> float | None:
    return None if figure is None else round(figure.value, 4)


def _count(figure: Figure | None) -> int:
    return 0 if figure is None else figure.n


def _note(figure: Figure | None) -> str:
    return "" if figure is None else figure.note
