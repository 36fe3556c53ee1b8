"""Everything a user brought and said, out again as plain JSON lines."""

from collections.abc import AsyncIterator

import msgspec

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import UserId
from harmonyhub.wiring.house import House


async def export_user(house: House, user_id: UserId) -> AsyncIterator[bytes]:
    """Stream a user's ledgers, feedback and listens, one JSON object a line, newline included.

    Every object has a `type`: "ledger", "feedback" or "listen".

    Raises
    ------
    NotFoundError
        If there is no such user; before anything is streamed.
    """
    if await house.store.users.revision(user_id) is None:
        raise NotFoundError(f"There is no user {user_id}.", hint="GET /api/v1/users lists them.")
    return _lines(house, user_id)


async def _lines(house: House, user_id: UserId) -> AsyncIterator[bytes]:
    encode = msgspec.json.Encoder().encode
    for ledger in await house.store.ledgers.of_user(user_id):
        yield encode({"type": "ledger", **msgspec.to_builtins(ledger)}) + b"\n"
    for said in await house.store.feedback.current(user_id):
        yield encode({"type": "feedback", **msgspec.to_builtins(said)}) + b"\n"
    async for listen in house.store.plays.export(user_id):
        yield encode({"type": "listen", **msgspec.to_builtins(listen)}) + b"\n"
