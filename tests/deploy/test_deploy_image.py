"""The image: what its recipe says, and what it does where a Docker with a base is at hand."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
BASE = os.environ.get("TEST_IMAGE_BASE")


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Docker, without raising."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def image() -> str:
    """Build the image on the base that the run names, and give its tag."""
    if BASE is None or shutil.which("docker") is None:
        pytest.skip("TEST_IMAGE_BASE names no base image, or there is no docker")
    tag = "harmonyhub:tests"
    built = docker(
        *("build", "--network", "host", "--build-arg", f"BASE={BASE}"),
        *("-f", str(DOCKERFILE), "-t", tag, str(ROOT)),
    )
    assert built.returncode == 0, built.stderr
    return tag


def test_hadolint_finds_nothing() -> None:
    """The linter of Dockerfiles has nothing to say, hints included."""
    linter = Path(sys.executable).parent / "hadolint"
    if not linter.exists():
        pytest.skip("hadolint is not installed")
    done = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stdout)


def test_no_secret_reaches_the_build() -> None:
    """Settings, data and history stay out of what Docker is sent."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert "*" == rules[0]
    allowed = [rule[1:] for rule in rules if rule.startswith("!")]
    secret = [".env", ".git", "deploy/compose/secrets/KEY", "encryption.key", "admin.token"]
    assert [] == [name for name in secret for rule in allowed if fnmatch.fnmatch(name, rule)]


def test_recipe_copies_only_what_is_sent() -> None:
    """Everything that the recipe copies passes `.dockerignore`."""
    ignore = (ROOT / ".dockerignore").read_text("utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert [] == [name for name in names if f"!{name}\n" not in ignore]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_image_refuses_a_wrong_setting(image: str) -> None:
    """A container with a wrong setting ends with 78 and names it, read-only and without rights."""
    done = docker(
        *("run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL"),
        *("-e", "HARMONYHUB_SPOTIFY_CLIENT_ID=abc", image, "check"),
    )
    assert (78, True) == (done.returncode, "HARMONYHUB_SPOTIFY_CLIENT_ID" in done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_image_has_no_database_and_no_root(image: str) -> None:
    """Its process is nobody special, and no `mongod` comes with it."""
    script = "id -u; find / -xdev -name mongod -type f"
    done = docker("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", script)
    assert "10001\n" == done.stdout
