"""The embedded server: one keeper per data folder, no orphan, clear refusals."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from harmonyhub.domain.errors import ConfigurationError, ConflictError, StoreUnavailableError
from harmonyhub.domain.ids import UserId
from harmonyhub.storage import mongod
from harmonyhub.storage.embedded import EmbeddedServer, borrow_or_start, find_mongod
from harmonyhub.storage.store import Store

KEEP_RUNNING = """
import asyncio, sys
from pathlib import Path
from harmonyhub.storage.embedded import EmbeddedServer

async def main():
    server = await EmbeddedServer.start(Path(sys.argv[1]), owner="to be killed")
    print(server.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.02)


async def ping(uri: str) -> None:
    """See that a server answers."""
    async with await Store.connect(uri, database="x"):
        pass


@pytest.fixture
async def cleanup() -> AsyncIterator[AsyncExitStack]:
    """Undo in the end what a test left behind."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.mark.slow
async def test_second_start_is_refused_with_the_reason(tmp_path: Path) -> None:
    """A data folder has one keeper; the refusal names it, and after its end the folder is free."""
    async with await EmbeddedServer.start(tmp_path, owner="harmonyhub up") as server:
        with pytest.raises(ConflictError) as caught:
            await EmbeddedServer.start(tmp_path, owner="second")
        await ping(server.uri)
    assert f'"harmonyhub up" (process {os.getpid()}, since ' in caught.value.message
    assert "HARMONYHUB_DATA_DIR" in caught.value.hint
    assert not psutil.pid_exists(server.pid)


@pytest.mark.slow
async def test_server_listens_on_its_socket_alone(tmp_path: Path) -> None:
    """No TCP port is open, and nobody else may open the socket."""
    async with await EmbeddedServer.start(tmp_path, owner="test") as server:
        assert [] == psutil.Process(server.pid).net_connections(kind="inet")
        assert 0o700 == (tmp_path / "mongodb.sock").stat().st_mode & 0o777
    assert not (tmp_path / "mongodb.sock").exists()


@pytest.mark.slow
async def test_data_outlive_restart_and_move(tmp_path: Path) -> None:
    """What was written is there after a restart, also when the folder was moved meanwhile."""
    (tmp_path / "one").mkdir()
    async with (
        borrow_or_start(tmp_path / "one", owner="test") as uri,
        await Store.connect(uri, database="hub") as store,
    ):
        await store.users.ensure(UserId("ada"), now=1)
    (tmp_path / "one").rename(tmp_path / "two")
    async with (
        borrow_or_start(tmp_path / "two", owner="test") as uri,
        await Store.connect(uri, database="hub") as store,
    ):
        assert [UserId("ada")] == await store.users.list_all()
        await store.users.ensure(UserId("bob"), now=2)


@pytest.mark.slow
async def test_deep_folder_gets_a_short_private_socket(tmp_path: Path) -> None:
    """A path too long for a socket, with a comma in it, works all the same."""
    deep = tmp_path / ("deep, " * 20) / "data"
    async with await EmbeddedServer.start(deep, owner="test") as server:
        await ping(server.uri)
        assert not (deep / "mongodb.sock").exists()
        async with borrow_or_start(deep, owner="other") as uri:
            assert server.uri == uri


@pytest.mark.slow
async def test_server_ends_with_a_killed_owner(tmp_path: Path) -> None:
    """After kill -9 of the owner no server stays, and the next start goes on with its data."""
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KEEP_RUNNING, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    pid = int(await owner.stdout.readline())
    owner.kill()
    await owner.wait()
    await until(lambda: mongod._lives(pid) is False)
    async with borrow_or_start(tmp_path, owner="next") as uri:
        await ping(uri)


@pytest.mark.slow
async def test_orphan_is_stopped_and_the_start_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cleanup: AsyncExitStack
) -> None:
    """A server that survived its owner is found by its data folder, stopped, and said so."""
    monkeypatch.setattr(mongod, "die_with_parent", lambda: None)
    orphan = mongod.start_process(
        find_mongod(), data_dir=tmp_path, socket=tmp_path / "mongodb.sock"
    )
    cleanup.callback(orphan.wait)
    cleanup.callback(orphan.kill)
    await until((tmp_path / "mongodb.sock").exists)
    said: list[str] = []
    async with await EmbeddedServer.start(tmp_path, owner="next", say=said.append) as server:
        await ping(server.uri)
        assert 0 == orphan.wait(5)
    assert str(orphan.pid) in said[0]
    assert "starting MongoDB" == said[1]


def test_other_processes_are_left_alone(tmp_path: Path) -> None:
    """Neither a mongod elsewhere nor a command that names the folder is taken for an orphan."""
    files = str(tmp_path / "mongodb")
    with subprocess.Popen([sys.executable, "-c", "input()", files], stdin=subprocess.PIPE):
        assert mongod.orphan_of(tmp_path) is None


@pytest.mark.slow
async def test_one_shot_borrows_the_running_server(tmp_path: Path) -> None:
    """A command uses the server that runs, and leaves it running."""
    async with await EmbeddedServer.start(tmp_path, owner="harmonyhub up") as server:
        async with borrow_or_start(tmp_path, owner="import") as uri:
            assert server.uri == uri
        await ping(server.uri)


@pytest.mark.slow
async def test_starter_waits_for_borrowers(tmp_path: Path) -> None:
    """A command that started the server stops it only after the last borrower is done."""
    said: list[str] = []
    is_started, may_end = asyncio.Event(), asyncio.Event()

    async def start() -> None:
        async with borrow_or_start(tmp_path, owner="first", say=said.append):
            is_started.set()
            await may_end.wait()

    async with asyncio.TaskGroup() as tasks:
        starter = tasks.create_task(start())
        await is_started.wait()
        async with borrow_or_start(tmp_path, owner="second") as uri:
            may_end.set()
            await until(lambda: len(said) == 2)
            await ping(uri)
            assert not starter.done()
    assert ["starting MongoDB", "waiting for another command that uses MongoDB"] == said
    assert not (tmp_path / "mongodb.sock").exists()


@pytest.mark.slow
async def test_commands_at_once_share_one_server(tmp_path: Path) -> None:
    """Of commands that start at the same moment one starts the server and all use it."""
    said: list[str] = []
    all_in = asyncio.Barrier(3)

    async def use() -> str:
        async with borrow_or_start(tmp_path, owner="command", say=said.append) as uri:
            await ping(uri)
            await all_in.wait()
            return uri

    assert 1 == len(set(await asyncio.gather(use(), use(), use())))
    assert 1 == said.count("starting MongoDB")


@pytest.mark.slow
async def test_cancelled_start_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C during the start stops the server and frees the folder."""
    is_starting = asyncio.Event()
    start = asyncio.create_task(
        EmbeddedServer.start(tmp_path, owner="test", say=lambda _: is_starting.set())
    )
    await is_starting.wait()
    await asyncio.sleep(0)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert mongod.orphan_of(tmp_path) is None
    async with borrow_or_start(tmp_path, owner="next") as uri:
        await ping(uri)


