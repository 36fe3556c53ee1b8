"""The dashboard of Grafana as data; every expression is one that Prometheus has checked."""

import json
from dataclasses import dataclass
from typing import Any

from harmonyhub.telemetry import metrics

COLUMNS = 24  # Grafana's grid
SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel: what it shows, and how wide it is on the grid of 24 columns.

    Attributes
    ----------
    kind : str
        Grafana's name of the panel: stat, timeseries, table.
    legend : str
        What names each series, with its labels in double braces.
    values : dict
        Number to words, for states.
    """

    title: str
    expression: str
    kind: str = "timeseries"
    unit: str = "short"
    legend: str = ""
    width: int = 8
    values: dict[str, str] | None = None


YES_NO = {"1": "yes", "0": "no"}
PANELS = (
    Panel(
        title="Configuration valid",
        expression=f"min({metrics.CONFIGURATION_VALID.exposed_name})",
        kind="stat",
        width=4,
        values=YES_NO,
    ),
    Panel(
        title="Credentials",
        expression=f"min by (variable) ({metrics.CREDENTIAL_STATE.exposed_name})",
        kind="stat",
        legend="{{variable}}",
        width=12,
        values={"1": "accepted", "0": "rejected", "-1": "not known"},
    ),
    Panel(
        title="Live release",
        expression=f"max({metrics.RELEASE_LIVE.exposed_name})",
        kind="stat",
        width=4,
    ),
    Panel(
        title="Users served",
        expression=f"min({metrics.USERS_SERVED.exposed_name})",
        kind="stat",
        unit="percentunit",
        width=4,
    ),
    Panel(
        title="Open incidents",
        expression=f"max by (check) ({metrics.INCIDENTS_OPEN.exposed_name})",
        legend="{{check}}",
    ),
    Panel(
        title="Calls to upstreams",
        expression=(
            # Every process reads the same count of the whole fleet.
            f"max by (operation, outcome) (rate({metrics.UPSTREAM_REQUESTS.exposed_name}[5m]))"
        ),
        unit="reqps",
        legend="{{operation}} {{outcome}}",
    ),
    Panel(
        title="Calls stopped, by outcome",
        expression=(f"max by (upstream, outcome) ({metrics.UPSTREAM_LATCHED.exposed_name}) > 0"),
        legend="{{upstream}} {{outcome}}",
    ),
    Panel(
        title="Upstream failing for",
        expression=f"max by (upstream) ({metrics.UPSTREAM_FAILING.exposed_name})",
        unit="s",
        legend="{{upstream}}",
    ),
    Panel(
        title="Held by a quota for",
        expression=(
            f"clamp_min(max by (upstream) ({metrics.UPSTREAM_NOT_BEFORE.exposed_name}) - time(), 0)"
        ),
        unit="s",
        legend="{{upstream}}",
    ),
    Panel(
        title="Share of the daily calls",
        expression=(
            f"max by (upstream) ({metrics.UPSTREAM_CALLS_DAY.exposed_name})"
            f" / max by (upstream) ({metrics.UPSTREAM_CALLS_ALLOWED.exposed_name})"
        ),
        unit="percentunit",
        legend="{{upstream}}",
    ),
    Panel(
        title="Oldest synchronization",
        expression=f"max({metrics.SYNC_LAG.exposed_name})",
        unit="s",
    ),
    Panel(
        title="Consents",
        expression=f"max by (state) ({metrics.TOKENS.exposed_name})",
        legend="{{state}}",
    ),
    Panel(
        title="Consents that end",
        expression=f"max by (within) ({metrics.TOKENS_EXPIRING.exposed_name})",
        legend="within {{within}}",
    ),
    Panel(
        title="Consents rejected in 5 minutes",
        expression=f"max({metrics.GRANTS_REJECTED.exposed_name})",
    ),
    Panel(
        title="Requests by feature",
        expression=f"sum by (feature) (rate({metrics.REQUESTS.exposed_name}[5m]))",
        unit="reqps",
        legend="{{feature}}",
    ),
    Panel(
        title="Requests that failed",
        expression=(
            f'sum by (feature) (rate({metrics.REQUESTS.exposed_name}{{outcome="failed"}}[5m]))'
        ),
        unit="reqps",
        legend="{{feature}}",
    ),
    Panel(
        title="Requests by freshness of the sources",
        expression=f"sum by (freshness) (rate({metrics.REQUESTS.exposed_name}[5m]))",
        unit="reqps",
        legend="{{freshness}}",
    ),
    Panel(
        title="Releases by verdict of the gate",
        expression=f"max by (verdict) ({metrics.GATE_VERDICTS.exposed_name})",
        kind="stat",
        legend="{{verdict}}",
    ),
    Panel(
        title="Variables that the live release changed",
        expression=f"max by (variable) ({metrics.RELEASE_CHANGED.exposed_name})",
        kind="table",
    ),
    Panel(
        title="Changed but not loaded",
        expression=f"max by (variable) ({metrics.CONFIGURATION_DRIFT.exposed_name}) > 0",
        kind="table",
    ),
    Panel(
        title="Processes by release and configuration",
        expression=(
            f"count by (version, release, fingerprint) ({metrics.CONFIGURATION_INFO.exposed_name})"
        ),
        kind="table",
        width=12,
    ),
    Panel(
        title="Alert messages",
        expression=f"max by (outcome) ({metrics.ALERT_MESSAGES.exposed_name})",
        kind="stat",
        legend="{{outcome}}",
        width=6,
    ),
    Panel(
        title="Last alert delivered",
        expression=f"max({metrics.ALERT_LAST_OK.exposed_name}) * 1000",
        kind="stat",
        unit="dateTimeFromNow",
        width=6,
    ),
    Panel(
        title="MongoDB answers",
        expression=f"min by (instance) ({metrics.STORE_UP.exposed_name})",
        kind="stat",
        legend="{{instance}}",
        values=YES_NO,
    ),
    Panel(
        title="Memory",
        expression='process_resident_memory_bytes{job="harmonyhub"}',
        unit="bytes",
        legend="{{instance}}",
    ),
    Panel(
        title="Processor",
        expression='rate(process_cpu_seconds_total{job="harmonyhub"}[5m])',
        unit="percentunit",
        legend="{{instance}}",
    ),
)


def render_dashboard() -> str:
    """Write the dashboard as Grafana imports it."""
    document = {
        "title": "HarmonyHub",
        "uid": "harmonyhub",
        "description": "Written by `harmonyhub generate` from telemetry/dashboard.py.",
        "tags": ["harmonyhub"],
        "schemaVersion": 39,
        "version": 1,
        "timezone": "utc",
        "refresh": "10s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "source", "label": "Prometheus", "type": "datasource"}
                | {"query": "prometheus"}
            ]
        },
        "panels": _place(),
    }
    return json.dumps(document, indent=2) + "\n"


def _place() -> list[dict[str, Any]]:
    """Set the panels in rows, from left to right."""
    panels = []
    x = y = height = 0
    for number, panel in enumerate(PANELS, start=1):
        if x + panel.width > COLUMNS:
            x, y, height = 0, y + height, 0
        rows = 4 if panel.kind == "stat" else 8
        panels.append(_panel(panel, number) | {"gridPos": _grid(panel, x, y=y, rows=rows)})
        x, height = x + panel.width, max(height, rows)
    return panels


def _grid(panel: Panel, x: int, *, y: int, rows: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": panel.width, "h": rows}


def _panel(panel: Panel, number: int) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit}
    if panel.values:
        options = {value: {"text": text} for value, text in panel.values.items()}
        defaults["mappings"] = [{"type": "value", "options": options}]
    target = {
        "refId": "A",
        "expr": panel.expression,
        "datasource": SOURCE,
        "legendFormat": panel.legend or panel.title,
        "instant": panel.kind != "timeseries",
        "format": "table" if panel.kind == "table" else "time_series",
    }
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": SOURCE,
        "targets": [target],
        "fieldConfig": {"defaults": defaults, "overrides": []},
    }
