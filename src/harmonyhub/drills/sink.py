"""A webhook that keeps what arrives and when, and can refuse: the on-call engineer's pocket."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Self

import click
import httpx2

from harmonyhub.drills.children import announce, run_module
from harmonyhub.drills.http import Answer, Request, json_answer, listen

MODULE = "harmonyhub.drills.sink"
TIMEOUT_S = 10.0
POLL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it arrived; `at` in unix seconds.

    Attributes
    ----------
    contact : str
        The path that it was sent to, without slashes.
    kind : str
        Apprise's type: "failure", "success" ...
    is_refused : bool
        It was answered 500.
    """

    at: float
    contact: str
    kind: str
    title: str
    body: str
    is_refused: bool


class Keeper:
    """The sink as a handler: what `json://` of Apprise and Alertmanager post, and the control."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._messages: list[Message] = []
        self._refuses_until = 0.0

    async def __call__(self, request: Request) -> Answer:
        """Keep a message, or do a command of the control."""
        if request.path == "/control/messages":
            skipped = int(request.query.get("skip", "0"))
            return json_answer([asdict(message) for message in self._messages[skipped:]])
        if request.path == "/control/refuse":
            self._refuses_until = self._clock() + float(request.json()["seconds"])
            return json_answer({})
        if request.path == "/control/begin-again":
            self._messages.clear()
            self._refuses_until = 0.0
            return json_answer({})
        return self._keep(request)

    def _keep(self, request: Request) -> Answer:
        document, now = _flatten(request.json()), self._clock()
        is_refused = now < self._refuses_until
        self._messages.append(
            Message(
                at=now,
                contact=request.path.strip("/"),
                kind=str(document.get("type", "")),
                title=str(document.get("title", "")),
                body=str(document.get("message", "")),
                is_refused=is_refused,
            )
        )
        return json_answer({}, status=500 if is_refused else 200)


def _flatten(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Bring what Alertmanager posts into the shape of Apprise."""
    if "alerts" not in document:
        return document
    annotations = [alert["annotations"] for alert in document["alerts"]]
    return {
        "type": "failure" if document["status"] == "firing" else "success",
        "title": ", ".join(alert["labels"]["alertname"] for alert in document["alerts"]),
        "message": "\n".join(text for each in annotations for text in each.values()),
    }


@dataclass(frozen=True, slots=True)
class Sink:
    """The drill's hold on a running sink."""

    port: int
    client: httpx2.AsyncClient

    def address(self, contact: str = "first") -> str:
        """Give the Apprise address of a contact, to be told from others by its name."""
        return f"json://127.0.0.1:{self.port}/{contact}"

    async def refuse(self, seconds: float) -> None:
        """Answer 500 for so long; 0 ends it."""
        await self.client.put("/control/refuse", json={"seconds": seconds})

    async def begin_again(self) -> None:
        """Be as if just started: no message, no refusal."""
        await self.client.put("/control/begin-again")

    async def messages(self, *, contact: str | None = None, skip: int = 0) -> tuple[Message, ...]:
        """List what arrived, in order, refused or not; of one contact if one is given.

        Parameters
        ----------
        skip : int
            Leave out the first so many.
        """
        answer = await self.client.get("/control/messages", params={"skip": skip})
        documents: list[Mapping[str, object]] = answer.json()
        every = (Message(**document) for document in documents)  # type: ignore[arg-type]  # asdict
        return tuple(one for one in every if contact in {None, one.contact})

    async def wait_for(
        self, is_wanted: Callable[[Message], bool], *, timeout_s: float
    ) -> Message | None:
        """Wait for a message that was taken and is wanted; None if none came in time."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            for message in await self.messages():
                if not message.is_refused and is_wanted(message):
                    return message
            if asyncio.get_running_loop().time() > deadline:
                return None
            await asyncio.sleep(POLL_S)

    @classmethod
    @asynccontextmanager
    async def start(cls) -> AsyncIterator[Self]:
        """Run a sink as a process as long as the context is open."""
        async with run_module(MODULE) as running, cls.at(int(running.ready["port"])) as sink:
            yield sink

    @classmethod
    @asynccontextmanager
    async def at(cls, port: int) -> AsyncIterator[Self]:
        """Take hold of a sink that runs already."""
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S, trust_env=False
        ) as client:
            yield cls(port, client)


@click.command()
def main() -> None:
    """Keep messages until stopped; one line of JSON says on which port."""

    async def run() -> None:
        async with listen(Keeper(time.time), now=time.time) as port:
            announce({"port": str(port)})
            await asyncio.Event().wait()

    asyncio.run(run())


if __name__ == "__main__":
    main()
