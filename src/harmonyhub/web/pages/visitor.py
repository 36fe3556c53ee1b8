"""Who looks at a page: the user of the cookie, of the address, or the one of this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode

from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from harmonyhub.domain.connections import Standing
from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.spotify_messages import Message, explain, say_notice
from harmonyhub.flows.connection import load_connection
from harmonyhub.web.pages.rendering import render
from harmonyhub.web.requests import DEFAULT_USER, HouseHere, parse_user
from harmonyhub.wiring.house import House

COOKIE = "hh_user"
COOKIE_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Visitor:
    """One page view: whose data is shown, who else could be chosen, and the address.

    `generated` are the listeners that the demo made up; there are none elsewhere. `notice` is what
    every page says of the connection to Spotify, if anything.
    """

    user_id: UserId
    users: Sequence[UserId]
    generated: frozenset[UserId]
    path: str
    is_new_choice: bool
    notice: Message | None = None

    def page(self, template: str, **context: object) -> Response[bytes]:
        """Render a page for this visitor; a new choice of user is remembered."""
        body = render(
            template,
            visitor=self,
            is_demo=bool(self.generated),
            path=self.path,
            **context,
        )
        response = Response(body, media_type=MediaType.HTML)
        if self.is_new_choice:
            response.set_cookie(
                Cookie(
                    key=COOKIE,
                    value=quote(self.user_id, safe=""),
                    max_age=COOKIE_S,
                    httponly=True,
                    samesite="lax",
                )
            )
        return response


VisitorHere = NamedDependency[SkipValidation[Visitor]]


async def provide_visitor(request: Request[Any, Any, Any], house: HouseHere) -> Visitor:
    """Find out whose page is asked for."""
    chosen = request.query_params.get("user")
    user_id = parse_user(chosen) if chosen is not None else remembered_user(request)
    known = await house.store.users.list_all()
    return Visitor(
        user_id=user_id,
        users=sorted(
            {*known, user_id, DEFAULT_USER}, key=lambda name: (name != DEFAULT_USER, name)
        ),
        generated=generated_listeners(request),
        path=own_path(request),
        is_new_choice=chosen is not None,
        notice=await _find_notice(house, user_id),
    )


async def _find_notice(house: House, user_id: UserId) -> Message | None:
    """Find out whether the user should connect Spotify again."""
    if house.spotify is None:
        return None
    connection = await load_connection(house, user_id)
    if connection.standing is Standing.SET_ASIDE and connection.hindrance and connection.token:
        is_household = connection.token.is_public
        return explain(connection.hindrance.outcome, is_household=is_household)
    return say_notice(connection.end) if connection.end else None


def generated_listeners(request: Request[Any, Any, Any]) -> frozenset[UserId]:
    """Give the listeners of the demo, as found when this process started."""
    generated: frozenset[UserId] = request.app.state.generated
    return generated


def remembered_user(request: Request[Any, Any, Any]) -> UserId:
    """Read the user of the cookie; a damaged one counts as none."""
    try:
        return parse_user(unquote(request.cookies.get(COOKIE) or DEFAULT_USER))
    except RefusedInputError:
        return DEFAULT_USER


def own_path(request: Request[Any, Any, Any]) -> str:
    """Give the address of this page, as a form's way back."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def own_query(visitor: Visitor) -> str:
    """Name the visitor in a form's address: the cookie may meanwhile be another's."""
    return "?" + urlencode({"user": visitor.user_id})


def way_back(path: str) -> str:
    """Take the way back of a form only if it stays on this site."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if is_local and path.isprintable() else "/"
