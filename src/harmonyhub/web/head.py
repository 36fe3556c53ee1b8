"""HEAD requests: what GET would answer, without its body."""

from typing import cast

from litestar.types import ASGIApp, HTTPDisconnectEvent, Message, Receive, Scope, Send


class HeadAsGet:
    """An ASGI app around another, whose routes know GET only.

    Parameters
    ----------
    app : ASGI app
        Asked for GET; after the head of its answer it is told that the client has gone, so that
        a stream ends there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer HEAD as GET; leave everything else alone."""
        if scope.get("method") != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        asked = cast("Scope", {**scope, "method": "GET"})
        await self._app(asked, _receive_end, send_head)


async def _receive_end() -> HTTPDisconnectEvent:
    return {"type": "http.disconnect"}
