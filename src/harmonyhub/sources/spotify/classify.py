"""Tells from an answer of Spotify, or from the lack of one, what became of a call.

Statuses and `error` codes decide. Texts change without notice, so that they decide only where
Spotify gives nothing else, and then a second call has to confirm it. Sources: RFC 6749 section 5.2
and what users of the Web API reported up to 2026.
"""

import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from harmonyhub.domain.upstreams import Outcome

TOKEN_ERRORS = {
    "invalid_client": Outcome.CLIENT_REJECTED,
    "unauthorized_client": Outcome.CLIENT_REJECTED,
    "invalid_grant": Outcome.GRANT_REJECTED,
    "server_error": Outcome.UPSTREAM_FAILED,
    "temporarily_unavailable": Outcome.UPSTREAM_FAILED,
}
# A portal or a proxy speaks, not Spotify: proxy authentication, network authentication (RFC 6585).
NOT_MODIFIED = 304
FOREIGN_STATUSES = frozenset({407, 511})
QUOTA_WAIT_S = 900  # the rate limit rolls over 30 s: who asks for more speaks of the daily quota
OF_THE_USER = re.compile(r"regist|allow|approv", re.IGNORECASE)
OF_THE_CONSENT = re.compile(r"scope", re.IGNORECASE)
OF_THE_OWNER = re.compile(r"premium|subscri|owner", re.IGNORECASE)

TEXT_SHOWN = 60
MASK = "***"
ERROR_CODE = re.compile(r"[A-Za-z_]{1,40}")
# Ids, secrets and tokens, also in base64, hex or URL-encoded: no word of a sentence is so long.
TOKEN_LIKE = re.compile(r"[A-Za-z0-9+/_=%.~-]{20,}")


class Classified(NamedTuple):
    """What an answer means; the evidence holds no secret."""

    outcome: Outcome
    evidence: str
    retry_after_s: int | None


def classify_answer(
    status: int,
    *,
    headers: Mapping[str, str],
    body: bytes,
    is_token_call: bool,
    has_user: bool = False,
    names_a_thing: bool = False,
    is_conditional: bool = False,
    is_answered: bool = True,
    secrets: Sequence[str] = (),
) -> Classified:
    """Tell what an answer means.

    Parameters
    ----------
    headers : mapping
        With lower-case names, or one that does not tell cases apart.
    is_token_call : bool
        Whether the accounts service was asked, which speaks RFC 6749, and not the API.
    has_user : bool
        Whether an API call was made in a user's name; without one, no user can be at fault.
    names_a_thing : bool
        Whether the call is about one thing that may be gone, such as a playlist.
    is_conditional : bool
        Whether the call asked to be told only of a change.
    is_answered : bool
        Whether success comes with a body.
    secrets : sequence of str
        What must not stand in the evidence, should the answer repeat it.
    """
    if status == NOT_MODIFIED and is_conditional:
        return Classified(Outcome.OK, "", None)
    is_html = "html" in headers.get("content-type", "") or _starts_as_html(body)
    document = None if is_html else _parse(body)
    code, text = ("", "") if is_html else _read_error(document, body)
    outcome = _judge_status(status, is_html=is_html)
    if outcome is None and is_token_call:
        outcome = _judge_token_answer(status, document=document, code=code)
    elif outcome is None:
        is_whole = document is not None or not is_answered
        outcome = _judge_api_answer(status, is_whole=is_whole, names_a_thing=names_a_thing)
    if outcome is Outcome.USER_NOT_ALLOWED:
        outcome = _judge_forbidden(text, is_json=document is not None, has_user=has_user)
    wait_s = read_retry_after(headers) if outcome is Outcome.RATE_LIMITED else None
    if outcome is Outcome.RATE_LIMITED and (
        code == "QUOTA_EXCEEDED" or "quota" in text.lower() or (wait_s or 0) > QUOTA_WAIT_S
    ):
        outcome = Outcome.QUOTA_EXCEEDED
    evidence = "" if outcome is Outcome.OK else _show(status, code=code, text=text, secrets=secrets)
    return Classified(outcome, evidence, wait_s)


def classify_failure(error: BaseException) -> Outcome:
    """Tell from an exception why there was no answer.

    The HTTP library has one class for a name that does not resolve, a refused connection and a
    failed handshake; what it was stands in the chain of causes.
    """
    # These two only say that a handshake went on; they are the context of whatever ended it.
    waits = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
    causes = [cause for cause in _chain(error) if not isinstance(cause, waits)]
    names = " ".join(type(cause).__name__ for cause in causes)
    if "Timeout" in names:
        return Outcome.TIMED_OUT
    for kind, outcome in _FAILURES.items():
        if any(isinstance(cause, kind) for cause in causes):
            return outcome
    return Outcome.UNREADABLE if "DecodingError" in names else Outcome.CONNECTION_LOST


