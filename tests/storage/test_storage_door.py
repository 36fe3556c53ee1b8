"""The door of the store: what a repository's coroutine may and may not do to its caller."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from functools import partial

import pytest
from pymongo.errors import ServerSelectionTimeoutError

from harmonyhub.storage.door import guarded


@guarded
class Swallowing:
    """A repository whose driver answers in spite of a cancellation, as `wait_for` of 3.11 may."""

    async def read(self) -> str:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            return "an answer"
        return "too late"


@guarded
class Failing:
    """A repository whose driver swallows a cancellation, and gives up in its own time."""

    async def read(self) -> str:
        return await self._wait_in_vain()

    async def scan(self) -> AsyncIterator[str]:
        yield await self._wait_in_vain()

    async def _wait_in_vain(self) -> str:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(10)
        raise ServerSelectionTimeoutError("nobody there")


async def scan(repository: Failing) -> list[str]:
    """Read all that a repository gives bit by bit."""
    return [item async for item in repository.scan()]


@guarded
class Refusing:
    """A repository that never answers."""

    async def read(self) -> str:
        raise ServerSelectionTimeoutError("nobody there")


async def clean_up_in_vain() -> None:
    """End in order, with a MongoDB that is away."""
    try:
        await asyncio.sleep(10)
    finally:
        await Refusing().read()


@pytest.mark.parametrize(
    "ask",
    [
        Swallowing().read,
        Failing().read,
        partial(scan, Failing()),
        clean_up_in_vain,
    ],
    ids=["answered", "failed", "failed while iterating", "failed while cleaning up"],
)
async def test_a_task_that_was_told_to_end_ends(
    ask: Callable[[], Coroutine[object, object, object]],
) -> None:
    """A cancellation outlives an answer that comes with it, and whatever fails after it."""
    task = asyncio.create_task(ask())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_store_can_be_asked_while_a_task_ends() -> None:
    """What cleans up after a cancellation still gets its answer."""

    async def end_in_order() -> str:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            reading = asyncio.create_task(Swallowing().read())
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait([reading])
            return await Answering().read()
        return "too late"

    task = asyncio.create_task(end_in_order())
    await asyncio.sleep(0)
    task.cancel()
    assert "an answer" == await task


@guarded
class Answering:
    """A repository that answers at once."""

    async def read(self) -> str:
        return "an answer"
