"""The drill as a whole: acts in processes of their own, and a scorecard of their figures."""

import json
import subprocess
import sys

import pytest

from harmonyhub.drills.drill import merge
from harmonyhub.drills.scorecard import TARGETS, Figure, Scorecard


@pytest.mark.alone
@pytest.mark.timeout(600)
def test_every_act_is_played_and_held() -> None:
    """`harmonyhub drill --short` plays all acts; what it prints is a row for every target."""
    done = subprocess.run(
        [sys.executable, "-m", "harmonyhub", "drill", "--short", "--seed", "7", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    rows = json.loads(done.stdout)["rows"]
    assert [target.key for target in TARGETS] == [row["key"] for row in rows]
    # Times are measured where nothing else runs, which a test run is not.
    untimed = [row for row in rows if not row["key"].endswith(("_s", "p95_ratio"))]
    assert [] == [row for row in untimed if not row["holds"]], done.stderr
    assert all(row["value"] is not None for row in rows)


def test_a_target_without_a_figure_is_missed() -> None:
    """What was not measured does not hold."""
    scorecard = Scorecard(seed=1, seconds=1.0, figures={}, baseline={})
    assert TARGETS == scorecard.missed
    assert "not measured" in scorecard.as_markdown()


def test_counts_of_several_acts_are_added() -> None:
    """Secrets that two acts found are found twice; notes stand side by side."""
    parts = [
        {"secrets.found": Figure(1, 10, "log")},
        {"secrets.found": Figure(2, 20, "page"), "tokens.lost": Figure(0, 5)},
    ]
    assert {
        "secrets.found": Figure(3, 30, "log; page"),
        "tokens.lost": Figure(0, 5, ""),
    } == merge(parts)


def test_each_figure_is_held_against_its_own_bound() -> None:
    """A share must reach its limit and a count must not pass it."""
    by_key = {target.key: target for target in TARGETS}
    assert by_key["named.single"].is_met_by(99.0)
    assert not by_key["named.single"].is_met_by(98.9)
    assert by_key["gate.verdict_s"].is_met_by(3.0)
    assert not by_key["gate.verdict_s"].is_met_by(3.1)
