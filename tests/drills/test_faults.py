"""The catalogue of faults: each breaks what it says, and the product's own reading names it."""

import random
from pathlib import Path

import pytest

from harmonyhub.domain.findings import Finding, Severity
from harmonyhub.drills.catalogue import FAULTS
from harmonyhub.drills.configuration import Configuration, env_line
from harmonyhub.drills.faults import Fault, FaultClass, Kind
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.origins import read_env_file
from tests.drills.conftest import STAGE

SEEDS = range(25)


def read(configuration: Configuration, folder: Path) -> tuple[Settings | None, list[Finding]]:
    """Read a configuration as the product does at a start."""
    configuration.write(folder)
    return load_settings(configuration.environ, folder=folder)


def chance(seed: int) -> random.Random:
    """Give the chance of a seed."""
    return random.Random(seed)  # noqa: S311 - a drill, not a secret


def make(kind: Kind, good: Configuration, *, seed: int) -> Fault:
    """Make a fault of a kind; the good configuration has something to break for each."""
    fault = FAULTS.make(kind.id, good, stage=STAGE, rng=chance(seed))
    assert fault is not None
    return fault


def test_the_good_configuration_is_good(good: Configuration, tmp_path: Path) -> None:
    """Unbroken, the configuration has no finding at all: what is found later is the fault."""
    settings, findings = read(good, tmp_path / "deploy")
    assert settings is not None
    assert [] == findings


def test_there_are_more_than_forty_kinds() -> None:
    """The drill needs 40 kinds; each has an id of its own."""
    assert len(FAULTS) >= 40
    assert len(FAULTS) == len({kind.id for kind in FAULTS})


@pytest.mark.parametrize("kind", FAULTS.of(FaultClass.OFFLINE).kinds, ids=lambda kind: kind.id)
def test_an_offline_fault_is_refused_by_name(
    kind: Kind, good: Configuration, tmp_path: Path
) -> None:
    """Reading the settings refuses every offline fault, and blames a variable at fault first."""
    for seed in SEEDS:
        fault = make(kind, good, seed=seed)
        settings, findings = read(fault.configuration, tmp_path / f"deploy-{seed}")
        assert settings is None, f"{kind.id} seed {seed} was taken"
        assert findings[0].severity is Severity.ERROR
        assert fault.is_named_by([findings[0].variable or ""]), findings[0].message


@pytest.mark.parametrize(
    "kind", FAULTS.of(FaultClass.LIVE, FaultClass.UNDETECTABLE).kinds, ids=lambda kind: kind.id
)
def test_a_fault_at_large_looks_right(kind: Kind, good: Configuration, tmp_path: Path) -> None:
    """A fault that needs asking passes the reading: its values have the right shape."""
    for seed in SEEDS:
        fault = make(kind, good, seed=seed)
        settings, findings = read(fault.configuration, tmp_path / f"deploy-{seed}")
        assert settings is not None, findings
        assert good != fault.configuration


def test_each_fault_changes_only_what_it_blames(good: Configuration) -> None:
    """Every variable that a fault changes is among the names that it blames."""
    for kind in FAULTS:
        for seed in SEEDS:
            fault = make(kind, good, seed=seed)
            (at_fault,) = fault.at_fault
            before, after = set(good.environ.items()), set(fault.configuration.environ.items())
            changed = {name.removesuffix("_FILE") for name, _ in before ^ after}
            assert changed <= {name.removesuffix("_FILE") for name in at_fault}, kind.id


def test_the_seed_decides(good: Configuration) -> None:
    """The same seed draws the same fault, other seeds draw many others."""
    drawn = [FAULTS.draw(good, stage=STAGE, rng=chance(seed)) for seed in (*SEEDS, 0)]
    assert drawn[0] == drawn[-1]
    assert len({fault.kinds for fault in drawn}) > 10


def test_two_faults_are_both_refused_by_name(good: Configuration, tmp_path: Path) -> None:
    """Two offline faults at once are both named in one reading."""
    offline = FAULTS.of(FaultClass.OFFLINE)
    for seed in SEEDS:
        fault = offline.draw_double(good, stage=STAGE, rng=chance(seed))
        settings, findings = read(fault.configuration, tmp_path / f"deploy-{seed}")
        assert settings is None
        errors = {one.variable or "" for one in findings if one.severity is Severity.ERROR}
        assert fault.is_named_by(errors), (fault.kinds, errors)


def test_blaming_the_innocent_is_no_naming(good: Configuration) -> None:
    """A fault counts as named by its own variables only, and only when every one is hit."""
    secret, uri = frozenset({"SECRET"}), frozenset({"URI", "DATABASE"})
    fault = Fault(("a", "b"), FaultClass.LIVE, (secret, uri), good)
    assert fault.is_named_by({"SECRET", "DATABASE"})
    assert not fault.is_named_by({"SECRET"})
    assert not fault.is_named_by({"SECRET", "URI", "PORT"})


@pytest.mark.parametrize("text", ["plain", " a b ", "it's", "back\\slash", 'q"q', "two\nlines", ""])
def test_env_lines_keep_the_text(text: str, tmp_path: Path) -> None:
    """What is written into `.env` is read back letter by letter."""
    path = tmp_path / ".env"
    path.write_text(env_line("NAME", text) + "\n", encoding="utf-8")
    origin, findings = read_env_file(path)
    assert [] == findings
    assert text == origin.bindings["NAME"].text
