"""Runs the app on granian inside the current event loop, and stops it in order."""

import asyncio
import gc
import ipaddress
import logging
import socket
from collections.abc import Callable

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from harmonyhub.domain.errors import ConflictError
from harmonyhub.web.events import Closing

log = logging.getLogger(__name__)

STOP_S = 5.0  # granian waits for open connections for ever; a stuck download must not hold us
CONNECT_EVERY_S = 0.01


async def serve(
    app: Litestar, *, host: str, port: int, on_ready: Callable[[], None] = lambda: None
) -> None:
    """Serve until the calling task is cancelled; open requests then get a few seconds to end.

    Parameters
    ----------
    on_ready : callable
        Called once, when the port accepts connections.

    Raises
    ------
    ConflictError
        If something else listens on that port.
    """
    refuse_taken_port(host, port)
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_enabled=False,
    )
    running = asyncio.create_task(server.serve())
    announcing = asyncio.create_task(_announce(host, port, on_ready))
    try:
        await asyncio.shield(running)
    finally:
        announcing.cancel()
        _closing(app).start()
        await _stop(server, running)


def spare_collections() -> None:
    """Take what a start made out of the garbage collector's rounds: it lives as long as we do.

    A full round goes through 140,000 objects, mostly of imports, in 100 ms of a busy processor, and
    all requests wait for it; afterwards through those of the requests alone.
    """
    gc.collect()
    gc.freeze()


def refuse_taken_port(host: str, port: int) -> None:
    """Refuse a port that another process listens on.

    granian binds with SO_REUSEPORT: a second one would silently share the port with the first.

    Raises
    ------
    ConflictError
        If the port is taken, or the address is none of this machine.
    """
    is_ipv6 = ":" in host
    probe = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    with probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConflictError(
                f"Port {port} on {host} cannot be used: {error.strerror or error}.",
                hint="Stop the process that listens there, or set HARMONYHUB_PORT to a free port.",
            ) from error


def is_loopback(host: str) -> bool:
    """Whether a bind address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _announce(host: str, port: int, on_ready: Callable[[], None]) -> None:
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound here
    while True:
        try:
            _, writer = await asyncio.open_connection(target, port)
        except OSError:
            await asyncio.sleep(CONNECT_EVERY_S)
            continue
        writer.close()
        on_ready()
        return


def _closing(app: Litestar) -> Closing:
    closing = app.state.closing
    assert isinstance(closing, Closing)  # noqa: S101 - build_app put it there
    return closing


async def _stop(server: Server, running: "asyncio.Task[None]") -> None:
    server.stop()  # type: ignore[no-untyped-call]  # granian annotates its public half only
    done, _ = await asyncio.wait([running], timeout=STOP_S)
    if not done:
        log.warning("requests were still open after %.0f s; closing them", STOP_S)
        running.cancel()
        await asyncio.wait([running])
