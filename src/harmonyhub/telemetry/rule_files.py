"""Writes the files of Prometheus and Alertmanager, and the unit tests of the rules, from data."""

import random
from collections.abc import Mapping
from typing import Any, TypeAlias

import yaml

from harmonyhub.telemetry import metrics
from harmonyhub.telemetry.rules import HEALTHY, RULES, SCRAPE_S, Layer, Level, Rule

Document: TypeAlias = dict[str, Any]  # YAML, as its reader wants it

HEAD = "# Written by `harmonyhub generate` from src/harmonyhub/telemetry; change it there.\n"
TOKEN_FILE = "harmonyhub.admin.token"  # noqa: S105 - a file's name
RULES_FILE = "harmonyhub.rules.yml"
FAULT_AT_S = 60
TEST_S = 2_400  # longer than any `for`

DAYS = 30
N_HICCUPS = 45
N_QUOTA_DAYS = 3
MINUTES = DAYS * 24 * 60
HICCUP_MINUTES = (1, 2, 3, 5, 8, 12, 40)
REPLAY_SEED = 20240814


def render_rules() -> str:
    """Write the alert rules."""
    groups = [{"name": "harmonyhub", "interval": f"{SCRAPE_S}s", "rules": [*map(_rule, RULES)]}]
    return _write({"groups": groups})


def _rule(rule: Rule) -> Document:
    templates = {name: f"{{{{ $labels.{name} }}}}" for name in rule.labels}
    return {
        "alert": rule.name,
        "expr": rule.expression,
        "for": f"{rule.for_s}s",
        "labels": _labels(rule),
        "annotations": _annotations(rule, templates),
    }


def _labels(rule: Rule) -> Document:
    return {
        "service": "harmonyhub",
        "level": rule.level.value,
        "layer": rule.layer.value,
        "owner": rule.owner.value,
    }


def _annotations(rule: Rule, values: Mapping[str, str]) -> Document:
    annotations = {"summary": rule.summary.format_map(values)}
    if rule.runbook:
        annotations["runbook"] = f"docs/runbooks/{rule.runbook}.md"
    return annotations


def render_rule_tests() -> str:
    """Write the unit tests: each rule fires on its fault in time, and all are silent else."""
    quiet = {
        "interval": f"{SCRAPE_S}s",
        "name": "a healthy house",
        "input_series": _input({}),
        "alert_rule_test": [_expect(rule, TEST_S, fires=False) for rule in RULES],
    }
    return _write(
        {
            "rule_files": [RULES_FILE],
            "evaluation_interval": f"{SCRAPE_S}s",
            "tests": [quiet, *map(_test, RULES)],
        }
    )


def _test(rule: Rule) -> Document:
    latest_s = FAULT_AT_S + rule.for_s + SCRAPE_S
    return {
        "interval": f"{SCRAPE_S}s",
        "name": rule.name,
        "input_series": _input(rule.fault),
        "alert_rule_test": [
            _expect(rule, FAULT_AT_S - SCRAPE_S, fires=False),
            _expect(rule, latest_s, fires=True),
        ],
    }


def _input(fault: Mapping[str, str]) -> list[Document]:
    before = FAULT_AT_S // SCRAPE_S - 1  # `1x3` is the value and three more
    after = TEST_S // SCRAPE_S
    return [
        {
            "series": series,
            "values": f"{value}x{before} {fault.get(series, value)}x{after}",
        }
        for series, value in HEALTHY.items()
    ]


def _expect(rule: Rule, at_s: int, *, fires: bool) -> Document:
    alert = {
        "exp_labels": {**_labels(rule), **rule.labels},
        "exp_annotations": _annotations(rule, rule.labels),
    }
    return {
        "eval_time": f"{at_s}s",
        "alertname": rule.name,
        "exp_alerts": [alert] if fires else [],
    }


