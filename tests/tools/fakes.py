"""Fakes that all tests of a run share; each test gets them as if they had just been started."""

import atexit
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache

from harmonyhub.drills import process, sink
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.drills.sink import Sink
from harmonyhub.storage.parent_death import die_with_parent


@asynccontextmanager
async def fresh_fake(*, seed: int = 7) -> AsyncIterator[FakeSpotify]:
    """Give the fake of this run with a fresh world: starting one costs more than most tests.

    A test that kills it, starts it with options or needs two of them uses `FakeSpotify.start`.
    """
    ready, pid = _running(process.MODULE)
    async with FakeSpotify.at(ready["url"], pid=pid) as fake:
        await fake.control.begin_again(seed)
        yield fake


@asynccontextmanager
async def fresh_sink() -> AsyncIterator[Sink]:
    """Give somebody who can be told, and who was told nothing yet."""
    ready, _ = _running(sink.MODULE)
    async with Sink.at(int(ready["port"])) as shared:
        await shared.begin_again()
        yield shared


@cache
def _running(module: str) -> tuple[Mapping[str, str], int]:
    child = subprocess.Popen(
        [sys.executable, "-m", module],
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - a fork of the main thread
    )
    assert child.stdout is not None
    ready: Mapping[str, str] = json.loads(child.stdout.readline())
    atexit.register(_end, child)
    return ready, child.pid


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    child.communicate(timeout=10)
