"""The page of Spotify: connect, see how it stands, read now, leave."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.params import FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect

from harmonyhub.domain.calendar import consent_calendar
from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.spotify_messages import ENDS, SignInEnd, explain, say_notice
from harmonyhub.domain.upstreams import Outcome
from harmonyhub.flows.connect import (
    SignInResult,
    WayBack,
    begin_sign_in,
    finish_sign_in,
    parse_household_app,
    redirect_uri_of,
)
from harmonyhub.flows.connection import ask_for_sync, load_connection
from harmonyhub.flows.connection_report import describe_connection
from harmonyhub.flows.disconnect import forget_spotify
from harmonyhub.flows.library_report import load_library_report
from harmonyhub.settings.redirect import CALLBACK_PATH, origin_of
from harmonyhub.settings.secret import Secret
from harmonyhub.settings.shapes import is_loopback
from harmonyhub.storage.sign_ins import LASTS_S
from harmonyhub.web.pages.spotify_setup import PART_TITLES, READ, find_setup
from harmonyhub.web.pages.visitor import Visitor, VisitorHere
from harmonyhub.web.requests import HouseHere

COOKIE = "hh_spotify"
COOKIE_BYTES = 32
LONGEST = 4096  # of what Spotify sends back; its codes have about 250 characters
PAGE = "/spotify"

Brought = Annotated[str, QueryParameter(max_length=LONGEST)]


@dataclass(frozen=True, slots=True)
class ConnectForm:
    """The button Connect; `household_app` is the client id of an app of the household's own."""

    household_app: str = ""


