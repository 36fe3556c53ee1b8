"""The proxy: real HAProxy before real HTTP servers."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from harmonyhub.domain.errors import ConfigurationError, ConflictError
from harmonyhub.release.proxy import Proxy, find_haproxy
from tests.journeys.conftest import free_port

pytestmark = pytest.mark.skipif(
    shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin") is None,
    reason="haproxy is not installed",
)
ANSWER_S = 0.05  # long enough that many requests are open at a switch


@asynccontextmanager
async def named_server(name: str) -> AsyncIterator[int]:
    """Answer every request with a name, slowly, but /livez."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/livez" not in head:
            await asyncio.sleep(ANSWER_S)
        body = name.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[tuple[Proxy, str]]:
    """A running proxy without a release, and its address."""
    port = free_port()
    proxy = Proxy(host="127.0.0.1", port=port, folder=tmp_path / "proxy")
    await proxy.start()
    yield proxy, f"http://127.0.0.1:{port}"
    await proxy.stop()


@pytest.mark.slow
async def test_no_request_fails_at_a_switch(proxy: tuple[Proxy, str]) -> None:
    """Of 400 requests around three switches, up to 200 open at once, every one is answered."""
    gate, url = proxy
    async with named_server("one") as one, named_server("two") as two:
        await gate.serve(1, port=one)
        limits = httpx2.Limits(max_connections=200)
        async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=20) as client:

            async def ask(number: int) -> tuple[int, str]:
                await asyncio.sleep(number * 0.002)
                answer = await client.get("/")
                return answer.status_code, answer.text

            asking = [asyncio.create_task(ask(number)) for number in range(400)]
            for release, port in ((2, two), (1, one), (2, two)):
                await asyncio.wait(asking, timeout=0.2)
                await gate.serve(release, port=port)
            answers = await asyncio.gather(*asking)
            after = await client.get("/")
        assert {200} == {status for status, _ in answers}
        assert {"one", "two"} == {text for _, text in answers}
        assert "two" == after.text
        total, by_release = await gate.traffic()
    assert 401 == by_release[1].n_requests + by_release[2].n_requests
    assert (401, 0, 0) == (total.n_requests, total.n_5xx, total.n_errors)


@pytest.mark.slow
async def test_release_that_is_gone_is_told_by_errors(proxy: tuple[Proxy, str]) -> None:
    """Where the serving release does not listen any more, the total counts the errors."""
    gate, url = proxy
    await gate.serve(1, port=free_port())
    async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
        answer = await client.get("/")
    assert 503 == answer.status_code
    total, _ = await gate.traffic()
    assert 0 < total.n_5xx


@pytest.mark.slow
async def test_request_that_met_a_dead_release_is_answered_by_the_next(
    proxy: tuple[Proxy, str],
) -> None:
    """Who found nobody while a release died is served once another one has the traffic."""
    gate, url = proxy
    await gate.serve(1, port=free_port())
    async with named_server("next") as port, httpx2.AsyncClient(base_url=url, timeout=20) as client:
        asking = asyncio.create_task(client.get("/"))
        while (await gate.traffic())[0].n_open == 0:
            assert not asking.done()
        await gate.serve(2, port=port)
        await gate.forget(1, is_cut=False)
        assert "next" == (await asking).text


async def test_slots_are_used_again(proxy: tuple[Proxy, str]) -> None:
    """More releases than slots pass, as long as those before are forgotten; else it says so."""
    gate, url = proxy
    async with named_server("late") as port:
        for release in range(1, 12):
            await gate.serve(release, port=port)
            await gate.forget(release - 3, is_cut=False)
        async with httpx2.AsyncClient(base_url=url) as client:
            assert "late" == (await client.get("/")).text
        await gate.serve(12, port=port)
        with pytest.raises(ConflictError, match="taken"):
            await gate.serve(13, port=port)


async def test_taken_port_is_named(tmp_path: Path) -> None:
    """HAProxy that cannot listen is a conflict that names the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        proxy = Proxy(host="127.0.0.1", port=port, folder=tmp_path)
        with pytest.raises(ConflictError, match=str(port)):
            await proxy.start()


async def test_ipv6_and_a_long_folder(tmp_path: Path) -> None:
    """An IPv6 address is listened on, and the folder may be as deep as it likes."""
    port = free_port()
    proxy = Proxy(host="::1", port=port, folder=tmp_path / ("deep" * 30))
    await proxy.start()
    try:
        async with named_server("six") as server, httpx2.AsyncClient() as client:
            await proxy.serve(1, port=server)
            assert "six" == (await client.get(f"http://[::1]:{port}/")).text
    finally:
        await proxy.stop()


def test_missing_haproxy_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without HAProxy the error says which package to install."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ConfigurationError) as caught:
        find_haproxy()
    assert "apt-get install haproxy" in caught.value.hint