def read_retry_after(headers: Mapping[str, str]) -> int | None:
    """Read how long to wait in seconds: a number, or a date measured against the answer's own."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        return int(float(text) + 0.999)
    until, now = _read_date(text), _read_date(headers.get("date", ""))
    if until is None or now is None:
        return None
    return max(0, int((until - now).total_seconds()))


def read_server_time(headers: Mapping[str, str]) -> int | None:
    """Read the `Date` header as unix seconds; None where there is none that can be read."""
    moment = _read_date(headers.get("date", ""))
    return None if moment is None else int(moment.timestamp())


_FAILURES: Mapping[type[BaseException], Outcome] = {
    socket.gaierror: Outcome.DNS_FAILED,
    ssl.SSLError: Outcome.TLS_FAILED,
    ConnectionRefusedError: Outcome.CONNECTION_REFUSED,
}


def _judge_status(status: int, *, is_html: bool) -> Outcome | None:
    """Judge what means the same wherever it comes from; None: look closer."""
    if status == 429:
        return Outcome.RATE_LIMITED
    if (status >= 500 and status not in FOREIGN_STATUSES) or status == 408:
        return Outcome.UPSTREAM_FAILED
    # Redirects too: neither service has any, a portal sends people to its page with one.
    if is_html or status in FOREIGN_STATUSES or not (200 <= status < 300 or status >= 400):
        return Outcome.INTERCEPTED
    return None


def _judge_token_answer(
    status: int, *, document: Mapping[str, object] | None, code: str
) -> Outcome:
    if document is None:
        return Outcome.UNREADABLE  # a refusal that does not speak RFC 6749 is not the operator's
    if status < 300:
        has_token = isinstance(document.get("access_token"), str)
        return Outcome.OK if has_token else Outcome.UNREADABLE
    return TOKEN_ERRORS.get(code, Outcome.REQUEST_REFUSED)


def _judge_api_answer(status: int, *, is_whole: bool, names_a_thing: bool) -> Outcome:
    if status < 300:
        return Outcome.OK if is_whole else Outcome.UNREADABLE
    if status == 401:
        return Outcome.TOKEN_REJECTED
    if status == 404 and names_a_thing:
        return Outcome.NOT_FOUND
    return Outcome.USER_NOT_ALLOWED if status == 403 else Outcome.REQUEST_REFUSED


def _judge_forbidden(text: str, *, is_json: bool, has_user: bool) -> Outcome:
    is_owner = OF_THE_OWNER.search(text) is not None
    if not has_user:
        return Outcome.PREMIUM_LAPSED if is_owner or not is_json else Outcome.REQUEST_REFUSED
    if is_json and OF_THE_CONSENT.search(text) is not None:
        return Outcome.SCOPE_MISSING
    if is_owner or (not is_json and OF_THE_USER.search(text) is None):
        return Outcome.PREMIUM_LAPSED
    return Outcome.USER_NOT_ALLOWED


def _parse(body: bytes) -> Mapping[str, object] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _read_error(document: Mapping[str, object] | None, body: bytes) -> tuple[str, str]:
    """Read code and text: the accounts service and the API have a shape each, or it is no JSON."""
    if document is None:
        return "", body[:400].decode(errors="replace")
    error = document.get("error")
    if isinstance(error, dict):
        code, text = error.get("reason"), error.get("message")
    else:
        code, text = error, document.get("error_description")
    is_code = isinstance(code, str) and ERROR_CODE.fullmatch(code) is not None
    return str(code) if is_code else "", text if isinstance(text, str) else ""


def _show(status: int, *, code: str, text: str, secrets: Sequence[str]) -> str:
    for secret in filter(None, secrets):
        text = text.replace(secret, MASK)
    text = " ".join(TOKEN_LIKE.sub(MASK, text).split())
    text = "".join(character for character in text if character.isprintable())
    shown = text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1] + "\u2026"
    facts = f"{status} {code}".strip()
    return f"{facts}: {shown}" if shown else facts


def _starts_as_html(body: bytes) -> bool:
    return body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _read_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Walk over an exception, its causes and the members of groups."""
    waiting, seen = [error], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        waiting += [cause for cause in (each.__cause__, each.__context__) if cause is not None]
