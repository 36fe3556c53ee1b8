"""Requests that come at their time, whatever became of those before: users during a deploy."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Self

import httpx2

EVERY_S = 0.1
TIMEOUT_S = 20.0
OK = "200"
PATHS = ("/livez", "/api/v1/users")


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that was not answered with 200, by what came in its place; times monotonic."""

    what: str
    sent_at: float
    ended_at: float


@dataclass(slots=True)
class Load:
    """What became of the requests so far."""

    n_sent: int = 0
    failures: list[Failure] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def on(cls, url: str, *, password: str) -> AsyncIterator[Self]:
        """Ask a service all the time that the context is open; then wait for the last answers."""
        load = cls()
        async with (
            httpx2.AsyncClient(
                base_url=url, auth=("drill", password), timeout=TIMEOUT_S, trust_env=False
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            sending = asyncio.create_task(load._send(client, group))
            try:
                yield load
            finally:
                sending.cancel()
                await asyncio.wait([sending])

    async def _send(self, client: httpx2.AsyncClient, group: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for path in cycle(PATHS):
            group.create_task(self._ask(client, path))
            due += EVERY_S
            await asyncio.sleep(due - loop.time())

    async def _ask(self, client: httpx2.AsyncClient, path: str) -> None:
        self.n_sent += 1
        sent_at = time.monotonic()
        try:
            answer = await client.get(path)
            seen = str(answer.status_code)
        except httpx2.HTTPError as error:
            seen = type(error).__name__
        if seen != OK:
            self.failures.append(Failure(seen, sent_at, time.monotonic()))
