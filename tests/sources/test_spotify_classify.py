"""What an answer of Spotify means, or the lack of one."""

import asyncio
import base64
import contextlib
import json
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from harmonyhub.domain.upstreams import Outcome
from harmonyhub.drills.fake_spotify import wording
from harmonyhub.sources.spotify.classify import (
    Classified,
    classify_answer,
    classify_failure,
    read_server_time,
)

SECRET = "5e17f00d5e17f00d5e17f00d5e17f00d"


def classify_token(
    status: int, body: object, *, headers: dict[str, str] | None = None
) -> Classified:
    """Classify an answer of the accounts service."""
    return classify_answer(
        status, headers=headers or {}, body=as_bytes(body), is_token_call=True, secrets=[SECRET]
    )


def classify_api(
    status: int, body: object, *, headers: dict[str, str] | None = None, has_user: bool = True
) -> Classified:
    """Classify an answer of the Web API."""
    return classify_answer(
        status,
        headers=headers or {},
        body=as_bytes(body),
        is_token_call=False,
        has_user=has_user,
        secrets=[SECRET],
    )


def as_bytes(body: object) -> bytes:
    """Write a body: text as it is, everything else as JSON."""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def api_error(status: int, message: str, **more: str) -> dict[str, object]:
    """Make an error in the form of the contract."""
    return {"error": {"status": status, "message": message, **more}}


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"access_token": "x", "token_type": "Bearer"}, Outcome.OK),
        (200, {"token_type": "Bearer"}, Outcome.UNREADABLE),
        (200, "OK", Outcome.UNREADABLE),
        (200, "[1]", Outcome.UNREADABLE),
        (400, {"error": "invalid_client"}, Outcome.CLIENT_REJECTED),
        (401, {"error": "invalid_client"}, Outcome.CLIENT_REJECTED),
        (400, {"error": "unauthorized_client"}, Outcome.CLIENT_REJECTED),
        (400, {"error": "invalid_grant"}, Outcome.GRANT_REJECTED),
        (400, {"error": "unsupported_grant_type"}, Outcome.REQUEST_REFUSED),
        (404, {"detail": "Not Found"}, Outcome.REQUEST_REFUSED),
        (400, {"error": "temporarily_unavailable"}, Outcome.UPSTREAM_FAILED),
        (400, "Bad Request", Outcome.UNREADABLE),
        (408, "", Outcome.UPSTREAM_FAILED),
        (500, {"error": "invalid_client"}, Outcome.UPSTREAM_FAILED),
        (503, "no healthy upstream", Outcome.UPSTREAM_FAILED),
        (302, "", Outcome.INTERCEPTED),
        (407, "Proxy Authentication Required", Outcome.INTERCEPTED),
        (511, "<html>Log in</html>", Outcome.INTERCEPTED),
        (403, "<html>Blocked by your company</html>", Outcome.INTERCEPTED),
        (429, {"error": "too_many_requests"}, Outcome.RATE_LIMITED),
    ],
)
def test_an_answer_of_the_token_endpoint(status: int, body: object, outcome: Outcome) -> None:
    """The `error` code decides; what does not speak RFC 6749 is not the operator's fault."""
    assert outcome is classify_token(status, body).outcome


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"items": []}, Outcome.OK),
        (200, "welcome", Outcome.UNREADABLE),
        (401, api_error(401, "The access token expired"), Outcome.TOKEN_REJECTED),
        (403, api_error(403, "Insufficient client scope"), Outcome.SCOPE_MISSING),
        (404, api_error(404, "Resource not found"), Outcome.REQUEST_REFUSED),
        (429, api_error(429, "API rate limit exceeded"), Outcome.RATE_LIMITED),
        (429, "Too many requests", Outcome.RATE_LIMITED),
        (429, api_error(429, "x", reason="QUOTA_EXCEEDED"), Outcome.QUOTA_EXCEEDED),
        (429, api_error(429, "You exceeded your daily quota."), Outcome.QUOTA_EXCEEDED),
        (502, "<html>Bad gateway</html>", Outcome.UPSTREAM_FAILED),
    ],
)
def test_an_answer_of_the_api(status: int, body: object, outcome: Outcome) -> None:
    """Statuses decide; of the texts only those that Spotify gives nothing beside."""
    assert outcome is classify_api(status, body).outcome