@pytest.mark.slow
async def test_store_says_so_when_the_server_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is killed under a store becomes StoreUnavailableError."""
    monkeypatch.setattr("harmonyhub.storage.store.SELECTION_MS", 300)
    server = await EmbeddedServer.start(tmp_path, owner="test")
    try:
        async with await Store.connect(server.uri, database="hub") as store:
            os.kill(server.pid, signal.SIGKILL)
            with pytest.raises(StoreUnavailableError):
                await store.users.list_all()
    finally:
        await server.stop()


@pytest.mark.parametrize(
    ("script", "says", "hints"),
    [
        (
            "echo 'error while loading shared libraries: libcurl.so.4: no such file' >&2; exit 127",
            "libcurl.so.4",
            "apt-get install -y libcurl4 libssl3",
        ),
        ("exit 62", "newer MongoDB", "HARMONYHUB_MONGODB_URI"),
        ("echo 'write: No space left on device' >&2; exit 14", "full", "HARMONYHUB_DATA_DIR"),
    ],
)
async def test_death_at_start_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, says: str, hints: str
) -> None:
    """Why a server cannot run here is said with what to do; the folder stays free."""
    binary = tmp_path / "bin" / "mongod"
    binary.parent.mkdir()
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", f"{binary.parent}:{os.environ['PATH']}")
    for _ in range(2):
        with pytest.raises(ConfigurationError) as caught:
            await EmbeddedServer.start(tmp_path / "data", owner="test")
        assert says in caught.value.message
        assert hints in caught.value.hint


async def test_platform_without_a_server_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any mongod the message names the variable for one elsewhere."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mongod.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError) as caught:
        await EmbeddedServer.start(tmp_path / "data", owner="test")
    assert "HARMONYHUB_MONGODB_URI" in caught.value.hint


async def test_unwritable_folder_is_named(tmp_path: Path) -> None:
    """A data folder that cannot be made is a configuration error that names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="file/data"):
        await EmbeddedServer.start(tmp_path / "file" / "data", owner="test")
