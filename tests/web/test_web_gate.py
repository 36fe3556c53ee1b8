"""The gate: host names, password, cross-site requests, headers."""

import base64
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx2
import pytest

from harmonyhub.web.gate import CONTENT_SECURITY_POLICY, is_cross_site, offered_password
from harmonyhub.wiring.house import House

PASSWORD = "correct horse battery"
Served = Callable[[House], AbstractAsyncContextManager[str]]


def basic(password: str, user: str = "anyone") -> str:
    """Write an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("path", ["/", "/livez", "/api/v1/users", "/nowhere", "/static/style.css"])
async def test_every_answer_carries_the_security_headers(
    client: httpx2.AsyncClient, path: str
) -> None:
    """Pages, API, health, errors and static files all carry the policy."""
    headers = (await client.get(path)).headers
    assert CONTENT_SECURITY_POLICY == headers["content-security-policy"]
    assert "nosniff" == headers["x-content-type-options"]
    assert "DENY" == headers["x-frame-options"]
    assert "cache-control" in headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "localhost.:1"])
async def test_refuses_a_foreign_host_name(client: httpx2.AsyncClient, host: str) -> None:
    """A name that only resolves to this machine is refused: DNS rebinding."""
    answer = await client.get("/api/v1/users", headers={"Host": host})
    assert 421 == answer.status_code
    assert "foreign-host" == answer.json()["code"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:9", "[::1]:8000"])
async def test_answers_to_the_names_of_this_machine(client: httpx2.AsyncClient, host: str) -> None:
    """All names of loopback are fine, with any port: a forwarded port is another one."""
    assert 200 == (await client.get("/livez", headers={"Host": host})).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_refuses_unsafe_requests_of_other_sites(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    """A page of another site cannot make this browser change anything."""
    answer = await client.post("/api/v1/training", headers=headers)
    assert 403 == answer.status_code
    assert "cross-site" == answer.json()["code"]


async def test_takes_unsafe_requests_of_own_pages_and_programs(client: httpx2.AsyncClient) -> None:
    """Own pages send same-origin, programs send nothing."""
    url = str(client.base_url).rstrip("/")
    for headers in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": url}):
        assert 202 == (await client.post("/api/v1/training", headers=headers)).status_code


async def test_password_guards_all_but_health(guarded_house: House, served: Served) -> None:
    """With a password set, only health and status answer without it; unknown paths do not."""
    async with served(guarded_house) as url, httpx2.AsyncClient(base_url=url) as client:
        for path in ("/", "/api/v1/users", "/nowhere", "/livez/", "/status/x"):
            answer = await client.get(path)
            assert (401, "unauthorized") == (answer.status_code, answer.json()["code"])
            assert answer.headers["www-authenticate"].startswith("Basic")
        for path in ("/livez", "/readyz", "/status", "/static/style.css"):
            assert 200 == (await client.get(path)).status_code
        for value in (basic(PASSWORD), basic(PASSWORD, user=""), f"Bearer {PASSWORD}"):
            answer = await client.get("/api/v1/users", headers={"Authorization": value})
            assert 200 == answer.status_code
        for value in (basic("wrong"), "Bearer wrong", "Basic ???", "Digest x", PASSWORD):
            answer = await client.get("/api/v1/users", headers={"Authorization": value})
            assert 401 == answer.status_code
            assert PASSWORD not in answer.text


async def test_password_allows_a_proxy_on_this_machine(
    guarded_house: House, served: Served
) -> None:
    """Behind a proxy the Host header is a public name; the password protects by itself."""
    headers = {"Host": "music.example", "Authorization": basic(PASSWORD)}
    async with served(guarded_house) as url, httpx2.AsyncClient(base_url=url) as client:
        assert 200 == (await client.get("/api/v1/users", headers=headers)).status_code


def test_reads_a_password_with_a_colon() -> None:
    """Only the first colon parts user and password."""
    assert b"a:b" == offered_password(basic("a:b"))


def test_an_own_origin_on_another_port_is_another_site() -> None:
    """Two services of one machine do not trust each other."""
    headers = {"origin": "http://127.0.0.1:3000", "host": "127.0.0.1:8000"}
    assert is_cross_site(headers)
