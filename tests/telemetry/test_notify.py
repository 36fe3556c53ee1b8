"""Messages go to real services on loopback: a webhook, ntfy, a chat's webhook, mail."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from threading import Thread

import pytest
from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session

from harmonyhub.settings.secret import Secret
from harmonyhub.telemetry.notify import Notifier

TITLE, BODY = "HarmonyHub: a test", "First line\nsecond line: HARMONYHUB_SPOTIFY_CLIENT_SECRET"
TOKEN = "sentinel7token"


@dataclass
class Sink:
    """What arrived at a web service on loopback: (path, body)."""

    port: int
    answer: int = 200
    received: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Give a web service that takes every POST."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            sink.received.append((self.path, body))
            self.send_response(sink.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sink = Sink(server.server_address[1])
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield sink
    server.shutdown()
    thread.join()
    server.server_close()


def free_port() -> int:
    """Find a port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def mail_server(take: Callable[[Envelope], None]) -> AsyncIterator[int]:
    """Run a real SMTP server and give its port."""

    class Handler:
        async def handle_DATA(  # noqa: N802 - aiosmtpd's name
            self, server: SMTP, session: Session, envelope: Envelope
        ) -> str:
            del server, session
            take(envelope)
            return "250 taken"

    port = free_port()
    controller = UnthreadedController(
        Handler(), hostname="127.0.0.1", port=port, loop=asyncio.get_running_loop()
    )
    server = await controller._create_server()
    try:
        yield port
    finally:
        server.close()
        await server.wait_closed()


async def test_webhook_gets_title_and_text(sink: Sink) -> None:
    """A JSON webhook gets the title and the whole text."""
    delivery = await Notifier(Secret(f"json://127.0.0.1:{sink.port}/hook")).send(TITLE, BODY)
    assert (1, 0, "") == (delivery.n_ok, delivery.n_failed, delivery.error)
    [(path, body)] = sink.received
    document = json.loads(body)
    assert ("/hook", TITLE, BODY) == (path, document["title"], document["message"])


async def test_webhook_is_told_that_it_is_over(sink: Sink) -> None:
    """The message that an incident is over is of another type than the alert."""
    notifier = Notifier(Secret(f"json://127.0.0.1:{sink.port}/hook"))
    await notifier.send(TITLE, BODY)
    await notifier.send(TITLE, BODY, is_resolved=True)
    types = [json.loads(body)["type"] for _, body in sink.received]
    assert ["failure", "success"] == types


async def test_ntfy_gets_the_text(sink: Sink) -> None:
    """An ntfy server of one's own gets the message for its topic."""
    delivery = await Notifier(Secret(f"ntfy://127.0.0.1:{sink.port}/on-call")).send(TITLE, BODY)
    assert delivery.is_delivered
    document = json.loads(sink.received[0][1])
    assert ("on-call", TITLE, BODY) == (document["topic"], document["title"], document["message"])


async def test_chat_webhook_gets_the_text(sink: Sink) -> None:
    """A webhook of Slack's kind (Mattermost) gets title and text in one."""
    delivery = await Notifier(Secret(f"mmost://127.0.0.1:{sink.port}/{TOKEN}")).send(TITLE, BODY)
    assert delivery.is_delivered
    path, body = sink.received[0]
    assert f"/hooks/{TOKEN}" == path
    text = json.loads(body)["text"]
    assert TITLE in text
    assert BODY.splitlines()[1] in text


async def test_mail_arrives() -> None:
    """A mail server gets a mail with the title as its subject."""
    mails: list[Envelope] = []
    async with mail_server(mails.append) as port:
        address = (
            f"mailto://127.0.0.1:{port}?smtp=127.0.0.1&mode=insecure&format=text"
            "&from=hub@example.org&to=on-call@example.org"
        )
        delivery = await Notifier(Secret(address)).send(TITLE, BODY)
    assert (1, "") == (delivery.n_ok, delivery.error)
    assert ["on-call@example.org"] == mails[0].rcpt_tos
    content = mails[0].content
    assert isinstance(content, bytes)
    mail = message_from_bytes(content, policy=policy.default)
    assert TITLE == mail["Subject"]
    text = mail.get_body(("plain",))
    assert text is not None
    assert "second line: HARMONYHUB_SPOTIFY_CLIENT_SECRET" in text.get_content()


async def test_one_dead_address_does_not_stop_the_others(sink: Sink) -> None:
    """Every address is tried; each failure is named by its place."""
    dead = free_port()
    urls = f"json://127.0.0.1:{dead}/x json://127.0.0.1:{sink.port}/y"
    delivery = await Notifier(Secret(urls)).send(TITLE, BODY)
    assert (1, 1) == (delivery.n_ok, delivery.n_failed)
    assert "address 1 (json): no connection" == delivery.error
    assert 1 == len(sink.received)


async def test_refusal_is_told_with_its_status(sink: Sink) -> None:
    """An answer that is no success counts as not delivered and its status is told."""
    sink.answer = 403
    delivery = await Notifier(Secret(f"json://127.0.0.1:{sink.port}/x")).send(TITLE, BODY)
    assert not delivery.is_delivered
    assert "address 1 (json): the service answered 403" == delivery.error


async def test_silent_service_is_given_up() -> None:
    """A service that takes the connection and says nothing does not hold the watch."""
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        notifier = Notifier(Secret(f"json://127.0.0.1:{port}/x?rto=0.2"))
        delivery = await asyncio.wait_for(notifier.send(TITLE, BODY), 8)
    assert (0, 1) == (delivery.n_ok, delivery.n_failed)


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Give what the root logger writes at its most talkative."""
    stream, root = StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


async def test_secret_of_an_address_is_told_nowhere(sink: Sink, log: StringIO) -> None:
    """Neither the result nor a log at its most talkative shows what stands in an address."""
    sink.answer = 500
    urls = f"json://anna:{TOKEN}@127.0.0.1:{sink.port}/{TOKEN} {TOKEN} nonsense://{TOKEN}/"
    notifier = Notifier(Secret(urls))
    delivery = await notifier.send(TITLE, BODY)
    told = (delivery.error, repr(delivery), repr(notifier), log.getvalue())
    assert 3 == delivery.n_failed
    problems = await notifier.check()
    assert [] == [text for text in (*told, *problems) if TOKEN in text]


async def test_addresses_are_checked_without_sending(sink: Sink) -> None:
    """A check names what Apprise does not understand and sends nothing."""
    urls = f"json://127.0.0.1:{sink.port}/x nonsense://somewhere/"
    problems = await Notifier(Secret(urls)).check()
    assert ("address 2 (nonsense) is not understood",) == problems
    assert [] == sink.received


async def test_without_a_contact_nothing_is_sent() -> None:
    """Without addresses there is nobody to tell, which is no failure."""
    notifier = Notifier(None)
    delivery = await notifier.send(TITLE, BODY)
    assert (False, 0, 0) == (notifier.has_contact, delivery.n_ok, delivery.n_failed)
