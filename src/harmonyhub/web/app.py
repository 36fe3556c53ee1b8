"""Puts the app together: routes, errors, the gate."""

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.routes import BaseRoute
from litestar.types import ControllerRouterHandler

import harmonyhub
from harmonyhub.domain.errors import HarmonyHubError, UnavailableError
from harmonyhub.flows.generated import list_generated
from harmonyhub.settings.keys import admin_token
from harmonyhub.web.admin import admin
from harmonyhub.web.api.checking import forget_check_user
from harmonyhub.web.api.friends import FriendRoutes
from harmonyhub.web.api.imports import ImportRoutes
from harmonyhub.web.api.jobs import JobRoutes
from harmonyhub.web.api.lists import KeptListRoutes, PathRoutes
from harmonyhub.web.api.playlists import PlaylistRoutes
from harmonyhub.web.api.spotify import SpotifyRoutes
from harmonyhub.web.api.together import TogetherRoutes
from harmonyhub.web.api.tracks import TrackRoutes
from harmonyhub.web.api.users import UserRoutes
from harmonyhub.web.assets import show_asset
from harmonyhub.web.events import Closing
from harmonyhub.web.gate import LOOPBACK_NAMES, Gate
from harmonyhub.web.head import HeadAsGet
from harmonyhub.web.health import livez, readyz
from harmonyhub.web.metrics import show_metrics
from harmonyhub.web.pages.friends import friends
from harmonyhub.web.pages.importing import importing
from harmonyhub.web.pages.listening import listening
from harmonyhub.web.pages.lists import lists
from harmonyhub.web.pages.operating import operating
from harmonyhub.web.pages.playlists import playlists
from harmonyhub.web.pages.quality import quality
from harmonyhub.web.pages.radio import radio
from harmonyhub.web.pages.spotify import connecting
from harmonyhub.web.pages.visitor import provide_visitor
from harmonyhub.web.problems import answer_error
from harmonyhub.web.server import is_loopback
from harmonyhub.web.tally import Tallied, Tally
from harmonyhub.web.uploads import clear_stale_uploads
from harmonyhub.web.wishes import provide_wish
from harmonyhub.wiring.house import House

SMALL_BODY_BYTES = 64 * 1024  # all but uploads

PAGES = Router(
    "/",
    route_handlers=[
        listening,
        importing,
        connecting,
        lists,
        radio,
        friends,
        playlists,
        operating,
        quality,
    ],
    include_in_schema=False,
)
API = Router(
    "/api/v1",
    route_handlers=[
        UserRoutes,
        SpotifyRoutes,
        PlaylistRoutes,
        forget_check_user,
        ImportRoutes,
        TrackRoutes,
        PathRoutes,
        KeptListRoutes,
        FriendRoutes,
        TogetherRoutes,
        JobRoutes,
    ],
)


def build_app(house: House) -> Litestar:
    """Build the app that serves this house: pages, API, health."""
    closing = Closing()
    tally = Tally(house)

    async def look_for_demo(app: Litestar) -> None:
        try:
            app.state.generated = await list_generated(house)  # a demo never starts later
        except UnavailableError:
            app.state.generated = frozenset()  # this process must live to say that it is not ready

    app = Litestar(
        route_handlers=[PAGES, API, livez, readyz, show_metrics, admin, show_asset],
        dependencies={
            "house": Provide(lambda: house, sync_to_thread=False),
            "closing": Provide(lambda: closing, sync_to_thread=False),
            "tally": Provide(lambda: tally, sync_to_thread=False),
            "visitor": Provide(provide_visitor),
            "wish": Provide(provide_wish),
        },
        exception_handlers={HarmonyHubError: answer_error, Exception: answer_error},
        on_startup=[
            lambda: clear_stale_uploads(house.spool_dir, now=house.clock()),
            look_for_demo,
        ],
        openapi_config=_openapi(),
        request_max_body_size=SMALL_BODY_BYTES,
        logging_config=None,
    )
    app.state.closing = closing
    # Litestar's own middleware runs only for addresses that exist; the gate stands before all.
    app.asgi_handler = Gate(
        Tallied(HeadAsGet(app.asgi_handler), tally),
        password=_password(house),
        admin_token=admin_token(house.settings).reveal(),
        own_hosts=_own_hosts(house),
    )
    return app


def _password(house: House) -> str | None:
    secret = house.settings.access_password
    return None if secret is None else secret.reveal()


def _own_hosts(house: House) -> frozenset[str] | None:
    """Name the hosts that may be asked for; a password protects by itself, behind a proxy too."""
    settings = house.settings
    if not is_loopback(settings.host) or settings.access_password is not None:
        return None
    return LOOPBACK_NAMES | {settings.host}


class _SchemaRouter(Router):
    """The addresses of the OpenAPI document, without the HTML page that Litestar puts beside them.

    That page would answer for every unknown address below /api/v1 instead of our problem details.
    """

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        """Register a handler, unless it is the one for any other path."""
        if isinstance(value, HTTPRouteHandler) and "/{path:str}" in value.paths:
            return []
        return super().register(value)


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="HarmonyHub",
        version=harmonyhub.__version__,
        description="Personalized music recommendations with true reasons, and track analysis.",
        openapi_router=_SchemaRouter("/api/v1", route_handlers=[], include_in_schema=False),
        render_plugins=[
            JsonRenderPlugin(path="/openapi.json"),
            YamlRenderPlugin(path="/openapi.yaml"),
        ],
        use_handler_docstrings=True,
    )
