"""The consent page: `GET /authorize` shows who asks for what, a form without scripts answers.

As a program: `POST /authorize` with the same query, `user` and `decision` (`agree` or `cancel`) in
the body; the answer redirects. What is wrong with the app's request is shown and never redirected.
"""

import re
from collections.abc import Mapping
from html import escape
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

from harmonyhub.drills.fake_spotify.journal import Told
from harmonyhub.drills.fake_spotify.people import SCOPES
from harmonyhub.drills.fake_spotify.rendering import display_name_of
from harmonyhub.drills.fake_spotify.world import App, Code, World
from harmonyhub.drills.http import Answer, Request, text_answer

HTML = "text/html; charset=utf-8"
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base64url
PEOPLE_SHOWN = 40
PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 30rem; margin: 2rem auto }}
p.fake {{ background: #fff3c4; color: #4a3800; padding: .5rem .75rem; border-radius: .25rem }}
fieldset {{ border: 1px solid #bbb; border-radius: .25rem; margin: 1rem 0 }}
label {{ display: block; padding: .15rem 0 }}
button {{ font: inherit; padding: .5rem 1.5rem; margin-right: .5rem }}
</style></head>
<body>
<p class="fake">This is a fake Spotify for trying things out. Nobody here is real.</p>
{content}
</body></html>
"""


def answer_consent_request(world: World, request: Request) -> Told:
    """Show the consent page, or send the person back with what they decided."""
    query, form = dict(request.query), request.form() if request.method == "POST" else {}
    client_id = query.get("client_id", "")
    app = world.apps.get(client_id)
    problem = _find_problem(app, query)
    if app is None or problem:
        answer = _page("Error", f"<h1>Error</h1><p>{escape(problem)}</p>", status=400)
        return Told(answer, "authorize", "bad-request", client_id=client_id)
    decision, user_id = form.get("decision"), form.get("user", "")
    if decision == "agree" and user_id in world.people:
        code = Code(
            client_id,
            user_id,
            query["redirect_uri"],
            scopes=frozenset(query.get("scope", "").split()),
            challenge=query.get("code_challenge", ""),
        )
        answer = _send_back(query, code=world.issue_code(code))
        return Told(answer, "authorize", "agreed", client_id=client_id, user_id=user_id)
    if decision == "cancel":
        answer = _send_back(query, error="access_denied")
        return Told(answer, "authorize", "access_denied", client_id=client_id, user_id=user_id)
    return Told(_ask(world, app, query), "authorize", "ok", client_id=client_id)


def refuse_redirect_uri(uri: str) -> str:
    """Say why an address cannot be registered, in Spotify's rules of 2025; empty: it can."""
    parts = urlsplit(uri)
    host = parts.hostname or ""
    if host == "localhost":
        return "localhost is not allowed as redirect URI; use 127.0.0.1 or [::1]"
    if parts.scheme == "https" and host:
        return ""
    if parts.scheme == "http" and _is_loopback(host):
        return ""
    return "a redirect URI must use https, or http with a loopback IP address"


def is_registered(app: App, uri: str) -> bool:
    """Tell whether an app may send people back to an address; loopback may have any port."""
    parts = urlsplit(uri)
    if uri in app.redirect_uris:
        return True
    if not _is_loopback(parts.hostname or "") or parts.scheme != "http":
        return False
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts._replace(netloc=str(host)).geturl() in app.redirect_uris


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _find_problem(app: App | None, query: Mapping[str, str]) -> str:
    if app is None:
        return "INVALID_CLIENT: Invalid client"
    uri = query.get("redirect_uri", "")
    insecure = refuse_redirect_uri(uri)
    asked, method = query.get("scope", "").split(), query.get("code_challenge_method", "")
    challenge = query.get("code_challenge", "")
    problems = {
        "redirect_uri: Missing required parameter": not uri,
        "INVALID_CLIENT: Insecure redirect URI": bool(insecure),
        "INVALID_CLIENT: Invalid redirect URI": not is_registered(app, uri),
        "response_type must be code": query.get("response_type") != "code",
        "INVALID_SCOPE: Invalid scope": not set(asked) <= set(SCOPES),
        "code_challenge_method must be S256": bool(challenge) and method != "S256",
        "code_challenge must be the S256 of a verifier": bool(challenge)
        and CHALLENGE.fullmatch(challenge) is None,
    }
    return next((text for text, is_so in problems.items() if is_so), "")


def _send_back(query: Mapping[str, str], **facts: str) -> Answer:
    if "state" in query:
        facts["state"] = query["state"]
    uri = query["redirect_uri"]
    location = f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode(facts)}"
    return Answer(302, headers={"Location": location, "Cache-Control": "no-store"})


def _ask(world: World, app: App, query: Mapping[str, str]) -> Answer:
    asked = [SCOPES[name] for name in query.get("scope", "").split()]
    wishes = "".join(f"<li>{escape(text)}</li>" for text in asked)
    people = "".join(
        f'<label><input type="radio" name="user" value="{escape(name)}"'
        f"{' checked' if place == 0 else ''}> {escape(display_name_of(name))}"
        f"{'' if world.lets_in(app.client_id, name) else ' (not on the allow list of the app)'}"
        "</label>"
        for place, name in enumerate(list(world.people)[:PEOPLE_SHOWN])
    )
    content = f"""<h1>Let an app use your account?</h1>
<p>The app {escape(app.client_id[:8])}&hellip; asks to:</p>
<ul>{wishes or "<li>see your public profile</li>"}</ul>
<form method="post" action="/authorize?{escape(urlencode(query))}">
<fieldset><legend>Who are you?</legend>{people}</fieldset>
<button name="decision" value="agree">Agree</button>
<button name="decision" value="cancel">Cancel</button>
</form>"""
    return _page("Authorize", content)


def _page(title: str, content: str, *, status: int = 200) -> Answer:
    answer = text_answer(PAGE.format(title=title, content=content), status=status, kind=HTML)
    return Answer(answer.status, answer.body, {**answer.headers, "Cache-Control": "no-store"})
