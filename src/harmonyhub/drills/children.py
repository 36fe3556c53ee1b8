"""Starts the drill's helpers as processes of their own and stops them with the drill."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.storage.parent_death import die_with_parent

READY_S = 20.0
STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Running:
    """A process that said it is ready; `ready` is what it said."""

    process: asyncio.subprocess.Process
    ready: Mapping[str, str]

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid


def announce(ready: Mapping[str, str]) -> None:
    """Say on standard output that this process is ready: one line of JSON."""
    sys.stdout.write(json.dumps(dict(ready)) + "\n")
    sys.stdout.flush()


@asynccontextmanager
async def run_module(
    module: str, arguments: Sequence[str] = (), *, listens: bool = False
) -> AsyncIterator[Running]:
    """Run `python -m MODULE` as long as the context is open; it ends with this process too.

    Parameters
    ----------
    listens : bool
        It is told more later, on its standard input.

    Raises
    ------
    UnavailableError
        If it ends, or says nothing within 20 s.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE if listens else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    try:
        yield Running(process, await _read_ready(process, module))
    finally:
        await stop(process)


async def _read_ready(process: asyncio.subprocess.Process, module: str) -> dict[str, str]:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    try:
        line = await asyncio.wait_for(process.stdout.readline(), READY_S)
        ready = json.loads(line)
    except (TimeoutError, json.JSONDecodeError) as error:
        raise UnavailableError(
            f"{module} did not say that it is ready.", hint="Its last lines above say why."
        ) from error
    return {str(name): str(text) for name, text in ready.items()}


async def stop(process: asyncio.subprocess.Process) -> None:
    """Stop a process: asked first, killed if it does not listen."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()
