"""The gate before every route: host, password, admin token, cross-site requests, headers."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from harmonyhub.web.problems import PROBLEM_JSON, Problem

OPEN_PATHS = frozenset({"/livez", "/readyz", "/status"})
OPEN_FOLDERS = ("/static/",)  # what the status page is drawn with
ADMIN_PATH, ADMIN_FOLDER = "/metrics", "/admin/"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITES = frozenset({"same-origin", "none"})  # none: typed into the address bar
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


class Gate:
    """An ASGI app around another; refuses what must not reach a route.

    Parameters
    ----------
    app : ASGI app
        What stands behind the gate.
    password : str or None
        Asked for on every path but health and status; None: nobody is asked.
    admin_token : str
        Asked for in place of the password by `/metrics` and `/admin/`, always.
    own_hosts : collection of str or None
        Names that the Host header may carry, without port. None: any. A page of another site
        can make its name resolve to 127.0.0.1 (DNS rebinding); its Host header gives it away.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        password: str | None,
        admin_token: str,
        own_hosts: frozenset[str] | None,
    ) -> None:
        self._app = app
        self._admin_digest = _digest(admin_token.encode())
        self._digest = None if password is None else _digest(password.encode())
        self._own_hosts = own_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refused request here; hand every other one on."""
        send = _with_headers(send)
        headers = _headers_of(scope["headers"])
        has_entered = self._may_enter(headers)
        problem = self._refuse(scope, headers, has_entered=has_entered)
        scope.setdefault("state", {})["has_entered"] = has_entered
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await _send_problem(problem, path=scope["path"], send=send)

    def _refuse(
        self, scope: Scope, headers: Mapping[str, str], *, has_entered: bool
    ) -> Problem | None:
        path = scope["path"]
        if self._own_hosts is not None and _host_name(headers) not in self._own_hosts:
            return Problem(
                status=HTTPStatus.MISDIRECTED_REQUEST,
                code="foreign-host",
                detail="This service answers to the names of this machine only.",
                hint="Open http://127.0.0.1 with the port of the service.",
            )
        if _is_for_admin(path):
            if not self._is_admin(headers):
                return Problem(
                    status=HTTPStatus.UNAUTHORIZED,
                    code="unauthorized",
                    detail="This address asks for the admin token.",
                    hint="Authorization: Bearer with HARMONYHUB_ADMIN_TOKEN, or with the text of"
                    " admin.token in the data folder.",
                )
        elif not has_entered and not _is_open(path):
            return Problem(
                status=HTTPStatus.UNAUTHORIZED,
                code="unauthorized",
                detail="This service asks for its access password.",
                hint="HTTP Basic with any user name, or Authorization: Bearer.",
            )
        if str(scope.get("method")) not in SAFE_METHODS and is_cross_site(headers):
            return Problem(
                status=HTTPStatus.FORBIDDEN,
                code="cross-site",
                detail="A page of another site sent this request.",
                hint="Send it from a page of this service, or from a program.",
            )
        return None

    def _may_enter(self, headers: Mapping[str, str]) -> bool:
        if self._digest is None:
            return True
        return _offers(headers, self._digest)

    def _is_admin(self, headers: Mapping[str, str]) -> bool:
        return _offers(headers, self._admin_digest)


def offered_password(authorization: str) -> bytes | None:
    """Read the password of an Authorization header, Basic or Bearer; None where there is none."""
    scheme, _, value = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip().encode()
        case "basic":
            try:
                pair = base64.b64decode(value.strip(), validate=True)
            except (binascii.Error, ValueError):
                return None
            return pair.partition(b":")[2]
        case _:
            return None


def is_cross_site(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of another site sent this request.

    Programs send neither header; every browser since 2023 sends the first.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in OWN_SITES
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def _is_for_admin(path: str) -> bool:
    return path.rstrip("/") == ADMIN_PATH or path.startswith(ADMIN_FOLDER)


def _offers(headers: Mapping[str, str], digest: bytes) -> bool:
    offered = offered_password(headers.get("authorization", ""))
    return offered is not None and hmac.compare_digest(_digest(offered), digest)


def _digest(password: bytes) -> bytes:
    return hashlib.sha256(password).digest()  # equal lengths: the comparison tells nothing


def _headers_of(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}


def _host_name(headers: Mapping[str, str]) -> str:
    host = headers.get("host", "").lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            headers += HEADERS
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"private, no-store"))
            message["headers"] = headers
        await send(message)

    return send_with_headers


async def _send_problem(problem: Problem, *, path: str, send: Send) -> None:
    headers = [(b"content-type", PROBLEM_JSON.encode())]
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b'Basic realm="HarmonyHub", charset="UTF-8"'))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    body = problem.to_json(path)
    await send({"type": "http.response.body", "body": body, "more_body": False})
