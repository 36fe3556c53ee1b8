"""Brings a person's consent to the terminal: listens where Spotify sends them, or asks to paste."""

import asyncio
from http import HTTPStatus
from urllib.parse import urlsplit

import click

from harmonyhub.cli.session import say
from harmonyhub.domain.errors import RefusedInputError

WAIT_S = 300.0
LARGEST_HEAD = 32 * 1024
DONE = "HarmonyHub has your answer. Go back to the terminal; you may close this page."


async def bring_back(url: str, *, redirect_uri: str) -> str:
    """Send a person to an address, and give the one that they come back to.

    Raises
    ------
    RefusedInputError
        If nobody comes back within five minutes, or there is no terminal to paste into.
    """
    arrived: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = await _listen(redirect_uri, arrived)  # before anybody can come back
    click.echo("Open this address, sign in as the person to try, and press Agree:", err=True)
    click.echo(f"\n  {url}\n", err=True)
    if server is None:
        return await asyncio.to_thread(_paste, redirect_uri)
    say(f"Waiting at {redirect_uri} ...")
    try:
        async with asyncio.timeout(WAIT_S):
            return await arrived
    except TimeoutError as error:
        raise RefusedInputError(
            f"Nobody came back within {WAIT_S / 60:.0f} minutes.",
            hint="Run the command again and open the address that it prints.",
        ) from error
    finally:
        server.close()


async def _listen(redirect_uri: str, arrived: "asyncio.Future[str]") -> asyncio.Server | None:
    """Listen where Spotify sends people; None where that is not ours to listen at."""
    parts = urlsplit(redirect_uri)
    if parts.scheme != "http" or parts.hostname is None:
        return None

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        target = head.split(" ", 2)[1]
        is_it = urlsplit(target).path == parts.path
        status = HTTPStatus.OK if is_it else HTTPStatus.NOT_FOUND
        body = DONE.encode() if is_it else b""
        writer.write(
            f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()
        if is_it and not arrived.done():
            arrived.set_result(target)

    try:
        return await asyncio.start_server(
            answer, parts.hostname, parts.port or 80, limit=LARGEST_HEAD
        )
    except OSError:  # the service itself runs there, or the address is a proxy's
        return None


def _paste(redirect_uri: str) -> str:
    click.echo(
        f"The browser then shows an address that begins with {redirect_uri}?code=\n"
        "(the page itself may say that it does not know of this sign-in; that is fine).",
        err=True,
    )
    try:
        return str(click.prompt("Paste it here", err=True))
    except click.Abort as error:
        raise RefusedInputError(
            "There is nobody to paste the address.",
            hint="Run the command in a terminal, or stop the service: then it listens itself.",
        ) from error