@pytest.mark.parametrize("text", wording.PREMIUM_LAPSED)
@pytest.mark.parametrize("has_user", [True, False])
def test_a_lapsed_subscription_is_the_operators(text: str, *, has_user: bool) -> None:
    """A plain-text 403 is told from JSON refusals, with a user's token and without."""
    assert Outcome.PREMIUM_LAPSED is classify_api(403, text, has_user=has_user).outcome


@pytest.mark.parametrize("text", wording.NOT_ALLOWED)
def test_a_user_off_the_list_is_that_users(text: str) -> None:
    """Spotify says so in JSON and in plain text."""
    assert Outcome.USER_NOT_ALLOWED is classify_api(403, text).outcome
    assert Outcome.USER_NOT_ALLOWED is classify_api(403, api_error(403, text)).outcome


@pytest.mark.parametrize("page", wording.PORTAL)
def test_a_portal_answers_in_spotifys_place(page: str) -> None:
    """HTML is nothing that either service speaks, whatever the status is."""
    assert Outcome.INTERCEPTED is classify_token(200, page).outcome
    assert Outcome.INTERCEPTED is classify_api(200, page).outcome
    by_type = {"content-type": "text/html; charset=utf-8"}
    assert Outcome.INTERCEPTED is classify_api(200, "Welcome!", headers=by_type).outcome


@pytest.mark.parametrize("seed", range(40))
def test_no_wording_of_the_fake_changes_an_outcome(seed: int) -> None:
    """The texts are drawn, the keys stay."""
    words = wording.draw_wording(random.Random(seed))  # noqa: S311
    outcomes = [
        classify_token(400, {"error": "invalid_client", "error_description": text}).outcome
        for text in (words.unknown_client, words.wrong_secret)
    ]
    outcomes.append(
        classify_token(
            400, {"error": "invalid_grant", "error_description": words.refused_grant}
        ).outcome
    )
    outcomes.append(classify_api(503, words.unavailable).outcome)
    outcomes.append(classify_api(429, api_error(429, words.rate_limit)).outcome)

    assert [
        Outcome.CLIENT_REJECTED,
        Outcome.CLIENT_REJECTED,
        Outcome.GRANT_REJECTED,
        Outcome.UPSTREAM_FAILED,
        Outcome.RATE_LIMITED,
    ] == outcomes


def test_a_recorded_rate_limit(shared: Path) -> None:
    """The answer that a real client recorded."""
    body = (shared / "data/spotify/examples/rate_limit.json").read_bytes()

    found = classify_api(429, body.decode(), headers={"retry-after": "7"})
    assert (Outcome.RATE_LIMITED, "429: API rate limit exceeded", 7) == found


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "48925"}, 48_925),
        ({"retry-after": " 5 "}, 5),
        ({"retry-after": "1.2"}, 2),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
        (
            {
                "retry-after": "Wed, 14 Aug 2024 12:00:30 GMT",
                "date": "Wed, 14 Aug 2024 12:00:00 GMT",
            },
            30,
        ),
        ({"retry-after": "Wed, 14 Aug 2024 12:00:30 GMT"}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], wait_s: int | None) -> None:
    """Seconds, or a date against the answer's own: our clock may be wrong."""
    assert wait_s == classify_api(429, api_error(429, "x"), headers=headers).retry_after_s


def test_hours_of_waiting_are_the_quota() -> None:
    """The rate limit rolls over 30 s: nobody who waits for it is told hours."""
    found = classify_api(429, api_error(429, "x"), headers={"retry-after": "30000"})

    assert Outcome.QUOTA_EXCEEDED is found.outcome


