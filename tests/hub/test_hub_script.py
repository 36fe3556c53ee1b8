"""The bootstrap script: it installs once, survives accidents, and names what is missing."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("cat", "cksum", "dirname", "find", "mkdir", "readlink", "rm", "sh")

# Without a network there is no build backend to install: this one makes the editable wheel.
BACKEND = """
import zipfile, pathlib
INFO = "harmonyhub-1.dist-info/"
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "harmonyhub-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("harmonyhub.pth", str(pathlib.Path("src").resolve()))
        wheel.writestr(
            INFO + "METADATA", "Metadata-Version: 2.1\\nName: harmonyhub\\nVersion: 1\\n"
        )
        wheel.writestr(
            INFO + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        )
        wheel.writestr(INFO + "entry_points.txt", "[console_scripts]\\nharmonyhub=hubtest:main\\n")
        wheel.writestr(INFO + "RECORD", "")
    return name
"""
HIDE_ENSUREPIP = """
import importlib.util as util
real = util.find_spec
util.find_spec = lambda name: None if name == "ensurepip" else real(name)
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "harmonyhub"
version = "1"
"""


def make_clone(folder: Path) -> Path:
    """Make a clone with the real script, around a package that prints its arguments."""
    clone = folder / "a clone"
    (clone / "src").mkdir(parents=True)
    (clone / "requirements").mkdir()
    (clone / "src" / "hubtest.py").write_text(
        "import sys\ndef main(): print('RAN', sys.argv[1:])\n"
    )
    (clone / "backend.py").write_text(BACKEND)
    (clone / "pyproject.toml").write_text(PROJECT)
    for name in ("run", "dev"):
        (clone / "requirements" / f"{name}.txt").write_text("")
    shutil.copy2(ROOT / "hub", clone / "hub")
    return clone


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone where nothing was started yet."""
    return make_clone(tmp_path)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone that was started before."""
    clone = make_clone(tmp_path_factory.mktemp("installed"))
    out, err = run(clone, "up", "x y", "")
    assert "RAN ['up', 'x y', '']\n" == out
    assert 1 == err.count("installing requirements/run.txt")
    assert 1 == len(list((clone / "src").glob("__pycache__/hubtest.*.pyc")))
    return clone


def environment(home: Path, path: str = os.defpath) -> dict[str, str]:
    """Give the environment of a fresh machine whose Python leaves no bytecode when it runs."""
    python = Path(getattr(sys, "_base_executable", sys.executable)).parent
    path = path if path != os.defpath else f"{python}:{path}"
    return {"HOME": str(home), "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def start(clone: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the script from another folder, as the leader of a process group."""
    return subprocess.Popen(
        [str(clone / "hub"), *arguments],
        cwd=clone.parent,
        env=environment(clone.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(clone: Path, *arguments: str) -> tuple[str, str]:
    """Run the script to its good end: what it printed and what it said."""
    process = start(clone, *arguments)
    out, err = process.communicate()
    assert 0 == process.returncode, err
    return out, err


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_scripts_pass_shellcheck() -> None:
    """Both shell scripts are clean."""
    subprocess.run(["shellcheck", ROOT / "hub", ROOT / ".ci" / "run"], check=True)


@pytest.mark.parametrize(
    ("trick", "message"),
    [
        ("sys.version_info = (3, 9, 2)", "is too old: 3.11 or newer is needed"),
        (HIDE_ENSUREPIP, "sudo apt-get install python3-venv"),
        (None, "Python 3.11 or newer is needed. On Debian or Ubuntu: sudo apt-get install"),
    ],
    ids=["old", "bare", "none"],
)
def test_unfit_python_is_named_with_the_command(
    clone: Path, tmp_path: Path, trick: str | None, message: str
) -> None:
    """Too old, without ensurepip, or not there: the message says so and how to install one."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool) or "")
    if trick is not None:
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "sitecustomize.py").write_text(f"import sys\n{trick}\n")
        python = tools / "python3"
        real = getattr(sys, "_base_executable", sys.executable)
        python.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}/site" exec "{real}" "$@"\n')
        python.chmod(0o755)
    process = subprocess.run(
        [clone / "hub", "up"],
        env=environment(tmp_path, str(tools)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (1, "") == (process.returncode, process.stdout)
    assert message in process.stderr
    assert not (clone / ".venv").exists()


@pytest.mark.slow
def test_second_start_is_silent(installed: Path, tmp_path: Path) -> None:
    """What is installed is only run, with its arguments as given, also through a link."""
    assert ("RAN ['a b', '']\n", "") == run(installed, "a b", "")
    (tmp_path / "link").symlink_to(installed / "hub")
    linked = subprocess.run([tmp_path / "link"], capture_output=True, text=True, check=True)
    assert ("RAN []\n", "") == (linked.stdout, linked.stderr)


@pytest.mark.slow
def test_developer_commands_install_more_once(installed: Path) -> None:
    """The developer's list is installed when one of its commands is first run, not before."""
    assert not (installed / ".venv" / ".installed-dev").exists()
    assert "requirements/dev.txt" in run(installed, "check-code")[1]
    assert "" == run(installed, "test", "--all")[1]
    (installed / ".venv" / ".installed-dev").unlink()


@pytest.mark.slow
def test_changed_pins_are_installed_again(installed: Path) -> None:
    """Another list of requirements is noticed at the next start."""
    (installed / "requirements" / "run.txt").write_text("# other\n")
    assert "installing" in run(installed)[1]
    assert "" == run(installed)[1]


@pytest.mark.slow
def test_starts_at_once_install_once(clone: Path) -> None:
    """Of several first starts one installs, the others wait for it, and all run."""
    processes = [start(clone, str(number)) for number in range(3)]
    results = [process.communicate() for process in processes]
    assert [f"RAN ['{number}']\n" for number in range(3)] == [out for out, _ in results]
    said = "".join(err for _, err in results)
    assert 1 == said.count("installing requirements/run.txt")
    assert 2 == said.count("waiting for it")


@pytest.mark.slow
def test_killed_installation_is_continued(clone: Path) -> None:
    """A start that was killed while it made .venv leaves nothing that stops the next one."""
    process = start(clone)
    while not (clone / ".venv" / "bin").exists():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (clone / ".venv" / ".installed-run").exists()
    assert "RAN []\n" == run(clone)[0]


@pytest.mark.slow
def test_half_installed_package_is_installed_again(installed: Path) -> None:
    """A package that was interrupted before its RECORD was written is not taken for installed."""
    (installed / ".venv" / ".installed-run").unlink()
    (record,) = (installed / ".venv").glob("lib/*/site-packages/harmonyhub-1.dist-info/RECORD")
    record.unlink()
    (record.parents[1] / "harmonyhub.pth").unlink()
    assert "RAN []\n" == run(installed)[0]
    assert record.exists()


@pytest.mark.slow
def test_moved_clone_makes_its_venv_anew(clone: Path) -> None:
    """Scripts in .venv name the old folder, so that a moved clone gets a new one."""
    run(clone)
    moved = clone.rename(clone.parent / "moved")
    assert "RAN []\n" == run(moved)[0]
    assert str(moved) in (moved / ".venv" / ".made").read_text()


@pytest.mark.slow
def test_failed_installation_says_how_to_go_on(clone: Path) -> None:
    """A requirement that cannot be had stops the start with a message, and nothing is run."""
    (clone / "requirements" / "run.txt").write_text(
        "./nothing-here-1-py3-none-any.whl --hash=sha256:" + "0" * 64 + "\n"
    )
    process = start(clone)
    out, err = process.communicate()
    assert (1, "") == (process.returncode, out)
    assert "The same command again continues it." in err