def render_replay() -> str:
    """Write a month of what happens in every month: hiccups, spent quotas, ending consents.

    Nobody may be woken by it. The last minutes hold one real fault, so that the test could fail.
    """
    rng = random.Random(REPLAY_SEED)  # noqa: S311 - a replay, not a secret
    failing = [0] * MINUTES
    is_up = [1] * MINUTES
    for _ in range(N_HICCUPS):
        start = rng.randrange(MINUTES - 120)
        for minute in range(rng.choice(HICCUP_MINUTES)):
            failing[start + minute] = 60 * (minute + 1)
        is_up[rng.randrange(MINUTES - 120)] = 0
    held, lag = _quota_days(rng)
    cohort = [12 if 10 <= minute // 1440 < 17 else 0 for minute in range(MINUTES)]
    rejected = [2 if rng.random() < 0.001 else 0 for _ in range(MINUTES)]
    month = {
        metrics.UPSTREAM_FAILING.exposed_name: failing,
        "up": is_up,
        metrics.UPSTREAM_NOT_BEFORE.exposed_name: held,
        metrics.SYNC_LAG.exposed_name: lag,
        metrics.TOKENS_EXPIRING.exposed_name: cohort,
        metrics.GRANTS_REJECTED.exposed_name: rejected,
        metrics.CREDENTIAL_STATE.exposed_name: [1] * (MINUTES - 1) + [0],
    }
    series = [
        {"series": name, "values": _runs(month.get(name.partition("{")[0]), value)}
        for name, value in HEALTHY.items()
    ]
    woken = 'count(max_over_time(ALERTS{{alertstate="firing",level=~"page|escalation"}}[{}d]))'
    end = f"{MINUTES - 1}m"
    expectations = [
        {"expr": woken.format(DAYS), "eval_time": f"{MINUTES - 2}m", "exp_samples": []},
        {
            "expr": woken.format(DAYS),
            "eval_time": end,
            "exp_samples": [{"labels": "{}", "value": 1}],
        },
    ]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": expectations}
    return _write({"rule_files": [RULES_FILE], "evaluation_interval": "1m", "tests": [test]})


def _quota_days(rng: random.Random) -> tuple[list[int], list[int]]:
    held, lag = [0] * MINUTES, [60] * MINUTES
    for day in rng.sample(range(1, DAYS - 2), N_QUOTA_DAYS):
        start, hours = day * 1440 + rng.randrange(600), rng.randrange(4, 20)
        for minute in range(hours * 60):
            held[start + minute] = 60 * (start + hours * 60)
            lag[start + minute] = 60 + 60 * minute
    return held, lag


def _runs(values: list[int] | None, constant: str) -> str:
    """Write values as Prometheus's tests abbreviate them: `1x3` is 1 and three more."""
    if values is None:
        return f"{constant}x{MINUTES - 1}"
    runs: list[tuple[int, int]] = []
    for value in values:
        if runs and runs[-1][0] == value:
            runs[-1] = (value, runs[-1][1] + 1)
        else:
            runs.append((value, 1))
    return " ".join(str(value) if n == 1 else f"{value}x{n - 1}" for value, n in runs)


def render_prometheus() -> str:
    """Write the configuration of Prometheus; the admin token lies beside it."""
    pace = f"{SCRAPE_S}s"
    job = {
        "job_name": "harmonyhub",
        "authorization": {"credentials_file": TOKEN_FILE},
        "static_configs": [{"targets": ["127.0.0.1:8000"]}],
    }
    return _write(
        {
            "global": {
                "scrape_interval": pace,
                "scrape_timeout": f"{SCRAPE_S - 1}s",
                "evaluation_interval": pace,
            },
            "rule_files": [RULES_FILE],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["127.0.0.1:9093"]}]}]},
            "scrape_configs": [job],
        }
    )


def render_alertmanager() -> str:
    """Write the configuration of Alertmanager: causes silence symptoms, a second contact waits."""
    contacts = {Level.PAGE: "on-call", Level.ESCALATION: "second-contact", Level.TICKET: "tickets"}
    routes = [
        {
            "matchers": [f'level="{level.value}"'],
            "receiver": contact,
            **({"repeat_interval": "24h"} if level is Level.TICKET else {}),
        }
        for level, contact in contacts.items()
    ]
    named = "HarmonyHubCredentialRejected"
    wider = "HarmonyHubConfigurationInvalid|HarmonyHubClientRejected|HarmonyHubForeignApp"
    return _write(
        {
            "global": {
                "smtp_smarthost": "localhost:25",
                "smtp_from": "harmonyhub@example.org",
                "smtp_require_tls": False,
            },
            "route": {
                "receiver": "tickets",
                "group_by": ["service", "layer"],
                "group_wait": "1s",
                "group_interval": "30s",
                "repeat_interval": "4h",
                "routes": routes,
            },
            "inhibit_rules": [
                _inhibit(
                    [f'layer="{Layer.CAUSE.value}"'],
                    [f'layer="{Layer.SYMPTOM.value}"', f'level!="{Level.ESCALATION.value}"'],
                ),
                _inhibit([f'alertname="{named}"'], [f'alertname=~"{wider}"']),
            ],
            "receivers": [
                {
                    "name": contact,
                    "email_configs": [{"to": f"{contact}@example.org", "send_resolved": True}],
                }
                for contact in contacts.values()
            ],
        }
    )


def _inhibit(sources: list[str], targets: list[str]) -> Document:
    return {"source_matchers": sources, "target_matchers": targets, "equal": ["service"]}


def _write(document: Document) -> str:
    return HEAD + yaml.safe_dump(document, sort_keys=False, width=100, allow_unicode=True)