def test_the_time_of_the_server() -> None:
    """Unix seconds of the Date header; None for one that cannot be read."""
    assert 1_723_636_800 == read_server_time({"date": "Wed, 14 Aug 2024 12:00:00 GMT"})
    assert None is read_server_time({"date": "yesterday"})
    assert None is read_server_time({})


def test_evidence_is_short_and_says_what_came() -> None:
    """Status, error code and at most 60 characters of text on one line."""
    found = classify_token(
        400, {"error": "invalid_client", "error_description": "Invalid client secret"}
    )
    long = classify_api(503, "upstream \n connect \x07 error, " * 20)

    assert "400 invalid_client: Invalid client secret" == found.evidence
    assert len("503: ") + 60 == len(long.evidence)
    assert long.evidence.isprintable()


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        base64.b64encode(f"id:{SECRET}".encode()).decode(),
        quote(f"{SECRET}/="),
        SECRET.encode().hex(),
    ],
)
def test_evidence_repeats_no_secret(form: str) -> None:
    """Should an answer echo what was sent, in whatever form, it is masked before it is cut."""
    for text in (form, "x" * 50 + " " + form, f"'{form}'"):
        body = {"error": "invalid_client", "error_description": text}
        assert SECRET[:12] not in classify_token(400, body).evidence
        assert form[:12] not in classify_token(400, body).evidence
        assert form[:12] not in classify_token(400, {"error": form}).evidence
        assert form[:12] not in classify_api(403, text).evidence


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(handle: Handler) -> AsyncIterator[int]:
    """Serve raw TCP on loopback, and wait for the last word; gives the port."""
    served: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError):
            await handle(reader, writer)
            writer.close()
            await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            await asyncio.wait(served)


async def fail(url: str, *, timeout_s: float = 10) -> Outcome:
    """Ask for an address that gives no answer, and classify why."""
    async with httpx2.AsyncClient(timeout=timeout_s, trust_env=False) as client:
        with pytest.raises(httpx2.HTTPError) as caught:
            await client.get(url)
    return classify_failure(caught.value)


async def hang_up(*_: object) -> None:
    """Close without a word."""


async def keep_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Read until the other side has enough."""
    await reader.read()


async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a handshake with HTTP."""
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def send_bad_gzip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with a body that is not what its header says."""
    await reader.read(100)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")


async def test_a_refused_connection() -> None:
    """Nothing listens there."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    assert Outcome.CONNECTION_REFUSED is await fail(f"http://127.0.0.1:{port}")
    assert Outcome.CONNECTION_REFUSED is await fail(f"http://localhost:{port}")


async def test_a_name_that_does_not_resolve() -> None:
    """`.invalid` is never in any DNS (RFC 2606)."""
    error = httpx2.ConnectError("")
    try:
        socket.getaddrinfo("spotify.invalid", 443)
    except socket.gaierror as cause:
        error.__cause__ = cause

    assert Outcome.DNS_FAILED is classify_failure(error)


@pytest.mark.parametrize(
    ("scheme", "handle", "outcome"),
    [
        ("http", hang_up, Outcome.CONNECTION_LOST),
        ("http", keep_silent, Outcome.TIMED_OUT),
        ("https", keep_silent, Outcome.TIMED_OUT),
        ("https", speak_plainly, Outcome.TLS_FAILED),
        ("http", send_bad_gzip, Outcome.UNREADABLE),
    ],
)
async def test_a_server_that_gives_no_answer(
    scheme: str, handle: Handler, outcome: Outcome
) -> None:
    """One exception class of the HTTP library, told apart by its causes."""
    timeout_s = 0.3 if outcome is Outcome.TIMED_OUT else 10
    async with serving(handle) as port:
        assert outcome is await fail(f"{scheme}://127.0.0.1:{port}", timeout_s=timeout_s)
