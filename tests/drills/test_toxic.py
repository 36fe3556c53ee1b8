"""The toxic proxy: each harm is felt as it would be in a network, and ends."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx2
import pytest

from harmonyhub.domain.errors import StoreUnavailableError
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.drills.toxic import Toxic, ToxicProxy, Toxics
from harmonyhub.storage.store import Store


@pytest.fixture
async def proxy(fake: FakeSpotify) -> AsyncIterator[ToxicProxy]:
    """Give a proxy in front of the fake Spotify."""
    async with ToxicProxy.open(httpx2.URL(fake.url).port or 0) as proxy:
        yield proxy


async def ask(port: int, *, timeout_s: float = 5.0) -> int:
    """Ask through the proxy on a new connection: the status."""
    async with httpx2.AsyncClient(timeout=timeout_s, trust_env=False) as client:
        return (await client.get(f"http://127.0.0.1:{port}/v1/me")).status_code


@pytest.mark.parametrize(
    ("toxic", "felt"),
    [
        (Toxic.CUT, httpx2.ConnectError),
        (Toxic.RESET, (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)),
        (Toxic.BLACKHOLE, httpx2.ReadTimeout),
        (Toxic.HALF_OPEN, httpx2.ReadTimeout),
    ],
)
async def test_a_harm_is_felt_and_ends(
    proxy: ToxicProxy, toxic: Toxic, felt: type[Exception]
) -> None:
    """A harmed connection fails in its own way; after the harm all is well, on the same port."""
    port = proxy.port
    assert 401 == await ask(port)
    await proxy.set(toxic)
    with pytest.raises(felt):
        await ask(port, timeout_s=0.3)
    await proxy.set(Toxic.NONE)
    assert 401 == await ask(port)


async def test_latency_slows(proxy: ToxicProxy) -> None:
    """Each way waits for the latency."""
    await proxy.set(Toxic.LATENCY, latency_s=0.15)
    began = asyncio.get_running_loop().time()
    assert 401 == await ask(proxy.port)
    assert asyncio.get_running_loop().time() - began >= 0.3


async def test_a_cut_breaks_what_is_open(proxy: ToxicProxy) -> None:
    """A connection that was open before the cut is broken by it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"GET /v1/me HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 401")
    await proxy.set(Toxic.CUT)
    with pytest.raises(ConnectionError):
        await reader.readuntil(b"never comes")
    writer.close()


async def test_half_open_lets_the_question_through(fake: FakeSpotify, proxy: ToxicProxy) -> None:
    """Behind a half-open connection the upstream has done what was asked, and nobody knows."""
    await proxy.set(Toxic.HALF_OPEN)
    with pytest.raises(httpx2.ReadTimeout):
        await ask(proxy.port, timeout_s=0.3)
    assert {("me", "invalid-token"): 1} == await fake.control.counts()


@pytest.mark.slow
async def test_it_runs_as_a_process(fake: FakeSpotify) -> None:
    """A proxy in a process of its own obeys its control."""
    async with Toxics.start(httpx2.URL(fake.url).port or 0) as toxics:
        assert 401 == await ask(toxics.port)
        await toxics.set(Toxic.CUT)
        with pytest.raises(httpx2.ConnectError):
            await ask(toxics.port)
        await toxics.set(Toxic.NONE)
        assert 401 == await ask(toxics.port)


@pytest.mark.slow
async def test_it_stands_in_front_of_mongodb(mongodb_uri: str) -> None:
    """Through the proxy MongoDB answers, is out of reach while it is cut, and comes back."""
    socket = Path(unquote(urlsplit(mongodb_uri).netloc))
    async with ToxicProxy.open(socket) as proxy:
        uri = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"
        name = f"test_{uuid.uuid4().hex}"
        async with await Store.connect(uri, database=name, selection_ms=300) as store:
            assert 0 == (await store.counts()).users
            await proxy.set(Toxic.CUT)
            with pytest.raises(StoreUnavailableError):
                await store.counts()
            await proxy.set(Toxic.NONE)
            assert 0 == (await store.counts()).users
