"""Reads alerts as the on-call engineer does: from what arrived, and from nothing else."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harmonyhub.drills.sink import Message, Sink

LOOK_S = 0.1  # when a message came the sink itself wrote down
FAILURE = "failure"
VARIABLE_LINE = re.compile(
    r"^Variable:\s+(?P<name>HARMONYHUB_\w+).*\((?P<certainty>[^()]*)\)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What an alert blames: `named` are all variables, `proven` those it is sure of."""

    named: frozenset[str]
    proven: frozenset[str]


def read_alert(message: Message) -> Reading:
    """Find the variables that an alert blames, in its body."""
    lines = [match.groupdict() for match in VARIABLE_LINE.finditer(message.body)]
    return Reading(
        named=frozenset(line["name"] for line in lines),
        proven=frozenset(line["name"] for line in lines if line["certainty"] == "proven"),
    )


class Mailbox:
    """Everything that arrived at a sink; `keep_reading` runs beside those who wait."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._messages: list[Message] = []
        self._news = asyncio.Event()

    async def keep_reading(self) -> None:
        """Fetch what is new until cancelled."""
        while True:
            fresh = await self._sink.messages(skip=len(self._messages))
            if fresh:
                self._messages += fresh
                self._news.set()
                self._news = asyncio.Event()
            await asyncio.sleep(LOOK_S)

    def alerts(self, contacts: Iterable[str], *, since: float = 0.0) -> list[Message]:
        """List the alerts that contacts took; what was refused or says that it is over is none."""
        wanted = set(contacts)
        return [
            message
            for message in self._messages
            if message.contact in wanted
            and message.kind == FAILURE
            and not message.is_refused
            and message.at >= since
        ]

    async def wait_for_alert(
        self, contacts: Iterable[str], *, since: float = 0.0, timeout_s: float
    ) -> Message | None:
        """Wait for the first alert to one of these contacts; None if none came in time."""
        wanted = tuple(contacts)
        alerts = await self._wait(lambda: self.alerts(wanted, since=since), timeout_s=timeout_s)
        return alerts[0] if alerts else None

    async def _wait(self, look: Callable[[], list[Message]], *, timeout_s: float) -> list[Message]:
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := look()):
                    await self._news.wait()
                return found
        except TimeoutError:
            return []


@asynccontextmanager
async def reading(sink: Sink) -> AsyncIterator[Mailbox]:
    """Read what arrives at a sink as long as the context is open."""
    mailbox = Mailbox(sink)
    task = asyncio.create_task(mailbox.keep_reading())
    try:
        yield mailbox
    finally:
        task.cancel()
        await asyncio.wait([task])
