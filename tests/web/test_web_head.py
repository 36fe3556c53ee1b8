"""HEAD over real HTTP."""

import httpx2
import pytest


@pytest.mark.usefixtures("library")
async def test_head_answers_as_get_without_a_body(client: httpx2.AsyncClient) -> None:
    """Pages, API, health and static files give HEAD the head of what GET gets."""
    for path in ("/", "/api/v1/users", "/livez", "/static/style.css", "/nothing", "/favicon.ico"):
        got = await client.get(path)
        head = await client.head(path)
        assert (path, got.status_code, b"") == (path, head.status_code, head.content)
        for name in ("content-type", "content-length", "content-security-policy"):
            assert (path, got.headers[name]) == (path, head.headers[name])


@pytest.mark.usefixtures("library")
async def test_head_of_a_stream_ends_at_once(client: httpx2.AsyncClient) -> None:
    """A stream that GET would follow for long, such as the events of a job, is only announced."""
    job = (await client.post("/api/v1/training")).json()["id"]
    for path in (f"/api/v1/jobs/{job}/events", "/api/v1/users/local/listens/export"):
        head = await client.head(path, timeout=2)
        assert (path, 200, b"") == (path, head.status_code, head.content)


async def test_head_does_not_post(client: httpx2.AsyncClient) -> None:
    """An address that only takes POST refuses HEAD as it refuses GET."""
    assert 405 == (await client.head("/api/v1/training")).status_code
