"""A TCP proxy that harms what goes through it: cut, slow, reset, swallowed, one way only."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

import click
import httpx2

from harmonyhub.drills.children import announce, run_module
from harmonyhub.drills.http import Answer, Request, json_answer, listen, reset

MODULE = "harmonyhub.drills.toxic"
CHUNK = 64 * 1024
TIMEOUT_S = 10.0


class Toxic(StrEnum):
    """What is done to connections.

    CUT: nobody listens, and what is open breaks. LATENCY: every chunk waits. RESET: accepted, then
    broken off. BLACKHOLE: accepted, and nothing ever passes. HALF_OPEN: what is asked arrives, the
    answers do not.
    """

    NONE = "none"
    CUT = "cut"
    LATENCY = "latency"
    RESET = "reset"
    BLACKHOLE = "blackhole"
    HALF_OPEN = "half-open"


class ToxicProxy:
    """A proxy in this process, in front of a TCP port or a unix socket of this machine."""

    def __init__(self, target: int | Path) -> None:
        self._target = target
        self._toxic = Toxic.NONE
        self._latency_s = 0.0
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._healed = asyncio.Event()
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, target: int | Path, *, port: int = 0) -> AsyncIterator[Self]:
        """Listen as long as the context is open.

        Parameters
        ----------
        target : int or Path
            A port of 127.0.0.1, or a unix socket.
        """
        proxy = cls(target)
        proxy.port = port
        await proxy.set(Toxic.NONE)
        try:
            yield proxy
        finally:
            await proxy.set(Toxic.CUT)
            for task in tuple(proxy._links):
                task.cancel()
            await asyncio.gather(*proxy._links, return_exceptions=True)

    async def set(self, toxic: Toxic, *, latency_s: float = 0.0) -> None:
        """Harm from now on in this way only, open connections too."""
        self._toxic, self._latency_s = toxic, latency_s
        if toxic in {Toxic.CUT, Toxic.RESET}:
            for writer in tuple(self._writers):
                reset(writer)
        if toxic is Toxic.CUT:
            if self._server is not None:
                self._server.close()
                self._server = None
        elif self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = int(self._server.sockets[0].getsockname()[1])
        if toxic in {Toxic.BLACKHOLE, Toxic.HALF_OPEN}:
            self._healed.clear()
        else:
            self._healed.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._links.add(task)
        self._writers.add(writer)
        try:
            if self._toxic is Toxic.RESET:
                reset(writer)
            else:
                await self._link(reader, writer)
        finally:
            self._links.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            reset(writer)
            return
        self._writers.add(far_writer)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer, is_answer=False))
                group.create_task(self._pump(far_reader, writer, is_answer=True))
        finally:
            self._writers.discard(far_writer)
            far_writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, int):
            return await asyncio.open_connection("127.0.0.1", self._target)
        return await asyncio.open_unix_connection(self._target)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                is_swallowed = self._toxic is Toxic.BLACKHOLE or (
                    is_answer and self._toxic is Toxic.HALF_OPEN
                )
                if is_swallowed:
                    await self._healed.wait()
                if self._toxic is Toxic.LATENCY:
                    await asyncio.sleep(self._latency_s)
                writer.write(chunk)
                await writer.drain()
        # One side has ended: so does the other, as with a plain connection.
        if not writer.is_closing():
            writer.close()


@dataclass(frozen=True, slots=True)
class Toxics:
    """The drill's hold on a proxy that is a process of its own."""

    port: int
    client: httpx2.AsyncClient
    control_url: str

    async def set(self, toxic: Toxic, *, latency_s: float = 0.0) -> None:
        """Harm from now on in this way only; in force when it returns."""
        await set_toxic(self.client, self.control_url, toxic, latency_s=latency_s)

    @classmethod
    @asynccontextmanager
    async def start(cls, target: int | Path) -> AsyncIterator[Self]:
        """Run a proxy as a process as long as the context is open."""
        async with AsyncExitStack() as stack:
            running = await stack.enter_async_context(run_module(MODULE, [f"--target={target}"]))
            client = httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False)
            await stack.enter_async_context(client)
            yield cls(int(running.ready["port"]), client, running.ready["control"])


async def set_toxic(
    client: httpx2.AsyncClient, control_url: str, toxic: Toxic, *, latency_s: float = 0.0
) -> None:
    """Tell a proxy process what to do."""
    command = {"toxic": toxic, "latency_s": latency_s}
    (await client.put(control_url, json=command)).raise_for_status()


@click.command()
@click.option("--target", required=True, help="A port of 127.0.0.1, or the path of a socket.")
def main(*, target: str) -> None:
    """Proxy until stopped; one line of JSON says on which port, and where the control is."""
    asyncio.run(_run(int(target) if target.isdigit() else Path(target)))


async def _run(target: int | Path) -> None:
    async with ToxicProxy.open(target) as proxy:

        async def control(request: Request) -> Answer:
            document = request.json()
            await proxy.set(Toxic(document["toxic"]), latency_s=float(document["latency_s"]))
            return json_answer({})

        async with listen(control, now=time.time) as port:
            announce({"port": str(proxy.port), "control": f"http://127.0.0.1:{port}/"})
            await asyncio.Event().wait()


if __name__ == "__main__":
    main()
