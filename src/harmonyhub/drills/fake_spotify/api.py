"""The Web API as far as the product uses it, by the contract for new apps."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from harmonyhub.drills.fake_spotify import library
from harmonyhub.drills.fake_spotify.journal import Told
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.fake_spotify.world import Access, World
from harmonyhub.drills.http import Answer, Request, json_answer, text_answer

OPERATIONS = {
    "/v1/me": "me",
    "/v1/me/player/recently-played": "recently-played",
    "/v1/search": "search",
}
PLAYS_MOST, SEARCH_MOST = 50, 10  # a new app gets ten hits a page


@dataclass(frozen=True, slots=True)
class _Call:
    world: World
    request: Request
    operation: str
    access: Access

    def told(self, answer: Answer, outcome: str = "ok") -> Told:
        """Count the answer under this call's operation, app and person."""
        return Told(
            answer,
            self.operation,
            outcome,
            client_id=self.access.client_id,
            user_id=self.access.user_id or "",
        )

    def refuse(self, status: HTTPStatus, message: str, outcome: str) -> Told:
        """Refuse in the form of the contract."""
        return self.told(error_answer(status, message), outcome)


def answer_api_request(world: World, request: Request) -> Told:
    """Answer one request to the Web API."""
    operation = OPERATIONS.get(request.path, "other")
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    access = world.accesses.get(token)
    if access is None:
        text = world.wording.invalid_token if token else "No token provided"
        return Told(error_answer(HTTPStatus.UNAUTHORIZED, text), operation, "invalid-token")
    call = _Call(world, request, operation, access)
    if access.expires_at <= world.now():
        return call.refuse(HTTPStatus.UNAUTHORIZED, world.wording.expired_token, "expired-token")
    for guard in (_refuse_for_premium, _refuse_for_limits, _refuse_for_allow_list):
        refusal = guard(call)
        if refusal is not None:
            return refusal
    return _ENDPOINTS.get(operation, _not_found)(call)


def error_answer(status: int, message: str, **more: object) -> Answer:
    """Make an error of the Web API."""
    return json_answer(
        {"error": {"status": int(status), "message": message, **more}}, status=status
    )


def _refuse_for_premium(call: _Call) -> Told | None:
    if call.world.find(Mode.PREMIUM_LAPSED, client_id=call.access.client_id) is None:
        return None
    text = call.world.wording.premium_lapsed
    return call.told(text_answer(text, status=HTTPStatus.FORBIDDEN), "premium-lapsed")


def _refuse_for_limits(call: _Call) -> Told | None:
    for mode, text, reason in (
        (Mode.QUOTA, call.world.wording.quota, {"reason": "QUOTA_EXCEEDED"}),
        (Mode.RATE_LIMIT, call.world.wording.rate_limit, {}),
    ):
        behaviour = call.world.find(mode)
        if behaviour is not None:
            error = {"status": 429, "message": text, **reason}
            headers = {"Retry-After": str(behaviour.seconds)} if behaviour.seconds else {}
            answer = json_answer({"error": error}, status=429, headers=headers)
            return call.told(answer, mode.value)
    return None


def _refuse_for_allow_list(call: _Call) -> Told | None:
    behaviour = call.world.find(Mode.NOT_ALLOWED, client_id=call.access.client_id)
    user_id = call.access.user_id
    if behaviour is None or user_id is None:
        return None
    if behaviour.user_ids and user_id not in behaviour.user_ids:
        return None
    text = call.world.wording.not_allowed
    answer = (
        error_answer(HTTPStatus.FORBIDDEN, text)
        if call.world.wording.is_allow_list_json
        else text_answer(text, status=HTTPStatus.FORBIDDEN)
    )
    return call.told(answer, "not-allowed")


def _me(call: _Call) -> Told:
    if call.access.user_id is None:
        return call.refuse(HTTPStatus.UNAUTHORIZED, "Valid user authentication required", "no-user")
    return call.told(json_answer(library.profile(call.access.user_id)))


def _recently_played(call: _Call) -> Told:
    if call.access.user_id is None:
        return call.refuse(HTTPStatus.UNAUTHORIZED, "Valid user authentication required", "no-user")
    try:
        limit = _whole(call.request, "limit", default=20, most=PLAYS_MOST)
        cursors = {name: _cursor(call.request, name) for name in ("after", "before")}
    except ValueError:
        return call.refuse(HTTPStatus.BAD_REQUEST, "Invalid limit or cursor", "bad-request")
    if None not in cursors.values():
        message = "Only one of after and before may be given"
        return call.refuse(HTTPStatus.BAD_REQUEST, message, "bad-request")
    plays = library.recently_played(
        call.access.user_id, now=call.world.now(), limit=limit, **cursors
    )
    return call.told(json_answer(plays))


def _search(call: _Call) -> Told:
    query = call.request.query
    try:
        limit = _whole(call.request, "limit", default=5, most=SEARCH_MOST)
        offset = _whole(call.request, "offset", default=0, least=0, most=1000)
    except ValueError:
        return call.refuse(HTTPStatus.BAD_REQUEST, "Invalid limit", "bad-request")
    if not query.get("q"):
        return call.refuse(HTTPStatus.BAD_REQUEST, "No search query", "bad-request")
    if query.get("type") != "track":
        return call.refuse(HTTPStatus.BAD_REQUEST, "Bad search type field", "bad-request")
    return call.told(json_answer(library.search_tracks(query["q"], limit=limit, offset=offset)))


def _not_found(call: _Call) -> Told:
    return call.refuse(HTTPStatus.NOT_FOUND, "Service not found", "not-found")


_ENDPOINTS: dict[str, Callable[[_Call], Told]] = {
    "me": _me,
    "recently-played": _recently_played,
    "search": _search,
}


def _whole(request: Request, name: str, *, default: int, most: int, least: int = 1) -> int:
    number = int(request.query.get(name, default))
    if not least <= number <= most:
        raise ValueError(name)
    return number


def _cursor(request: Request, name: str) -> int | None:
    text = request.query.get(name)
    return None if text is None else int(text)
