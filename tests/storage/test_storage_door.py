"""The door of the store: what a repository's coroutine may and may not do to its caller."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress

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


async def test_a_swallowed_cancellation_is_raised_again() -> None:
    """A task that was told to end while it asked the store ends."""
    task = asyncio.create_task(Swallowing().read())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@guarded
class Failing:
    """A repository whose driver swallows a cancellation, and gives up in its own time."""

    async def read(self) -> str:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(10)
        raise ServerSelectionTimeoutError("nobody there")

    async def scan(self) -> AsyncIterator[str]:
        yield await self.read()


async def scan(repository: Failing) -> list[str]:
    """Read all that a repository gives bit by bit."""
    return [item async for item in repository.scan()]


@pytest.mark.parametrize("ask", [Failing.read, scan])
async def test_a_cancellation_outlives_an_error_of_the_driver(
    ask: Callable[[Failing], Coroutine[object, object, object]],
) -> None:
    """A loop goes on after an error, so one that was told to end must not see the error."""
    task = asyncio.create_task(ask(Failing()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_while_a_task_ends_does_not_keep_it_going() -> None:
    """What fails in a `finally` would take the place of the cancellation."""

    async def clean_up_in_vain() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await Refusing().read()

    task = asyncio.create_task(clean_up_in_vain())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@guarded
class Refusing:
    """A repository that never answers."""

    async def read(self) -> str:
        raise ServerSelectionTimeoutError("nobody there")


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
