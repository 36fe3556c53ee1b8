"""The page of friends: who is one, who asks, and a name to ask."""

from dataclasses import dataclass
from urllib.parse import urlencode

from litestar import Response, Router, get, post
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from harmonyhub.domain.friends import Standing
from harmonyhub.flows.friends import add, list_friends, remove
from harmonyhub.web.pages.visitor import Visitor, VisitorHere
from harmonyhub.web.requests import HouseHere, parse_user


@dataclass(frozen=True, slots=True)
class NameForm:
    """Whom a button or the field is about."""

    name: str


@get("/friends")
async def show_friends(*, house: HouseHere, visitor: VisitorHere) -> Response[bytes]:
    """Show friends and requests."""
    found = await list_friends(house, visitor.user_id)
    return visitor.page(
        "friends.html",
        friends=[one for one in found if one.standing is Standing.FRIEND],
        asking=[one for one in found if one.standing is Standing.ASKS_YOU],
        asked=[one for one in found if one.standing is Standing.ASKED],
        own=own_query(visitor),
    )


@post("/friends/add")
async def add_friend(
    *, house: HouseHere, visitor: VisitorHere, data: URLEncodedBody[NameForm]
) -> Redirect:
    """Ask or accept, and go back."""
    await add(house, user_id=visitor.user_id, name=parse_user(data.name))
    return Redirect("/friends" + own_query(visitor), status_code=303)


@post("/friends/remove")
async def remove_friend(
    *, house: HouseHere, visitor: VisitorHere, data: URLEncodedBody[NameForm]
) -> Redirect:
    """Decline, take back or end, and go back."""
    await remove(house, user_id=visitor.user_id, name=parse_user(data.name))
    return Redirect("/friends" + own_query(visitor), status_code=303)


def own_query(visitor: Visitor) -> str:
    """Name the visitor in a form's address: the cookie may meanwhile be another's."""
    return "?" + urlencode({"user": visitor.user_id})


friends = Router("/", route_handlers=[show_friends, add_friend, remove_friend])
