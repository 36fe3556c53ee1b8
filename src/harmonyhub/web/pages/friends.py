"""The pages of friends: who is one, who asks, a name to ask, and a list for several."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from litestar import Response, Router, get, post
from litestar.params import FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect

from harmonyhub.domain.friends import Standing
from harmonyhub.domain.recommendations import ListName
from harmonyhub.flows.friends import add, list_friends, remove
from harmonyhub.flows.push_playlist import can_save
from harmonyhub.flows.together import recommend_together
from harmonyhub.web.pages.visitor import VisitorHere, own_query
from harmonyhub.web.requests import HouseHere, parse_user
from harmonyhub.web.wishes import WishHere

N_CARDS = 20


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


@get("/together")
async def show_together(
    *,
    house: HouseHere,
    visitor: VisitorHere,
    wish: WishHere,
    friend: FromQuery[list[str] | None] = None,
    list_name: Annotated[ListName, QueryParameter(name="list")] = ListName.FOR_YOU,
) -> Response[bytes]:
    """Show one list for the visitor and some friends; the way is from the page of friends."""
    user_id = visitor.user_id
    chosen = [parse_user(name) for name in friend or ()]
    answer = await recommend_together(
        house, user_id=user_id, friends=chosen, list_name=list_name, n=N_CARDS, wish=wish
    )
    chosen_fields = [("friend", name) for name in chosen] + [("list", list_name.value)]
    return visitor.page(
        "together.html",
        wish=wish,
        answer=answer,
        friends=chosen,
        list_name=list_name,
        fields=chosen_fields,
        here="/together?" + urlencode(chosen_fields),
        own=own_query(visitor),
        said_kinds={
            one.track_id: one.kind.value for one in await house.store.feedback.current(user_id)
        },
        can_save=await can_save(house, user_id),
    )


friends = Router("/", route_handlers=[show_friends, add_friend, remove_friend, show_together])
