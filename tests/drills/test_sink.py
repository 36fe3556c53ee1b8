"""The sink: what Apprise sends arrives, is timed, and can be refused."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from harmonyhub.drills.sink import Sink
from harmonyhub.settings.secret import Secret
from harmonyhub.telemetry.notify import Notifier
from tests.tools.fakes import fresh_sink


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """Give a running sink."""
    async with fresh_sink() as sink:
        yield sink


async def test_what_the_product_sends_arrives(sink: Sink) -> None:
    """A message of the product's own notifier arrives with title, text, kind, contact and time."""
    began = time.time()
    delivery = await Notifier(Secret(sink.address())).send("Something", "is wrong")
    (message,) = await sink.messages()
    assert delivery.is_delivered
    assert ("first", "failure", "Something", "is wrong", False) == (
        message.contact,
        message.kind,
        message.title,
        message.body,
        message.is_refused,
    )
    assert began <= message.at <= time.time()


async def test_contacts_are_told_apart(sink: Sink) -> None:
    """Each contact has its own messages."""
    await Notifier(Secret(f"{sink.address('first')} {sink.address('second')}")).send("a", "b")
    (second,) = await sink.messages(contact="second")
    assert "second" == second.contact
    assert 2 == len(await sink.messages())


async def test_it_can_refuse(sink: Sink) -> None:
    """While it refuses a message is written down as refused and its sender knows."""
    notifier = Notifier(Secret(sink.address()))
    await sink.refuse(60)
    refused = await notifier.send("first try", "text")
    await sink.refuse(0)
    taken = await notifier.send("second try", "text")
    assert [False, True] == [refused.is_delivered, taken.is_delivered]
    assert [True, False] == [message.is_refused for message in await sink.messages()]


async def test_waiting_ends_with_the_message(sink: Sink) -> None:
    """`wait_for` gives the message once it has come, and None if none comes in time."""
    assert None is await sink.wait_for(lambda _: True, timeout_s=0.05)
    waiting = asyncio.create_task(sink.wait_for(lambda one: one.title == "late", timeout_s=20))
    await Notifier(Secret(sink.address())).send("late", "text")
    message = await waiting
    assert message is not None
    assert "late" == message.title


async def test_it_can_begin_again(sink: Sink) -> None:
    """What it was told and that it refuses are forgotten, as the next test needs it."""
    await sink.refuse(60)
    await Notifier(Secret(sink.address())).send("before", "text")
    await sink.begin_again()
    delivery = await Notifier(Secret(sink.address())).send("after", "text")
    assert delivery.is_delivered
    assert ["after"] == [message.title for message in await sink.messages()]
