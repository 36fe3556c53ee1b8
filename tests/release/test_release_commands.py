"""The commands of releases as an operator runs them: processes, kills, exit statuses."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import Service, free_port, wait_until
from tests.release.conftest import HAS_HAPROXY

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not HAS_HAPROXY, reason="haproxy is not installed"),
]


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Service]:
    """`harmonyhub keep` with an embedded MongoDB, without a release."""
    service = Service(folder=tmp_path / "data", port=free_port(), command="keep")
    start(service)
    yield service
    if service.process is not None and service.process.poll() is None:
        service.stop(signal.SIGTERM)


def start(service: Service) -> None:
    """Start the keeper and wait until it says that it keeps the port."""
    n_before = service.log().count("keeping") if service._log_file.exists() else 0
    with service._log_file.open("a") as log:
        service.process = subprocess.Popen(
            [sys.executable, "-m", "harmonyhub", "keep"],
            env=service.environment,
            cwd=service.folder.parent,
            stdout=log,
            stderr=log,
            text=True,
        )
    wait_until(lambda: service.log().count("keeping") > n_before, "the keeper to start")


def serving(service: Service) -> int:
    """Exit status of a journey through the public address."""
    return service.hub("verify", "--target", service.url).returncode


def test_operator_deploys_and_every_kill_is_survived(keeper: Service) -> None:
    """Deploy; the keeper dies and comes back; a deploy dies in the middle; users keep a release."""
    nobody = keeper.hub("verify", "--target", f"http://127.0.0.1:{free_port()}")
    assert 75 == nobody.returncode
    first = keeper.hub("deploy", "--watch-s", "1", "--json")
    assert 0 == first.returncode, first.stderr
    assert ("pass", 1) == (json.loads(first.stdout)["verdict"], json.loads(first.stdout)["release"])
    assert 0 == serving(keeper)

    assert keeper.process is not None
    keeper.process.kill()
    keeper.process.wait(timeout=30)
    start(keeper)
    wait_until(lambda: serving(keeper) == 0, "the committed release to serve again")

    deploying = subprocess.Popen(
        [sys.executable, "-m", "harmonyhub", "deploy", "--watch-s", "60"],
        env=keeper.environment | {"HARMONYHUB_LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1"},
        cwd=keeper.folder.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert deploying.stdout is not None
    while "switch" not in deploying.stdout.readline():
        assert deploying.poll() is None
    deploying.kill()
    deploying.communicate(timeout=30)
    wait_until(lambda: states(keeper) == {1: "committed", 2: "rolled-back"}, "the way back")
    assert 0 == serving(keeper)


def states(service: Service) -> dict[int, str]:
    """The ledger as the command prints it."""
    listed = json.loads(service.hub("releases", "--json").stdout)["releases"]
    return {release["number"]: release["state"] for release in listed}


def test_wrong_setting_is_refused_and_a_reboot_does_not_care(keeper: Service) -> None:
    """A deploy with a wrong `.env` ends with 78; the keeper starts with it all the same."""
    assert 0 == keeper.hub("deploy", "--watch-s", "1").returncode
    secret = "0123456789abcdef0123456789abcdef"
    env_file = keeper.folder.parent / ".env"
    env_file.write_text(f"HARMONYHUB_SPOTIFY_CLIENT_SECRET={secret}\n")
    refused = keeper.hub("deploy")
    assert 78 == refused.returncode, refused.stderr
    assert "HARMONYHUB_SPOTIFY_CLIENT_ID" in refused.stdout
    assert secret not in refused.stdout + refused.stderr

    keeper.stop(signal.SIGTERM)
    start(keeper)
    wait_until(lambda: serving(keeper) == 0, "the committed release to serve again")


def test_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    """A keeper that cannot listen ends with the port in one message, and no traceback."""
    service = Service(folder=tmp_path / "data", port=free_port(), command="keep")
    with socket.create_server(("127.0.0.1", service.port)):
        ended = service.hub("keep")
    assert 75 == ended.returncode
    assert str(service.port) in ended.stderr
    assert "Traceback" not in ended.stderr
