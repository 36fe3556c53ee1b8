"""One fake Spotify for all tests of a run; each test gets it as if it had just been started."""

import atexit
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from harmonyhub.drills.process import MODULE, FakeSpotify
from harmonyhub.storage.parent_death import die_with_parent


@asynccontextmanager
async def fresh_fake(*, seed: int = 7) -> AsyncIterator[FakeSpotify]:
    """Give the fake of this run with a fresh world: starting one costs more than most tests.

    A test that kills it, starts it with options or needs two of them uses `FakeSpotify.start`.
    """
    url, pid = _running()
    async with FakeSpotify.at(url, pid=pid) as fake:
        await fake.control.begin_again(seed)
        yield fake


@cache
def _running() -> tuple[str, int]:
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE],
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - a fork of the main thread
    )
    assert process.stdout is not None
    url = str(json.loads(process.stdout.readline())["url"])
    atexit.register(_end, process)
    return url, process.pid


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.communicate(timeout=10)
