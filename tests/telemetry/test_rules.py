"""The alert rules and the dashboard, read by the programs that will run them."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from harmonyhub.checks.reference import CHECKS
from harmonyhub.telemetry import rule_files
from harmonyhub.telemetry.dashboard import PANELS, render_dashboard
from harmonyhub.telemetry.metrics import METRICS
from harmonyhub.telemetry.rules import HEALTHY, RULES, SCRAPE_S, Layer, Level, Rule

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES_NAME = "harmonyhub.rules.yml"
NAMES = {metric.exposed_name for metric in METRICS}
DETECTED_WITHIN_S = 20

needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not here")
needs_amtool = pytest.mark.skipif(not shutil.which("amtool"), reason="amtool is not here")


def run(*command: str | Path) -> str:
    """Run a program that must succeed, and give what it said."""
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=600, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


def fails(*command: str | Path) -> bool:
    """Run a program and tell whether it failed."""
    return bool(subprocess.run([*map(str, command)], capture_output=True, check=False).returncode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the rules in it."""
    (tmp_path / RULES_NAME).write_text(rule_files.render_rules())
    return tmp_path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("prometheus/harmonyhub.rules.yml", rule_files.render_rules()),
        ("prometheus/harmonyhub.rules.test.yml", rule_files.render_rule_tests()),
        ("prometheus/month.test.yml", rule_files.render_replay()),
        ("prometheus/prometheus.yml", rule_files.render_prometheus()),
        ("alertmanager/alertmanager.yml", rule_files.render_alertmanager()),
        ("grafana/harmonyhub.json", render_dashboard()),
    ],
    ids=lambda value: value if len(value) < 60 else "",
)
def test_shipped_file_is_what_the_code_says(path: str, text: str) -> None:
    """Each file below deploy/ is generated and up to date."""
    assert (DEPLOY / path).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_reads_what_there_is(rule: Rule) -> None:
    """Each metric of a rule is declared, its healthy value known, its runbook one of a check."""
    used = set(re.findall(r"harmonyhub_\w+", rule.expression))
    assert set() == used - NAMES
    assert set() == set(rule.fault) - set(HEALTHY)
    assert rule.runbook in {"", *(check.id for check in CHECKS)}


def test_names_of_rules_are_unique() -> None:
    """No alert hides behind another of its name."""
    assert len(RULES) == len({rule.name for rule in RULES})


def test_wrong_setting_pages_within_twenty_seconds() -> None:
    """Scrape, evaluation and waiting of each rule on a rejected credential fit 20 s."""
    named = [
        rule for rule in RULES if rule.layer is Layer.CAUSE and "credential" in rule.expression
    ]
    latched = [rule for rule in RULES if "latched" in rule.expression]
    late = [
        rule.name
        for rule in (*named, *latched)
        if rule.level is not Level.PAGE or 2 * SCRAPE_S + rule.for_s > DETECTED_WITHIN_S
    ]
    assert [] == late
    assert named
    assert latched


@needs_promtool
def test_prometheus_takes_the_rules(folder: Path) -> None:
    """Promtool finds as many rules as there are, and no fault in them."""
    assert f"{len(RULES)} rules found" in run("promtool", "check", "rules", folder / RULES_NAME)


@pytest.mark.slow
@needs_promtool
def test_each_rule_fires_on_its_fault_only(folder: Path) -> None:
    """Promtool replays each fault: silent before, firing in time, silent in a healthy house."""
    tests = folder / "rules.test.yml"
    tests.write_text(rule_files.render_rule_tests())
    assert "SUCCESS" in run("promtool", "test", "rules", tests)


@needs_promtool
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.slow
def test_a_rule_that_never_fires_is_found(folder: Path, rule: Rule) -> None:
    """With the expression of any one rule made false, the tests of the rules fail."""
    document = yaml.safe_load((folder / RULES_NAME).read_text())
    [broken] = [one for one in document["groups"][0]["rules"] if one["alert"] == rule.name]
    broken["expr"] = f"({broken['expr']}) and on() vector(0) == 1"
    (folder / RULES_NAME).write_text(yaml.safe_dump(document))
    all_tests = yaml.safe_load(rule_files.render_rule_tests())
    all_tests["tests"] = [one for one in all_tests["tests"] if one["name"] == rule.name]
    tests = folder / "rules.test.yml"
    tests.write_text(yaml.safe_dump(all_tests))
    assert fails("promtool", "test", "rules", tests)


@needs_promtool
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_month_of_hiccups_wakes_nobody(folder: Path) -> None:
    """45 hiccups, 3 spent quotas and a cohort of ending consents page nobody; a fault does."""
    tests = folder / "month.test.yml"
    tests.write_text(rule_files.render_replay())
    assert "SUCCESS" in run("promtool", "test", "rules", tests)


@needs_promtool
def test_prometheus_takes_its_configuration(folder: Path) -> None:
    """With the token beside it, the shipped configuration is one that Prometheus starts with."""
    (folder / "harmonyhub.admin.token").write_text("token")
    path = folder / "prometheus.yml"
    path.write_text(rule_files.render_prometheus())
    assert "is valid prometheus config file syntax" in run("promtool", "check", "config", path)


@needs_amtool
def test_alertmanager_takes_its_configuration(tmp_path: Path) -> None:
    """Amtool finds no fault in routes, receivers and silenced symptoms."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(rule_files.render_alertmanager())
    assert "SUCCESS" in run("amtool", "check-config", path)


@needs_amtool
@pytest.mark.parametrize(
    ("level", "contact"),
    [("page", "on-call"), ("escalation", "second-contact"), ("ticket", "tickets")],
)
def test_each_level_reaches_its_contact(tmp_path: Path, level: str, contact: str) -> None:
    """A page wakes, an escalation calls the second contact, a ticket waits for the morning."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(rule_files.render_alertmanager())
    routed = run("amtool", "config", "routes", "test", f"--config.file={path}", f"level={level}")
    assert contact == routed.splitlines()[0]


@needs_promtool
def test_every_expression_of_the_dashboard_is_valid(tmp_path: Path) -> None:
    """Prometheus parses each expression, as a rule that records it."""
    rules = [
        {"record": f"panel:{number}", "expr": panel.expression}
        for number, panel in enumerate(PANELS)
    ]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(PANELS)} rules found" in run("promtool", "check", "rules", path)


def test_dashboard_shows_what_is_declared() -> None:
    """Each metric of a panel exists; a legend names only labels that the expression keeps."""
    for panel in PANELS:
        used = set(re.findall(r"harmonyhub_\w+", panel.expression))
        assert set() == used - NAMES, panel.title
        kept = re.findall(r"by \(([^)]*)\)", panel.expression) or ["instance"]
        labels = set(re.findall(r"{{(\w+)}}", panel.legend))
        assert set() == labels - set(re.split(r",\s*", kept[0])), panel.title


def test_panels_do_not_overlap() -> None:
    """On Grafana's grid no two panels share a place, and none hangs over the edge."""
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(render_dashboard())["panels"]:
        grid = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert set() == cells & taken, panel["title"]
        assert grid["x"] + grid["w"] <= 24
        taken |= cells
