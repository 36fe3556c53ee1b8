"""Every metric of the house, declared once: the page, its reference and the alert rules use it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Kind(StrEnum):
    """How a metric's value behaves."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; a label's values come from a closed set and never name a user."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()

    @property
    def exposed_name(self) -> str:
        """The name on the page and in expressions."""
        return f"{self.name}_total" if self.kind is Kind.COUNTER else self.name


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric; `labels` in the order in which the metric declares them."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


Labelled: TypeAlias = Mapping[tuple[str, ...], float]


def _gauge(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(f"harmonyhub_{name}", Kind.GAUGE, meaning, labels)


def _counter(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(f"harmonyhub_{name}", Kind.COUNTER, meaning, labels)


UPSTREAM_REQUESTS = _counter(
    "upstream_requests",
    "Calls of the whole fleet to an upstream, by what became of them and whose fault that is.",
    "upstream",
    "operation",
    "outcome",
    "owner",
)
UPSTREAM_LATCHED = _gauge(
    "upstream_latched",
    "1 while all calls are stopped for a fault of the operator, by its outcome.",
    "upstream",
    "outcome",
)
UPSTREAM_LAST_OK = _gauge(
    "upstream_last_ok_timestamp_seconds", "When the upstream last gave what was asked.", "upstream"
)
UPSTREAM_NOT_BEFORE = _gauge(
    "upstream_not_before_timestamp_seconds",
    "Until when a quota holds all calls back; in the past: it does not.",
    "upstream",
)
UPSTREAM_CALLS_DAY = _gauge(
    "upstream_calls_day",
    "Calls in the last 24 hours that count against the quota of the operator's app.",
    "upstream",
)
UPSTREAM_CALLS_ALLOWED = _gauge(
    "upstream_calls_allowed",
    "How many of them a day are planned with: learned from the last quota told, or assumed.",
    "upstream",
)
UPSTREAM_FAILING = _gauge(
    "upstream_failing_seconds",
    "For how long nothing but faults of the upstream or the network came; 0 while it answers.",
    "upstream",
)
CREDENTIAL_STATE = _gauge(
    "credential_state",
    "Of each variable that holds a credential: 1 accepted, 0 rejected, -1 not known.",
    "variable",
)
CONFIGURATION_VALID = _gauge(
    "configuration_valid",
    "0 while an open incident names a setting as its cause, 1 otherwise.",
)
CONFIGURATION_INFO = _gauge(
    "configuration_info",
    "1; version, release and keyed fingerprint of the configuration in use.",
    "version",
    "release",
    "fingerprint",
)
CONFIGURATION_DRIFT = _gauge(
    "configuration_drift",
    "Processes whose source of a variable has another value than the one in use.",
    "variable",
)
RELEASE_CHANGED = _gauge(
    "release_changed", "1 for each variable that the live release changed.", "variable"
)
RELEASE_LIVE = _gauge("release_live", "Number of the release that carries the traffic.")
GATE_VERDICTS = _gauge(
    "gate_verdicts", "Releases of the ledger by the verdict of the gate.", "verdict"
)
TOKENS = _gauge("tokens", "Consents of users by state.", "state")
TOKENS_EXPIRING = _gauge(
    "tokens_expiring", "Consents in use that end within the time, six months old.", "within"
)
GRANTS_REJECTED = _gauge(
    "grants_rejected",
    "Consents quarantined in the last 5 minutes because the upstream rejected them before their"
    " age ended them.",
)
SYNC_LAG = _gauge(
    "sync_lag_seconds", "Age of the oldest last synchronization of an active consent."
)
INCIDENTS_OPEN = _gauge("incidents_open", "Open incidents by the check of a cause.", "check")
UNACKNOWLEDGED = _gauge(
    "incident_unacknowledged_seconds",
    "For how long the oldest open incident waits for somebody; 0 without one.",
)
ALERT_MESSAGES = _counter(
    "alert_messages", "Messages to a contact's addresses by what became of them.", "outcome"
)
ALERT_LAST_OK = _gauge(
    "alert_last_success_timestamp_seconds", "When an alert last reached somebody."
)
ALERT_LAST_FAILED = _gauge(
    "alert_last_failure_timestamp_seconds", "When an alert last reached nobody."
)
WATCH_UNTIL = _gauge(
    "watch_lease_until_timestamp_seconds",
    "Until when a process has taken on the built-in watch; renewed at every look.",
)
INSTANCES = _gauge("instances", "Processes that told of themselves in the last minute.")
STORE_UP = _gauge("store_up", "Whether MongoDB answered while this page was made.")
TRAININGS = _counter(
    "trainings",
    "Trainings by what the quality gate said: first, good, not-judged, accepted; worse and broken"
    " ones left the live index in place.",
    "verdict",
)
TRAINING_REFUSED = _gauge(
    "training_refused", "1 while the latest training is one that the quality gate refused."
)
TRAINING_NDCG = _gauge(
    "training_ndcg",
    "NDCG@100 on held-out listens at the latest training, of the new and of the live index.",
    "index",
)
REQUESTS = _counter(
    "requests",
    "Requests that this process served, by feature, outcome and freshness of the sources.",
    "feature",
    "outcome",
    "freshness",
)
USERS_SERVED = _gauge(
    "known_users_served_ratio",
    "Of the users that asked this process in the last 5 minutes, the share whose last answer was"
    " no failure of ours.",
)
STARTED = _gauge("started_timestamp_seconds", "When this process started.")

METRICS = (
    UPSTREAM_REQUESTS,
    UPSTREAM_LATCHED,
    UPSTREAM_LAST_OK,
    UPSTREAM_NOT_BEFORE,
    UPSTREAM_CALLS_DAY,
    UPSTREAM_CALLS_ALLOWED,
    UPSTREAM_FAILING,
    CREDENTIAL_STATE,
    CONFIGURATION_VALID,
    CONFIGURATION_INFO,
    CONFIGURATION_DRIFT,
    RELEASE_CHANGED,
    RELEASE_LIVE,
    GATE_VERDICTS,
    TOKENS,
    TOKENS_EXPIRING,
    GRANTS_REJECTED,
    SYNC_LAG,
    INCIDENTS_OPEN,
    UNACKNOWLEDGED,
    ALERT_MESSAGES,
    ALERT_LAST_OK,
    ALERT_LAST_FAILED,
    WATCH_UNTIL,
    INSTANCES,
    STORE_UP,
    TRAININGS,
    TRAINING_REFUSED,
    TRAINING_NDCG,
    REQUESTS,
    USERS_SERVED,
    STARTED,
)
BY_COUNTER = {
    metric.name.removeprefix("harmonyhub_"): metric
    for metric in METRICS
    if metric.kind is Kind.COUNTER
}
"""Counters by the name under which the store keeps them."""


class _Loaded(Collector):
    """Hands loaded samples to the library, grouped as it wants them."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._values: dict[Metric, dict[tuple[str, ...], float]] = defaultdict(dict)
        for sample in samples:
            self._values[sample.metric][sample.labels] = sample.value

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Give the families in the order of their declaration."""
        for metric in METRICS:
            if values := self._values.get(metric):
                yield _family(metric, values)


def _family(metric: Metric, values: Labelled) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def render(samples: Iterable[Sample]) -> bytes:
    """Write the samples as Prometheus reads them, with those of this process itself."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Loaded(samples))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def render_reference() -> str:
    """Write the reference of all metrics in Markdown."""
    rows = [
        f"| `{metric.exposed_name}` | {metric.kind.value} |"
        f" {', '.join(f'`{label}`' for label in metric.labels)} | {metric.meaning} |"
        for metric in METRICS
    ]
    return "\n".join([*REFERENCE_HEAD, *rows]) + "\n"


REFERENCE_HEAD = (
    "# Metrics",
    "",
    "Written by `harmonyhub generate`; change `src/harmonyhub/telemetry/metrics.py` instead.",
    "",
    "`GET /metrics` gives them to whoever shows the admin token (`Authorization: Bearer`), beside",
    "the usual `process_*` metrics. No label names a user. Times are unix seconds. What the fleet",
    "shares (upstreams, consents, incidents, releases) reads the same from every process.",
    "",
    "| metric | kind | labels | meaning |",
    "|---|---|---|---|",
)
