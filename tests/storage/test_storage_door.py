"""The door of the store: what a repository's coroutine may and may not do to its caller."""

import asyncio

import pytest

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
