"""The processes of one release: started, asked for their health, started again when they die."""

import asyncio
import logging
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2

from harmonyhub.storage.parent_death import die_with_parent

log = logging.getLogger(__name__)

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0
STEADY_S = 60.0  # a process that lived so long starts again at once when it dies
CANNOT_START = 127  # as a shell says it
STOP_S = 12.0  # a web process gives open requests 5 s, a worker its jobs 10 s
LOOK_S = 1.0
HUNG_S = 30.0  # a start on a busy machine takes seconds; a live loop answers in milliseconds


class Process:
    """One command of a release, kept alive."""

    def __init__(self, command: str, *, python: str, environment: Mapping[str, str], folder: Path):
        self._command = command
        self._python = python
        self._environment = environment
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._started_at = 0.0
        self._not_before = 0.0
        self._backoff_s = FIRST_BACKOFF_S
        self.n_deaths = 0
        self.last_status: int | None = None

    @property
    def pid(self) -> int | None:
        """The process id; None while it does not run."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def keep(self) -> bool:
        """Start the process if it does not run and its pause is over; tell whether it runs."""
        if self.pid is not None:
            return True
        if self._process is not None:
            self._note_death(self._process.returncode)
        if time.monotonic() < self._not_before:
            return False
        try:
            self._process = await self._start()
        except OSError as error:
            log.error("%s cannot be started: %s", self._python, error.strerror)  # noqa: TRY400 - told
            self._note_death(CANNOT_START)
            return False
        self._started_at = time.monotonic()
        return True

    async def stop(self) -> None:
        """Ask the process to end, and end it where it does not."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _note_death(self, status: int | None) -> None:
        self.n_deaths += 1
        self.last_status = status
        self._process = None
        if time.monotonic() - self._started_at > STEADY_S:
            self._backoff_s = FIRST_BACKOFF_S
            return
        if self.n_deaths > 1:
            self._not_before = time.monotonic() + self._backoff_s
            self._backoff_s = min(self._backoff_s * 2, LONGEST_BACKOFF_S)

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self._python,
            "-m",
            "harmonyhub",
            self._command,
            env=dict(self._environment),
            cwd=self._folder,  # without a `.env`: the ledger alone configures a release
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


class Instance:
    """A release that runs: its web process, and its worker where it should work.

    `is_healthy` is what /livez said last.
    """

    def __init__(self, *, python: str, environment: Mapping[str, str], folder: Path) -> None:
        self.port = free_port()
        own = {"HARMONYHUB_HOST": "127.0.0.1", "HARMONYHUB_PORT": str(self.port)}
        environment = {**environment, **own}
        self.web = Process("serve", python=python, environment=environment, folder=folder)
        self.worker = Process("work", python=python, environment=environment, folder=folder)
        self.is_healthy = False
        self._answered_at = 0.0
        self._pid: int | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def keep(self, client: httpx2.AsyncClient, *, is_working: bool) -> None:
        """Keep the processes as they should be, and look at their health."""
        if is_working:
            await self.worker.keep()
        elif self.worker.pid is not None:
            self._end(self.worker)
        is_running = await self.web.keep()
        if self.web.pid != self._pid:
            self._pid, self._answered_at = self.web.pid, time.monotonic()
        self.is_healthy = is_running and await self._is_alive(client)
        if self.is_healthy:
            self._answered_at = time.monotonic()
        elif is_running and time.monotonic() - self._answered_at > HUNG_S:
            log.error("process %s answers nothing for %.0f s; ending it", self._pid, HUNG_S)
            self._end(self.web)

    async def stop(self) -> None:
        """Stop both processes."""
        self.is_healthy = False
        await asyncio.gather(self.web.stop(), self.worker.stop(), *self._ending)

    def _end(self, process: Process) -> None:
        """Stop a process without waiting: a worker takes seconds to give its jobs back."""
        task = asyncio.create_task(process.stop())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _is_alive(self, client: httpx2.AsyncClient) -> bool:
        try:
            answer = await client.get(f"http://127.0.0.1:{self.port}/livez", timeout=LOOK_S)
        except httpx2.HTTPError:
            return False
        return answer.status_code == httpx2.codes.OK


def free_port() -> int:
    """Find a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
