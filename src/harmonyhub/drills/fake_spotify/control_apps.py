"""Commands about apps: the dashboard's, and what an app is allowed."""

from collections.abc import Callable
from typing import Any

from harmonyhub.drills.fake_spotify.consent_page import refuse_redirect_uri
from harmonyhub.drills.fake_spotify.names import Json
from harmonyhub.drills.fake_spotify.people import ALLOWED_AT_MOST
from harmonyhub.drills.fake_spotify.world import App, World
from harmonyhub.drills.http import Request

Commands = dict[tuple[str, str], Callable[[Request], object]]


def commands_for_apps(world: World) -> Commands:
    """Give the commands by method and path."""
    return {
        ("GET", "/control/apps"): lambda _: [_show(app) for app in world.apps.values()],
        ("POST", "/control/apps"): lambda request: _add(world, request.json()),
        ("PUT", "/control/apps"): lambda request: _change(world, request.json()),
        ("POST", "/control/rotate"): lambda request: _show(
            world.rotate_secret(request.json()["client_id"])
        ),
        ("GET", "/control/usage"): lambda request: _show_usage(world, request.query),
    }


def _add(world: World, document: dict[str, Any]) -> Json:
    return _show(world.add_app(owner=document.get("owner")))


def _change(world: World, document: dict[str, Any]) -> Json:
    """Change what is named; the rest stays."""
    app = world.apps[document.get("client_id") or world.main_app.client_id]
    for uri in document.get("redirect_uris", ()):
        problem = refuse_redirect_uri(uri)
        if problem:
            raise ValueError(problem)
    if "mode" in document:
        app.is_extended = {"development": False, "extended": True}[document["mode"]]
    if "redirect_uris" in document:
        app.redirect_uris = tuple(document["redirect_uris"])
    if "allowed" in document:
        allowed = set(document["allowed"])
        if len(allowed) > ALLOWED_AT_MOST:
            raise ValueError(f"an app in development mode has {ALLOWED_AT_MOST} users at most")
        app.allowed = allowed
    if "per_window" in document:
        app.per_window = document["per_window"]
    if "per_day" in document:
        world.set_quota(app.owner, per_day=document["per_day"])
    return _show(app)


def _show(app: App) -> Json:
    return {
        "client_id": app.client_id,
        "client_secret": app.secret,
        "owner": app.owner,
        "mode": "extended" if app.is_extended else "development",
        "redirect_uris": list(app.redirect_uris),
        "allowed": sorted(app.allowed),
    }


def _show_usage(world: World, query: Any) -> Json:
    app = world.apps[query.get("client_id") or world.main_app.client_id]
    return {"n_today": world.days[app.owner].n_today, "n_in_window": len(app.window.times)}
