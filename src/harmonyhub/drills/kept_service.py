"""A service behind the switch: the keeper as a process, and the commands of its operator."""

import asyncio
import csv
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx2

from harmonyhub.domain.errors import ConfigurationError, UnavailableError
from harmonyhub.drills.children import stop
from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.faults_in_values import DATA_DIR, MONGODB_URI, PASSWORD, PORT
from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.drills.site import Site
from harmonyhub.release.facts import load_keeper
from harmonyhub.release.proxy import BACKEND, find_haproxy
from harmonyhub.settings.load import foreign_environment, process_environment
from harmonyhub.storage.parent_death import die_with_parent
from harmonyhub.storage.store import Store

LOOK_S = 0.05
START_S = 40.0
COMMAND_S = 90.0
TIMEOUT_S = 2.0
SERVERS = 4  # HAProxy's number for this kind of row
KEEPS = b"keeping"
SOCKET = re.compile(r"stats socket (?P<path>\S+)")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place behind the proxy, as the proxy tells of it."""

    is_serving: bool
    n_requests: int


@dataclass(slots=True)
class KeptService:
    """A keeper on a site, the proxy that it runs, and the guards that its processes have."""

    site: Site
    guards: Guards
    n_commands: int = 0
    log: Path | None = None

    @classmethod
    @asynccontextmanager
    async def start(cls, site: Site, *, guards: Guards) -> AsyncIterator[Self]:
        """Run `harmonyhub keep` as long as the context is open.

        Raises
        ------
        UnavailableError
            If HAProxy is not installed, or the keeper does not start.
        """
        try:
            find_haproxy()
        except ConfigurationError as error:
            raise UnavailableError(
                "HAProxy, which switches between releases, is not installed.",
                hint="sudo apt-get install haproxy",
            ) from error
        service = cls(site, guards)
        log = site.folder / "keep.log"

        async def keeps() -> bool:
            return KEEPS in await asyncio.to_thread(log.read_bytes)

        process = await service.run("keep", environ=service.good.environ, log=log)
        try:
            await wait_until(keeps, timeout_s=START_S, what="the keeper")
            yield service
        finally:
            await stop(process)

    @property
    def good(self) -> Configuration:
        """The good configuration, past the toxic line to MongoDB: a keeper asks there often."""
        return self.site.good.having({MONGODB_URI: self.site.server.uri})

    @property
    def url(self) -> str:
        """The public address."""
        return f"http://127.0.0.1:{self.site.good[PORT]}"

    @property
    def password(self) -> str:
        """What users must know."""
        return self.site.good[PASSWORD]

    async def run(
        self, *arguments: str, environ: Mapping[str, str], log: Path, folder: Path | None = None
    ) -> asyncio.subprocess.Process:
        """Start a command; what it says goes into a file."""
        off = ",".join(guard.value for guard in Guard if guard not in self.guards)
        module = ["harmonyhub.drills.unguarded", off] if off else ["harmonyhub"]
        inherited = foreign_environment(process_environment())
        with log.open("ab") as file:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *module,
                *arguments,
                env={**inherited, **environ},
                cwd=folder or self.site.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    @asynccontextmanager
    async def running(
        self, *arguments: str, environ: Mapping[str, str], folder: Path | None = None
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run a command beside what the context does; it has ended when the context has."""
        self.n_commands += 1
        self.log = self.site.folder / f"{arguments[0]}-{self.n_commands}.log"
        process = await self.run(*arguments, environ=environ, log=self.log, folder=folder)
        try:
            yield process
            async with asyncio.timeout(COMMAND_S):
                await process.wait()
        finally:
            await stop(process)

    async def do(
        self, *arguments: str, environ: Mapping[str, str], folder: Path | None = None
    ) -> int:
        """Run a command to its end; its exit status."""
        async with self.running(*arguments, environ=environ, folder=folder) as process:
            pass
        assert process.returncode is not None  # noqa: S101 - it has ended
        return process.returncode

    def last_word(self) -> str:
        """Give the last line that the last command wrote; empty where it wrote none."""
        lines = self.log.read_text("utf-8").splitlines() if self.log is not None else []
        return lines[-1] if lines else ""

    async def slots(self) -> Mapping[str, Slot]:
        """Ask the proxy which release gets the requests, and how many each has got."""
        rows = csv.DictReader((await self._ask_proxy()).lstrip("# ").splitlines())
        return {
            row["svname"]: Slot(row["status"].startswith("UP"), int(row["stot"] or 0))
            for row in rows
        }

    async def serving(self) -> frozenset[str]:
        """Name the places that get requests now."""
        return frozenset(name for name, slot in (await self.slots()).items() if slot.is_serving)

    async def is_alive(self) -> bool:
        """Whether somebody answers at the public address."""
        try:
            async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
                answer = await client.get(f"{self.url}/livez")
        except httpx2.HTTPError:
            return False
        return answer.status_code == httpx2.codes.OK

    async def pid_of_web(self) -> int:
        """Look up the web process of the release that has the traffic.

        Raises
        ------
        UnavailableError
            If none runs.
        """
        site = self.site
        async with await Store.connect(site.server.uri, database=site.database) as store:
            keeper = await load_keeper(store, now=int(time.time()))
        instance = keeper.instance(keeper.serving or 0) if keeper is not None else None
        if instance is None or instance.pid is None:
            raise UnavailableError("No release serves.", hint="The log of the keeper says why.")
        return instance.pid

    async def _ask_proxy(self) -> str:
        config = Path(self.site.good[DATA_DIR]) / "proxy" / "haproxy.cfg"
        found = SOCKET.search(config.read_text("utf-8"))
        assert found is not None  # noqa: S101 - the keeper has started with it
        reader, writer = await asyncio.open_unix_connection(found["path"])
        try:
            writer.write(f"show stat {BACKEND} {SERVERS} -1\n".encode())
            return (await reader.read()).decode()
        finally:
            writer.close()


async def wait_until(look: Callable[[], Awaitable[bool]], *, timeout_s: float, what: str) -> float:
    """Look again and again until the condition holds; seconds waited.

    Raises
    ------
    UnavailableError
        If it does not hold in time.
    """
    started = time.monotonic()
    while not await look():
        if time.monotonic() - started > timeout_s:
            raise UnavailableError(
                f"Waited {timeout_s:.0f} s for {what} in vain.",
                hint="The logs in the drill's folder say more.",
            )
        await asyncio.sleep(LOOK_S)
    return time.monotonic() - started
