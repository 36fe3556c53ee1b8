"""Errors as answers: RFC 9457 problem details for programs, a page for people."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException

from harmonyhub.domain.errors import (
    ConflictError,
    HarmonyHubError,
    NotFoundError,
    RefusedInputError,
    UnavailableError,
    UnknownFormatError,
    UpstreamError,
)
from harmonyhub.web.pages.rendering import render

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 5
STATUS_OF = (  # the first class that fits
    (UnknownFormatError, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (RefusedInputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (ConflictError, HTTPStatus.CONFLICT),
    (UnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
    (UpstreamError, HTTPStatus.BAD_GATEWAY),
)
CODE_OF_STATUS = {
    400: "invalid-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unknown-format",
}
DETAIL_OF_STATUS = {  # where Litestar only repeats the name of the status
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The request is larger than this address takes.",
}
TITLE_OF_STATUS = {  # of the page; for programs it is the phrase of HTTP
    404: "There is nothing here",
    500: "Something broke here",
    503: "A part of HarmonyHub does not answer",
}
HINT_OF_STATUS = {
    400: "The reference at /api/v1/docs names every parameter and its range.",
    404: "Search for a track above; the reference at /api/v1/docs lists the addresses of the API.",
    405: "The reference at /api/v1/docs lists the methods of every address.",
    413: "Send less in one request; an upload may have 4 GB.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong with one request; `code` is stable, `detail` and `hint` are for people."""

    status: int
    code: str
    detail: str
    hint: str = ""

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    def to_json(self, instance: str) -> bytes:
        """Write the problem as RFC 9457 says; `type` points into the API reference."""
        return msgspec.json.encode(
            {
                "type": f"/api/v1/docs#{self.code}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
                "hint": self.hint,
                "instance": instance,
            }
        )


def judge(error: Exception) -> Problem:
    """Turn an exception into what the client may know of it."""
    if isinstance(error, HarmonyHubError):
        status = next((code for kind, code in STATUS_OF if isinstance(error, kind)), None)
        if status is not None:
            return Problem(status=status, code=error.code, detail=error.message, hint=error.hint)
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        status_code = error.status_code
        return Problem(
            status=status_code,
            code=CODE_OF_STATUS.get(status_code, "invalid-request"),
            detail=_detail_of(error),
            hint=HINT_OF_STATUS.get(status_code, ""),
        )
    return Problem(
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        code="internal",
        detail="Something went wrong here.",
        hint="The log of the service has the cause, at this time.",
    )


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a failed request; what we did not foresee is logged whole and told to nobody."""
    problem = judge(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    headers = dict(getattr(error, "headers", None) or {})
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if _wants_page(request):
        body = render(
            "error.html",
            title=TITLE_OF_STATUS.get(problem.status, "That did not work"),
            tries_again=problem.status == HTTPStatus.SERVICE_UNAVAILABLE
            and request.method == "GET",
            is_demo=bool(request.app.state.generated),
            path=request.url.path,
            problem=problem,
        )
        media_type: str = MediaType.HTML
    else:
        body, media_type = problem.to_json(request.url.path), PROBLEM_JSON
    return Response(body, status_code=problem.status, media_type=media_type, headers=headers)


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    is_api = request.url.path.startswith(("/api/", "/livez", "/readyz"))
    return not is_api and "text/html" in request.headers.get("accept", "")


def _detail_of(error: HTTPException) -> str:
    """Name each parameter that did not fit; Litestar keeps that apart from the message."""
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        faults = [
            f"{_public_name(fault)}: {fault.get('message', 'does not fit')}"
            for fault in error.extra
            if isinstance(fault, dict)
        ]
        if faults:
            return "; ".join(faults)
    return (
        error.detail.split(" for ")[0] if isinstance(error, ValidationException) else error.detail
    )


def _public_name(fault: Mapping[str, Any]) -> str:
    """Name a parameter as the address does; `list` is no fit name for a Python argument."""
    name = str(fault.get("key", "body"))
    return "list" if name == "list_name" else name
