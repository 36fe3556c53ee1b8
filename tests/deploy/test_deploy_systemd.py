"""The systemd units: valid, hardened, and they stop at a wrong setting."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harmonyhub.domain.errors import ConfigurationError

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNITS = ("harmonyhub.service", "harmonyhub-keep.service")
INSTALLED = "/opt/harmonyhub/.venv/bin/harmonyhub"
MOST_EXPOSED = 20  # in tenths: systemd calls everything below 2.0 well protected

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Give a folder with the units and the drop-in, pointed at this installation."""
    command = str(Path(sys.executable).parent / "harmonyhub")
    for name in UNITS:
        text = (FOLDER / name).read_text("utf-8")
        assert INSTALLED in text
        (tmp_path / name).write_text(text.replace(INSTALLED, command))
    drop_in = tmp_path / "harmonyhub.service.d"
    drop_in.mkdir()
    shutil.copy(FOLDER / "secrets.conf", drop_in)
    return tmp_path


def analyze(*arguments: str | Path, units: Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze on our units alone."""
    return subprocess.run(
        ["systemd-analyze", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{units}:"},
    )


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_systemd_accepts_it(units: Path, name: str) -> None:
    """The manager knows every line of the unit and of the drop-in with the secrets."""
    done = analyze("verify", "--man=no", units / name, units=units)
    assert (0, "") == (done.returncode, done.stderr)


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_it_exposes_little(units: Path, name: str) -> None:
    """A process that is taken over reaches little of the machine."""
    done = analyze(
        "security", "--offline=true", f"--threshold={MOST_EXPOSED}", units / name, units=units
    )
    assert 0 == done.returncode, done.stdout[-200:]


@pytest.mark.parametrize("name", UNITS)
def test_a_wrong_setting_is_not_tried_again(name: str) -> None:
    """The exit status of a wrong setting ends the restarts."""
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    assert f"RestartPreventExitStatus={ConfigurationError.exit_status}" in lines


def test_only_the_keeper_starts_without_a_check() -> None:
    """`up` is checked first; the keeper must come up whatever `.env` says by now."""
    checked = [f"ExecStartPre={INSTALLED} check" in (FOLDER / n).read_text("utf-8") for n in UNITS]
    assert [True, False] == checked
