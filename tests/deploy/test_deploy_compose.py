"""The Compose files: valid, gated by the preflight, and without an open door."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from harmonyhub.settings.registry import NAMES

FOLDER = Path(__file__).parents[2] / "deploy" / "compose"
OURS = ("preflight", "app", "worker")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """Give the main file as Compose would read it."""
    loaded = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.parametrize("added", [[], ["compose.spotify.yaml"], ["compose.music.yaml"]])
def test_compose_accepts_it(added: list[str]) -> None:
    """Compose itself finds nothing wrong, also with Spotify or a folder of music added."""
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed")
    names = ["compose.yaml", *added]
    named = [argument for name in names for argument in ("-f", str(FOLDER / name))]
    done = subprocess.run(
        ["docker-compose", *named, "config", "--quiet"],
        env={"PATH": os.defpath, "MUSIC": "/srv/music"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("name", ["app", "worker"])
def test_nothing_serves_before_the_preflight(compose: dict[str, Any], name: str) -> None:
    """Web and worker start only after the preflight has ended well."""
    wanted = {"preflight": {"condition": "service_completed_successfully"}}
    assert wanted == compose["services"][name]["depends_on"]


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (75, 0), (78, 78), (1, 1)])
def test_preflight_tells_whose_fault_it_is(
    compose: dict[str, Any], status: int, expected: int, tmp_path: Path
) -> None:
    """An upstream that is down lets the start go on; a wrong setting and a broken check do not."""
    service = compose["services"]["preflight"]
    fake = tmp_path / "harmonyhub"
    fake.write_text(f'#!/bin/sh\ntest "$*" = "check --live" && exit {status}\n')
    fake.chmod(0o755)
    command = [*service["entrypoint"], service["command"][0].replace("$$", "$")]
    done = subprocess.run(command, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    assert expected == done.returncode


@pytest.mark.parametrize("name", OURS)
def test_services_have_no_rights(compose: dict[str, Any], name: str) -> None:
    """Our containers write to their volume only and can gain nothing."""
    service = compose["services"][name]
    rights = (service["read_only"], service["cap_drop"], service["security_opt"])
    assert (True, ["ALL"], ["no-new-privileges:true"]) == rights


def test_only_loopback_is_published(compose: dict[str, Any]) -> None:
    """One port leads in, from this machine; none leads to MongoDB."""
    ports = {name: each["ports"] for name, each in compose["services"].items() if "ports" in each}
    assert {"app": ["${PUBLISH:-127.0.0.1:8000}:8000"]} == ports
    assert compose["networks"]["store"]["internal"]


def test_music_is_read_only() -> None:
    """Every service of ours that is told of the folder sees it, and can write nothing there."""
    services = yaml.safe_load((FOLDER / "compose.music.yaml").read_text("utf-8"))["services"]
    assert set(OURS) == set(services)
    for each in services.values():
        (volume,) = each["volumes"]
        assert volume.endswith(f":{each['environment']['HARMONYHUB_MUSIC_DIR']}:ro")


FILES = ("compose.yaml", "compose.spotify.yaml", "compose.music.yaml", "harmonyhub.env")


@pytest.mark.parametrize("name", FILES)
def test_names_are_those_of_the_registry(name: str) -> None:
    """Every variable that a file sets exists."""
    text = (FOLDER / name).read_text("utf-8")
    words = text.replace("=", " ").replace(":", " ").replace("#", " ").replace("/", " ").split()
    assert {word for word in words if word.startswith("HARMONYHUB_")} - NAMES == set()
