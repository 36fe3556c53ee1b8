"""The server: starts, refuses a taken port, stops in order."""

import asyncio
import gc
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx2
import pytest

from harmonyhub.domain.errors import ConflictError
from harmonyhub.domain.jobs import JobKind
from harmonyhub.web.app import build_app
from harmonyhub.web.server import is_loopback, refuse_taken_port, serve, spare_collections
from harmonyhub.wiring.house import House

Served = Callable[[House], AbstractAsyncContextManager[str]]


async def test_refuses_a_port_that_is_taken(house: House, served: Served) -> None:
    """A second service on the same port is refused, with the variable to set."""
    async with served(house) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(ConflictError) as refused:
            await serve(build_app(house), host="127.0.0.1", port=port)
    assert "HARMONYHUB_PORT" in refused.value.hint
    assert str(port) in refused.value.message


def test_refuses_an_address_of_another_machine(free_port: int) -> None:
    """An address that is none of this machine is refused like a taken port."""
    with pytest.raises(ConflictError):
        refuse_taken_port("192.0.2.1", free_port)


async def test_stops_in_order_while_a_stream_is_open(house: House, served: Served) -> None:
    """An open event stream ends by itself when the server stops; nobody waits for a timeout."""
    job = await house.store.jobs.add(kind=JobKind.TRAIN, user_id=None, arguments={}, now=0)
    async with httpx2.AsyncClient(timeout=10) as client:
        async with served(house) as url:
            stream = client.stream("GET", f"{url}/api/v1/jobs/{job.id}/events")
            answer = await stream.__aenter__()
            chunks = answer.aiter_bytes()
            await anext(chunks)
            started = time.monotonic()
        assert time.monotonic() - started < 3
        async for _ in chunks:
            pass
        await stream.__aexit__(None, None, None)


async def test_frees_its_port(house: House, served: Served) -> None:
    """After a stop the port can be bound again at once."""
    async with served(house) as url:
        port = int(url.rpartition(":")[2])
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


async def test_tells_when_it_is_ready(house: House, free_port: int) -> None:
    """`on_ready` is called when the port answers, not before."""
    port = free_port
    answers: list[int] = []
    told = asyncio.Event()
    task = asyncio.create_task(
        serve(build_app(house), host="127.0.0.1", port=port, on_ready=told.set)
    )
    await asyncio.wait_for(told.wait(), 10)
    async with httpx2.AsyncClient() as client:
        answers.append((await client.get(f"http://127.0.0.1:{port}/livez")).status_code)
    task.cancel()
    await asyncio.wait([task])
    assert answers == [200]


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("x", False)],
)
def test_knows_loopback(host: str, *, expected: bool) -> None:
    """Only addresses that this machine alone can reach count as loopback."""
    assert expected == is_loopback(host)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("modules", "left_out"),
    [
        ("harmonyhub.web.app, harmonyhub.web.server", {"pyarrow", "scipy.linalg", "scipy.signal"}),
        ("harmonyhub.jobs.background", {"pyarrow", "scipy", "av", "litestar"}),
    ],
)
def test_a_process_at_rest_leaves_out_what_it_may_never_need(
    modules: str, left_out: set[str]
) -> None:
    """Parquet, graph searches and decoders are a third of its memory and of the time to start."""
    program = f"import sys, {modules}; print(*sorted({left_out!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"" == done.stdout.strip()


def test_full_collections_leave_a_start_alone() -> None:
    """What was made before is no longer gone through; what is made after still is."""
    kept = [[number] for number in range(1_000)]
    try:
        spare_collections()
        assert not any(each is kept for each in gc.get_objects())
        made = [kept]
        assert any(each is made for each in gc.get_objects())
    finally:
        gc.unfreeze()
    assert any(each is kept for each in gc.get_objects())
