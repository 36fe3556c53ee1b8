"""The declaration of the metrics: names, rendering, the reference."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harmonyhub.telemetry import metrics
from harmonyhub.telemetry.metrics import METRICS, Kind, Metric, Sample, render, render_reference

REFERENCE = Path(__file__).parents[2] / "docs" / "metrics.md"
NEVER_A_LABEL = {"user", "user_id", "track", "token", "path", "ip", "url"}


def test_names_are_unique() -> None:
    """No two metrics share a name."""
    names = [metric.exposed_name for metric in METRICS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_name_follows_the_conventions(metric: Metric) -> None:
    """Ours by prefix, base units, `_total` for counters only, and no label that names a user."""
    assert re.fullmatch(r"harmonyhub_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.exposed_name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert set() == set(metric.labels) & NEVER_A_LABEL
    assert metric.meaning.endswith(".")


def test_samples_are_written_as_prometheus_reads_them() -> None:
    """Counters and gauges come out under their names, with labels escaped."""
    page = render(
        [
            Sample(metrics.ALERT_MESSAGES, 3, ("delivered",)),
            Sample(metrics.CONFIGURATION_INFO, 1, ('1.0"', "7", "ab")),
        ]
    ).decode()
    samples = {
        sample.name: (sample.labels, sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name.startswith("harmonyhub_")
    }
    assert samples == {
        "harmonyhub_alert_messages_total": ({"outcome": "delivered"}, 3.0),
        "harmonyhub_configuration_info": (
            {"version": '1.0"', "release": "7", "fingerprint": "ab"},
            1.0,
        ),
    }


def test_page_tells_of_the_process_too() -> None:
    """Memory and processor time of the process rule it out as a cause."""
    assert b"process_resident_memory_bytes" in render([])


def test_reference_is_what_the_code_says() -> None:
    """docs/metrics.md is generated and up to date."""
    assert REFERENCE.read_text(encoding="utf-8") == render_reference()
