"""The Web API: the guards before every endpoint, in the order in which Spotify has them."""

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus

from harmonyhub.drills.fake_spotify.calls import Call, Refused, error_answer
from harmonyhub.drills.fake_spotify.journal import Told
from harmonyhub.drills.fake_spotify.limits import Exceeded
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.fake_spotify.operations import Match
from harmonyhub.drills.fake_spotify.world import Access, World
from harmonyhub.drills.http import Answer, Request, json_answer, text_answer

FORBIDDEN_SINCE_2024 = ("/v1/recommendations", "/v1/audio-", "/v1/artists/")
UNCACHED = frozenset({"recently-played"})  # it is another one at every look


def answer_api_request(world: World, request: Request, match: Match) -> Told:
    """Answer one request to the Web API."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    access = world.accesses.get(token)

    def told(answer: Answer, outcome: str = "ok") -> Told:
        if access is None:
            return Told(answer, match.name, outcome)
        user_id = access.user_id or ""
        return Told(answer, match.name, outcome, client_id=access.client_id, user_id=user_id)

    try:
        if match.is_gone:
            raise _gone(request)
        answer = _answer(world, request, match, access=_good(world, access, token=token))
    except Refused as refused:
        return told(_refusal(refused, request), refused.outcome)
    except _Answered as answered:
        return told(answered.answer, answered.outcome)
    return told(answer, "not-modified" if answer.status == HTTPStatus.NOT_MODIFIED else "ok")


def limit_answer(exceeded: Exceeded, world: World) -> Answer:
    """Make a 429, of the rolling limit or of the daily quota."""
    text = world.wording.quota if exceeded.is_quota else world.wording.rate_limit
    reason = {"reason": "QUOTA_EXCEEDED"} if exceeded.is_quota else {}
    error = {"status": 429, "message": text, **reason}
    headers = {"Retry-After": str(exceeded.wait_s)} if exceeded.wait_s else {}
    return json_answer({"error": error}, status=429, headers=headers)


class _Answered(Exception):  # noqa: N818 - a guard's way out
    def __init__(self, answer: Answer, outcome: str) -> None:
        super().__init__(outcome)
        self.answer = answer
        self.outcome = outcome


def _refusal(refused: Refused, request: Request) -> Answer:
    answer = error_answer(refused.status, refused.message)
    if refused.status != HTTPStatus.BAD_REQUEST or not request.path.startswith("/v1/me/library"):
        return answer
    # The contract has the facts of this one refusal at the top, unlike all others: here both ways.
    error = {"status": refused.status, "message": refused.message}
    return json_answer({"error": error, **error}, status=refused.status)


def _gone(request: Request) -> Refused:
    is_forbidden = request.path.startswith(FORBIDDEN_SINCE_2024)
    if is_forbidden:
        return Refused(HTTPStatus.FORBIDDEN, "Forbidden", "removed-endpoint")
    return Refused(HTTPStatus.NOT_FOUND, "Resource not found", "removed-endpoint")


def _good(world: World, access: Access | None, *, token: str) -> Access:
    if access is None:
        text = world.wording.invalid_token if token else "No token provided"
        raise Refused(HTTPStatus.UNAUTHORIZED, text, "invalid-token")
    if access.expires_at <= world.now():
        raise Refused(HTTPStatus.UNAUTHORIZED, world.wording.expired_token, "expired-token")
    return access


def _answer(world: World, request: Request, match: Match, *, access: Access) -> Answer:
    _refuse_for_premium(world, access)
    _refuse_for_limits(world, access)
    _refuse_for_allow_list(world, access)
    if match.operation is None:
        raise Refused(HTTPStatus.NOT_FOUND, "Service not found", "not-found")
    call = Call(world, request, access, match.ids)
    if match.operation.scopes:
        _ = call.user_id  # an app's own token is refused as nobody's before its scopes are
    call.need_scope(*match.operation.scopes)
    answer = match.operation.endpoint(call)
    if request.method == "GET" and match.name not in UNCACHED:
        return _conditional(answer, request.headers)
    return answer


def _refuse_for_premium(world: World, access: Access) -> None:
    if world.find(Mode.PREMIUM_LAPSED, client_id=access.client_id) is not None:
        text = world.wording.premium_lapsed
        raise _Answered(text_answer(text, status=HTTPStatus.FORBIDDEN), "premium-lapsed")


def _refuse_for_limits(world: World, access: Access) -> None:
    for mode in (Mode.QUOTA, Mode.RATE_LIMIT):
        behaviour = world.find(mode)
        if behaviour is not None:
            forced = Exceeded(is_quota=mode is Mode.QUOTA, wait_s=behaviour.seconds)
            raise _Answered(limit_answer(forced, world), mode.value)
    exceeded = world.count_call(access.client_id)
    if exceeded is not None:
        mode = Mode.QUOTA if exceeded.is_quota else Mode.RATE_LIMIT
        raise _Answered(limit_answer(exceeded, world), mode.value)


def _refuse_for_allow_list(world: World, access: Access) -> None:
    if access.user_id is None or world.lets_in(access.client_id, access.user_id):
        return
    text = world.wording.not_allowed
    answer = (
        error_answer(HTTPStatus.FORBIDDEN, text)
        if world.wording.is_allow_list_json
        else text_answer(text, status=HTTPStatus.FORBIDDEN)
    )
    raise _Answered(answer, "not-allowed")


def _conditional(answer: Answer, headers: Mapping[str, str]) -> Answer:
    """Add an ETag; who has this very answer already gets 304 without a body."""
    etag = f'"{sha256(answer.body).hexdigest()[:32]}"'
    more = {**answer.headers, "ETag": etag, "Cache-Control": "private, max-age=0"}
    known = {one.strip().removeprefix("W/") for one in headers.get("if-none-match", "").split(",")}
    if etag in known:
        kept = {name: text for name, text in more.items() if name != "Content-Type"}
        return Answer(HTTPStatus.NOT_MODIFIED, headers=kept)
    return Answer(answer.status, answer.body, more)
