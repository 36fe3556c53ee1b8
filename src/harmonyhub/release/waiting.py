"""What a deploy and a rollback do beside the keeper: tell that they live, and wait for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from harmonyhub.domain.errors import ConflictError, UnavailableError
from harmonyhub.release.facts import (
    DEPLOY,
    Heartbeat,
    InstanceFacts,
    KeeperFacts,
    load_keeper,
)
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import Clock

BEAT_S = 1.0
LOOK_EVERY_S = 0.1
START_S = 60.0
SWITCH_S = 10.0
CONFIGURATION_STATUS = 78  # a process that ends with it will not get better


class BadReleaseError(Exception):
    """Why a release must not stay."""


@asynccontextmanager
async def beating(store: Store, *, owner: str, clock: Clock) -> AsyncIterator[None]:
    """Tell the keeper every second that somebody watches; it settles what is left alone."""

    async def tell(who: str) -> None:
        await store.reports.put(DEPLOY, msgspec.to_builtins(Heartbeat(who)), now=clock())

    async def beat() -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await tell(owner)
            except UnavailableError:
                continue  # a new primary is elected in seconds

    await tell(owner)
    heart = asyncio.create_task(beat())
    try:
        yield
    finally:
        heart.cancel()
        await asyncio.wait([heart])
        await tell("")


async def require_keeper(store: Store, *, now: int) -> KeeperFacts:
    """Load what the keeper runs.

    Raises
    ------
    ConflictError
        If none does.
    """
    keeper = await load_keeper(store, now=now)
    if keeper is None:
        raise ConflictError(
            "No keeper runs that could start the release.",
            hint="Start `harmonyhub keep` on the same data folder or MongoDB, then try again.",
        )
    return keeper


async def wait_until_healthy(store: Store, number: int, *, clock: Clock) -> InstanceFacts:
    """Wait until a release answers.

    Raises
    ------
    BadReleaseError
        If it ends by itself, or does not answer in time.
    """
    deadline = time.monotonic() + START_S
    while True:
        keeper = await load_keeper(store, now=clock())
        instance = None if keeper is None else keeper.instance(number)
        if instance is not None and instance.is_healthy:
            return instance
        if instance is not None and instance.last_status == CONFIGURATION_STATUS:
            raise BadReleaseError("it refuses its configuration (exit status 78)")
        if instance is not None and instance.n_deaths > 1:
            raise BadReleaseError(f"its process ends with status {instance.last_status}")
        if time.monotonic() > deadline:
            raise BadReleaseError(f"it did not answer within {START_S:.0f} s")
        await asyncio.sleep(LOOK_EVERY_S)


async def wait_for_switch(store: Store, number: int, *, clock: Clock) -> KeeperFacts | None:
    """Wait until the proxy sends the requests to a release; None if it does not in time."""
    deadline = time.monotonic() + SWITCH_S
    while time.monotonic() < deadline:
        keeper = await load_keeper(store, now=clock())
        if keeper is not None and keeper.serving == number:
            return keeper
        await asyncio.sleep(LOOK_EVERY_S)
    return None
