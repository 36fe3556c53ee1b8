"""A whole service per test module: `harmonyhub up` as a process, over real HTTP."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil
import pytest

READY_S = 180.0  # a demo takes 17 s; on a busy machine far more


@dataclass
class Service:
    """One `harmonyhub up` (or `demo`, with options) on a folder and a port of its own."""

    folder: Path
    port: int
    command: str = "up"
    process: subprocess.Popen[str] | None = None
    output: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return clean_environment() | {
            "HARMONYHUB_DATA_DIR": str(self.folder),
            "HARMONYHUB_PORT": str(self.port),
            "HOME": str(self.folder.parent),
        }

    def start(self) -> None:
        self.launch()
        try:
            wait_until(self._is_ready, f"{self.command} to be ready", timeout_s=READY_S)
        except AssertionError:
            assert self.process is not None
            self.process.kill()  # else it works on beside all tests that follow
            self.process.wait(timeout=30)
            raise

    def launch(self) -> None:
        with self._log_file.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "harmonyhub", *self.command.split()],
                env=self.environment,
                cwd=self.folder.parent,
                stdout=log,
                stderr=log,
                text=True,
            )

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return httpx2.get(f"{self.url}/livez", timeout=2).status_code == 200
        except httpx2.TransportError:
            return False

    @property
    def _log_file(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    def log(self) -> str:
        return self._log_file.read_text(encoding="utf-8")

    def family(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def descendants(self, words: str) -> list[psutil.Process]:
        """Those of the family whose command line has the words; who ends meanwhile is none."""
        found = []
        for each in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                if words in " ".join(each.cmdline()):
                    found.append(each)
        return found

    def stop(self, number: int = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def hub(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the CLI beside the service, on the same data folder."""
        return subprocess.run(
            [sys.executable, "-m", "harmonyhub", *arguments],
            env=self.environment,
            cwd=self.folder.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )


def clean_environment() -> dict[str, str]:
    """The environment of a person who has set no variable of ours."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HARMONYHUB_", "SPOTIFY_", "XDG_"))
    }


def wait_until(condition: Callable[[], bool], what: str, *, timeout_s: float = 60.0) -> None:
    """Look again and again until the condition holds; fail with `what` at the time limit."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.02)  # between two looks at a condition, not instead of one


def free_port() -> int:
    """Find a TCP port on loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def new_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Make services that are stopped after the test, whatever happened in it."""
    made: list[Service] = []

    def make(name: str = "data", command: str = "up") -> Service:
        service = Service(folder=tmp_path / name, port=free_port(), command=command)
        made.append(service)
        return service

    yield make
    for service in made:
        if service.process is not None and service.process.poll() is None:
            service.process.kill()
            service.process.wait(timeout=30)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One running service for all tests of a module."""
    running = Service(folder=tmp_path_factory.mktemp("journey") / "data", port=free_port())
    running.start()
    yield running
    assert running.stop() == 0, running.log()
