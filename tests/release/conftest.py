"""A keeper in this process, with real releases behind a real HAProxy."""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from harmonyhub.domain.releases import ReleaseState
from harmonyhub.release.deploy import Deploy, Outcome, Request
from harmonyhub.release.facts import KeeperFacts, load_keeper
from harmonyhub.release.journey import Step
from harmonyhub.release.keeper import Keeper
from harmonyhub.settings.keys import fingerprint_key
from harmonyhub.settings.load import load_settings
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import system_clock
from tests.journeys.conftest import clean_environment, free_port

HAS_HAPROXY = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin") is not None
WAIT_S = 60.0

FAILS_ITS_JOURNEY = """\
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/livez" else 500)
        self.end_headers()
    def log_message(self, *_): ...
address = ("127.0.0.1", int(os.environ["HARMONYHUB_PORT"]))
http.server.ThreadingHTTPServer(address, Answer).serve_forever()
"""


@dataclass
class Load:
    """Requests that come all the time; `failures` are those that were not answered with 200."""

    n_sent: int = 0
    failures: list[str] = field(default_factory=list)

    async def run(self, url: str) -> None:
        async with (
            httpx2.AsyncClient(base_url=url, timeout=20, trust_env=False) as client,
            asyncio.TaskGroup() as tasks,
        ):
            while True:
                tasks.create_task(self._ask(client))
                await asyncio.sleep(0.02)

    async def _ask(self, client: httpx2.AsyncClient) -> None:
        self.n_sent += 1
        try:
            answer = await client.get("/api/v1/users")
        except httpx2.HTTPError as error:
            self.failures.append(type(error).__name__)
        else:
            if answer.status_code != 200:
                self.failures.append(str(answer.status_code))


class Kept:
    """A keeper on a folder and a port of its own; deploys go through the code of the command."""

    def __init__(self, store: Store, folder: Path, environ: dict[str, str]) -> None:
        self.store = store
        self.folder = folder
        self.environ = environ
        self.steps: list[Step] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environ['HARMONYHUB_PORT']}"

    def start(self) -> None:
        settings, findings = load_settings(self.environ, folder=self.folder)
        assert settings is not None, findings
        keeper = Keeper(settings, self.store, clock=system_clock, environ=clean_environment())
        self._task = asyncio.create_task(keeper.run())

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def request(self, *, accepts_unverified: bool = False, **changes: str) -> Request:
        return Request(
            environ=self.environ | changes,
            folder=self.folder,
            env_file=None,
            mongodb_uri=None,
            fingerprint_key=fingerprint_key(bytes(range(32))),
            owner="test",
            accepts_unverified=accepts_unverified,
            watch_s=1.0,
        )

    async def deploy(self, *, accepts_unverified: bool = False, **changes: str) -> Outcome:
        """Deploy with some variables changed."""
        await self.until(self.facts, "the keeper")
        request = self.request(accepts_unverified=accepts_unverified, **changes)
        self.steps.clear()
        return await Deploy(
            self.store, request, clock=system_clock, on_step=self.steps.append
        ).run()

    async def facts(self) -> KeeperFacts | None:
        return await load_keeper(self.store, now=system_clock())

    async def pid_of(self, number: int) -> int:
        facts = await self.facts()
        assert facts is not None
        instance = facts.instance(number)
        assert instance is not None
        assert instance.pid is not None
        return instance.pid

    async def kill(self, number: int) -> None:
        """Kill the web process of a release, as the kernel does that is out of memory."""
        os.kill(await self.pid_of(number), signal.SIGKILL)

    async def states(self) -> dict[int, ReleaseState]:
        return {each.number: each.state for each in await self.store.releases.latest(20)}

    async def until(self, look: Callable[[], Awaitable[object]], what: str) -> None:
        """Look again and again until the condition holds."""
        deadline = time.monotonic() + WAIT_S
        while not await look():
            assert time.monotonic() < deadline, f"waited {WAIT_S} s for {what}"
            await asyncio.sleep(0.02)


@pytest.fixture
async def kept(store: Store, tmp_path: Path, mongodb_uri: str) -> AsyncIterator[Kept]:
    """Give a running keeper on an empty store."""
    if not HAS_HAPROXY:
        pytest.skip("haproxy is not installed")
    environ = {
        "HARMONYHUB_DATA_DIR": str(tmp_path / "data"),
        "HARMONYHUB_PORT": str(free_port()),
        "HARMONYHUB_MONGODB_URI": mongodb_uri,
        "HARMONYHUB_MONGODB_DATABASE": store._database.name,
        "HARMONYHUB_ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    }
    (tmp_path / "data").mkdir()
    kept = Kept(store, tmp_path, environ)
    kept.start()
    yield kept
    await kept.stop()


@pytest.fixture
def bad_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the next deploys run another program in place of this code; "" is this code again."""
    real = sys.executable

    def use(program: str) -> None:
        script = tmp_path / "python"
        script.write_text(
            f"#!/bin/sh\n{program}\n" if program else f'#!/bin/sh\nexec {real} "$@"\n'
        )
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))

    return use


@pytest.fixture
def fails_its_journey(tmp_path: Path) -> str:
    """A program that says that it lives, and answers everything else with 500."""
    path = tmp_path / "hollow.py"
    path.write_text(FAILS_ITS_JOURNEY)
    return f'[ "$3" = serve ] || exec sleep 600\nexec {sys.executable} {path}'