@get(PAGE)
async def show_spotify(
    *,
    house: HouseHere,
    visitor: VisitorHere,
    request: Request[Any, Any, Any],
    end: FromQuery[SignInEnd | None] = None,
    outcome: FromQuery[Outcome | None] = None,
    holder: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show how the connection stands, what is read, and what to do next."""
    connection = await load_connection(house, visitor.user_id)
    report = await describe_connection(house, visitor.user_id)
    library = await load_library_report(house, visitor.user_id)
    return visitor.page(
        "spotify.html",
        connection=connection,
        report=report,
        parts=[(PART_TITLES[part.part], part, explain(part.outcome)) for part in library.parts],
        trouble=report.trouble,
        notice=say_notice(connection.end) if connection.end else None,
        setup=find_setup(house, host=request.headers.get("host", "")),
        read=[(part, not part.scopes.isdisjoint(connection.missing_scopes)) for part in READ],
        end=ENDS[end] if end else None,
        has_ended_well=end is not None and end.is_connected,
        failure=explain(outcome) if outcome else None,
        # Only a listener of this house is named: the address could say anything.
        holder=holder if holder in visitor.users else None,
    )


@post(f"{PAGE}/connect", status_code=200)
async def start_connecting(
    *,
    house: HouseHere,
    visitor: VisitorHere,
    request: Request[Any, Any, Any],
    data: URLEncodedBody[ConnectForm],
) -> Response[bytes]:
    """Send a person to the consent page, by way of a page of ours.

    The policy's `form-action 'self'` bars a form that is redirected to another site, in Chromium,
    so the page that answers it leads on by itself and by a link.
    """
    _, redirect_uri = redirect_uri_of(house)
    elsewhere = _right_page(request, redirect_uri, user=visitor.user_id)
    if elsewhere is not None:
        is_reachable = _is_reachable(request, redirect_uri)
        return visitor.page("going.html", target=elsewhere, kind="move", is_reachable=is_reachable)
    kept = request.cookies.get(COOKIE, "")
    browser = Secret(kept if len(kept) >= COOKIE_BYTES else secrets.token_urlsafe(COOKIE_BYTES))
    household_app = parse_household_app(data.household_app) if data.household_app else None
    target = await begin_sign_in(
        house, user_id=visitor.user_id, browser=browser, household_app=household_app
    )
    response = visitor.page("going.html", target=target, kind="consent", is_reachable=True)
    response.set_cookie(
        Cookie(
            key=COOKIE,
            value=browser.reveal(),
            path="/",  # a proxy may put a folder before ours
            max_age=LASTS_S,
            httponly=True,
            samesite="lax",  # strict would keep it back on the way from Spotify
            secure=redirect_uri.startswith("https://"),
        )
    )
    return response


@get(CALLBACK_PATH)
async def come_back(
    *,
    house: HouseHere,
    request: Request[Any, Any, Any],
    sign_in_state: Annotated[str, QueryParameter(name="state", max_length=LONGEST)] = "",
    code: Brought = "",
    error: Brought = "",
) -> Redirect:
    """Take what Spotify sent a person back with, and show the page without it in the address."""
    way_back = WayBack(
        state=Secret(sign_in_state),
        code=Secret(code),
        error=error or ("" if code else "no-code"),
        browser=Secret(request.cookies.get(COOKIE, "")),
    )
    return Redirect(_address_of(await finish_sign_in(house, way_back)), status_code=303)


@post(f"{PAGE}/sync")
async def sync_now(*, house: HouseHere, visitor: VisitorHere) -> Redirect:
    """Take the button "read now"."""
    await ask_for_sync(house, visitor.user_id)
    return Redirect(_page_of(visitor), status_code=303)


@post(f"{PAGE}/disconnect")
async def leave(*, house: HouseHere, visitor: VisitorHere) -> Redirect:
    """Take the button Disconnect: tokens go, and everything that came from Spotify."""
    await forget_spotify(house, visitor.user_id)
    return Redirect(_page_of(visitor), status_code=303)


@get(f"{PAGE}/consent.ics")
async def show_calendar(*, house: HouseHere, visitor: VisitorHere) -> Response[str]:
    """Give the end of the consent as a calendar entry with reminders."""
    connection = await load_connection(house, visitor.user_id)
    if connection.token is None or connection.end is None:
        raise NotFoundError("There is no consent that ends.", hint="Connect an account first.")
    uri = house.settings.spotify_redirect_uri or ""
    text = consent_calendar(
        ends_at=connection.end.at,
        now=house.clock(),
        uid=f"spotify-{connection.token.consented_at}",
        address=uri.removesuffix("/callback"),
    )
    headers = {"Content-Disposition": 'attachment; filename="spotify-consent.ics"'}
    return Response(text, media_type="text/calendar", headers=headers)


def _right_page(request: Request[Any, Any, Any], redirect_uri: str, *, user: str) -> str | None:
    """Give this page's address where Spotify sends people back to, if this browser is elsewhere.

    The cookie of a sign-in is kept per host name: begun at localhost it is not there at 127.0.0.1.
    The browser's own Origin tells where it is; behind a proxy the Host header need not.
    """
    origin = request.headers.get("origin", "null")
    if origin == "null" or origin_of(origin) == origin_of(redirect_uri):
        return None
    return f"{redirect_uri.removesuffix('/callback')}?{urlencode({'user': user})}"


def _is_reachable(request: Request[Any, Any, Any], redirect_uri: str) -> bool:
    """Tell whether this browser can get to where Spotify sends people back to."""
    if not is_loopback(urlsplit(redirect_uri).hostname or ""):
        return True
    return is_loopback(urlsplit(request.headers.get("origin", "")).hostname or "")


def _page_of(visitor: Visitor) -> str:
    return f"{PAGE}?{urlencode({'user': visitor.user_id})}"


def _address_of(result: SignInResult) -> str:
    facts = {
        "user": result.user_id,
        "end": result.end.value,
        "outcome": result.outcome.value if result.outcome else None,
        "holder": result.holder,
    }
    return f"{PAGE}?{urlencode({name: value for name, value in facts.items() if value})}"


connecting = Router(
    "/",
    route_handlers=[show_spotify, start_connecting, come_back, sync_now, leave, show_calendar],
)
