"""Counts what this process served: by feature, outcome and freshness, and for how many users."""

from collections import Counter
from http.cookies import CookieError, SimpleCookie
from urllib.parse import unquote

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from harmonyhub.domain.freshness import SourceFreshness
from harmonyhub.telemetry import metrics
from harmonyhub.telemetry.metrics import Sample
from harmonyhub.web.pages.visitor import COOKIE
from harmonyhub.web.requests import DEFAULT_USER
from harmonyhub.wiring.house import House

WINDOW_S = 300
USERS_MAX = 10_000  # of the window; more are counted, but not told apart
FEATURES = {
    "recommendations": ("/for-you", "/discover", "/rediscover"),
    "tracks": ("/tracks", "/search", "/api/v1/tracks"),
    "imports": ("/import", "/api/v1/imports", "/jobs", "/api/v1/jobs"),
    "feedback": ("/feedback",),
    "status": ("/status",),
    "health": ("/livez", "/readyz"),
    "static": ("/static",),
    "admin": ("/metrics", "/admin"),
}
OF_A_USER = "/api/v1/users/"
OF_A_USER_FEATURES = {
    "recommendations": "recommendations",
    "feedback": "feedback",
    "imports": "imports",
    "listens": "listens",
}
FOR_PEOPLE = frozenset({"recommendations", "tracks", "feedback", "listens"})


class Tally:
    """What was served since the start."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._users: dict[str, tuple[int, bool]] = {}
        self._started_at = house.clock()

    @property
    def started_at(self) -> int:
        """When this process started, in unix seconds UTC."""
        return self._started_at

    async def note(self, *, feature: str, status: int, user: str) -> None:
        """Count one answer."""
        now = self._house.clock()
        sources = await self._house.upstreams.freshness(now=now)
        self._counts[feature, outcome_of(status), freshness_of(sources)] += 1
        if feature in FOR_PEOPLE and (user in self._users or len(self._users) < USERS_MAX):
            self._users[user] = (now, status < 500)

    def samples(self) -> list[Sample]:
        """Give the metrics of this process; users that were silent for the window are dropped."""
        start = self._house.clock() - WINDOW_S
        self._users = {name: seen for name, seen in self._users.items() if seen[0] > start}
        n_served = sum(is_served for _, is_served in self._users.values())
        share = n_served / len(self._users) if self._users else 1.0
        return [
            *(Sample(metrics.REQUESTS, n, labels) for labels, n in self._counts.items()),
            Sample(metrics.USERS_SERVED, share),
            Sample(metrics.STARTED, self._started_at),
        ]


class Tallied:
    """An ASGI app around another; counts each of its answers."""

    def __init__(self, app: ASGIApp, tally: Tally) -> None:
        self._app = app
        self._tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on and note what became of it."""
        status = 500

        async def look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, look)
        finally:
            path = scope["path"]
            await self._tally.note(feature=feature_of(path), status=status, user=_user_of(scope))


def feature_of(path: str) -> str:
    """Name the feature that an address belongs to; one of a closed set."""
    if path == "/":
        return "recommendations"
    if path.startswith(OF_A_USER):
        rest = path.removeprefix(OF_A_USER).partition("/")[2]
        return OF_A_USER_FEATURES.get(rest.partition("/")[0], "other")
    return next(
        (
            feature
            for feature, paths in FEATURES.items()
            if any(path == known or path.startswith(f"{known}/") for known in paths)
        ),
        "other",
    )


def outcome_of(status: int) -> str:
    """Tell whose doing an answer is: ours where it failed, the client's where it was refused."""
    if status >= 500:
        return "failed"
    return "refused" if status >= 400 else "ok"


def freshness_of(sources: tuple[SourceFreshness, ...]) -> str:
    """Give the state of the source that is worst off; "none" where there is no source."""
    stale = [source.state.value for source in sources if not source.is_current]
    return next(iter([*stale, *(source.state.value for source in sources)]), "none")


def _user_of(scope: Scope) -> str:
    path = scope["path"]
    if path.startswith(OF_A_USER):
        return path.removeprefix(OF_A_USER).partition("/")[0]
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                morsel = SimpleCookie(value.decode("latin-1")).get(COOKIE)
            except CookieError:
                break
            return unquote(morsel.value) if morsel else DEFAULT_USER
    return DEFAULT_USER
