"""A small HTTP/1.1 server that can also do what a good one never does: hang, and reset."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

LARGEST_HEAD = 64 * 1024
TLS_HANDSHAKE = b"\x16"
LARGEST_BODY = 16 << 20
LINGER_NONE = struct.pack("ii", 1, 0)  # closing then sends RST instead of FIN


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def form(self) -> dict[str, str]:
        """Read the body as a form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> dict[str, Any]:
        """Read the body as a JSON object; an empty body is an empty object."""
        document = json.loads(self.body or b"{}")
        return document if isinstance(document, dict) else {}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `headers` beside Content-Length and Date, which the server adds."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Misbehaviour(Enum):
    """What is done in place of an answer."""

    HANG = "hang"
    RESET = "reset"


Handler = Callable[[Request], Awaitable[Answer | Misbehaviour]]


def json_answer(
    document: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Make an answer of a JSON document."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json", **(headers or {})})


def text_answer(text: str, *, status: int, kind: str = "text/plain; charset=utf-8") -> Answer:
    """Make an answer of a text."""
    return Answer(status, text.encode(), {"Content-Type": kind})


@asynccontextmanager
async def listen(
    handler: Handler, *, now: Callable[[], float], port: int = 0, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """Serve on loopback as long as the context is open; gives the port.

    Parameters
    ----------
    now : callable
        The clock of the `Date` header, unix seconds.
    port : int
        0: any free one.
    """
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        connections.add(task)
        try:
            # Python 3.11 logs a cancelled conversation as a fault of the server.
            with suppress(asyncio.CancelledError):
                await _converse(_Wire(reader, writer), handler=handler, now=now)
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, host, port, limit=LARGEST_HEAD, backlog=512)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Wire:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def _converse(wire: _Wire, *, handler: Handler, now: Callable[[], float]) -> None:
    # Whoever is on the other side may be gone at any time: that ends the conversation.
    with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while True:
            request = await _read_request(wire.reader)
            answer = Answer(HTTPStatus.BAD_REQUEST) if request is None else await handler(request)
            if answer is Misbehaviour.RESET:
                reset(wire.writer)
                return
            if answer is Misbehaviour.HANG:
                await wire.reader.read()  # until the other side gives up
                return
            assert isinstance(answer, Answer)  # noqa: S101 - what else there is stands above
            wire.writer.write(_serialize(answer, now=now))
            await wire.writer.drain()
            if request is None or request.headers.get("connection", "").lower() == "close":
                return


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    start = await reader.readexactly(1)
    if start == TLS_HANDSHAKE:
        return None  # as servers do: else whoever speaks TLS here waits for an answer
    head = (start + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    words = first.split(" ")
    length = headers.get("content-length", "0")
    if len(words) != 3 or not length.isdigit() or int(length) > LARGEST_BODY:
        return None
    body = await reader.readexactly(int(length))
    target = urlsplit(words[1])
    query = dict(parse_qsl(target.query, keep_blank_values=True))
    return Request(words[0], unquote(target.path), query, headers, body)


def _serialize(answer: Answer, *, now: Callable[[], float]) -> bytes:
    reason = HTTPStatus(answer.status).phrase
    headers = {
        "Date": formatdate(now(), usegmt=True),
        "Content-Length": str(len(answer.body)),
        **answer.headers,
    }
    lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body


def reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection off with RST."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    writer.transport.abort()
