"""Everything a user brought, said and keeps, out again as plain JSON lines."""

from collections.abc import AsyncIterator

import msgspec

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import UserId
from harmonyhub.flows.friends import list_friends
from harmonyhub.wiring.house import House


async def export_user(house: House, user_id: UserId) -> AsyncIterator[bytes]:
    """Stream all data of a user, one JSON object a line, newline included.

    Every object has a `type`: "ledger", "feedback", "listen", "list" for one of a day or week,
    "friend" for who is one or was asked, or "kept" for what a streaming service told of the user's
    library.

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
    for kept in await house.store.kept_lists.of_user(user_id):
        yield encode({"type": "list", **msgspec.to_builtins(kept)}) + b"\n"
    for friend in await list_friends(house, user_id):
        yield encode({"type": "friend", **msgspec.to_builtins(friend)}) + b"\n"
    async for listen in house.store.plays.export(user_id):
        yield encode({"type": "listen", **msgspec.to_builtins(listen)}) + b"\n"
    async for state, entries in house.store.spotify_library.all_entries(user_id):
        where = {"type": "kept", "list": str(state.name), "title": state.title}
        for entry in entries:
            yield encode(where | msgspec.to_builtins(entry)) + b"\n"
