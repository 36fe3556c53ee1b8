"""The embedded MongoDB: a real server in the data folder, for as long as somebody needs it."""

import asyncio
import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from harmonyhub.domain.errors import ConfigurationError, StoreUnavailableError, UnavailableError
from harmonyhub.storage.folder_lock import FolderLock
from harmonyhub.storage.mongod import (
    explain_death,
    find_mongod,
    orphan_of,
    rotate_log,
    start_process,
    stop_orphan,
    stop_process,
    unwritable,
)

__all__ = ["EmbeddedServer", "borrow_or_start", "find_mongod"]

Say = Callable[[str], None]

START_S = 60.0  # recovery after a crash replays the journal first
REFUSE_S = 0.5  # a borrower that looks whether there is a keeper has the lock for an instant
POLL_S = 0.05
SOCKET_PATH_BYTES = 107  # sockaddr_un
SOCKET_PATH = re.compile(r"[\w./-]+", re.ASCII)  # a comma or colon would end the address
DEATHS_MAX, DEATHS_WITHIN_S = 3, 60.0  # more is no accident: a full disk, or somebody's aim
NOT_INITIATED = 94  # error code of a server without a replica set


def no_word(_: str) -> None:
    """Say nothing."""


class EmbeddedServer:
    """A running server of a data folder, and the lock that says so."""

    def __init__(self, lock: FolderLock, process: subprocess.Popen[bytes], socket: Path) -> None:
        self._lock = lock
        self._process = process
        self._socket = socket
        self.uri = f"mongodb://{quote(str(socket), safe='')}/?directConnection=true"

    @property
    def socket(self) -> Path:
        """The unix socket that it listens on."""
        return self._socket

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    @classmethod
    async def start(cls, data_dir: Path, *, owner: str, say: Say = no_word) -> Self:
        """Start the server of a data folder.

        Parameters
        ----------
        owner : str
            What this process is called in messages to others ("harmonyhub up").
        say : callable
            Told what takes time.

        Raises
        ------
        ConflictError
            If another process keeps the data folder.
        ConfigurationError
            If the server cannot run here; the hint says what to install or to set.
        """
        lock = _lock_of(data_dir)
        deadline = asyncio.get_running_loop().time() + REFUSE_S
        while not lock.keep(owner):
            if asyncio.get_running_loop().time() > deadline:
                raise lock.refusal()
            await asyncio.sleep(POLL_S)
        return await cls._start_kept(lock, say=say)

    @classmethod
    async def _start_kept(cls, lock: FolderLock, *, say: Say) -> Self:
        data_dir = lock.data_dir
        try:
            orphan = orphan_of(data_dir)
            if orphan is not None:
                say(f"stopping a MongoDB server that a killed process left (process {orphan})")
                await asyncio.to_thread(stop_orphan, orphan)
            say("starting MongoDB")
            socket = _socket_of(data_dir)
            log_start = rotate_log(data_dir)
            # In this thread: the kernel ends the server with the thread that started it.
            process = start_process(find_mongod(), data_dir=data_dir, socket=socket)
            server = cls(lock, process, socket)
        except BaseException:
            lock.leave()
            raise
        try:
            await server._wait_until_primary(data_dir, log_start=log_start)
        except BaseException:
            await server.stop()
            raise
        lock.announce(server.uri)
        return server

    async def keep_alive(self, say: Say = no_word) -> None:
        """Start the server again whenever it ends by itself or is killed; runs until cancelled.

        Raises
        ------
        StoreUnavailableError
            If it ends again and again.
        """
        loop = asyncio.get_running_loop()
        data_dir = self._lock.data_dir
        deaths: list[float] = []
        log_start = 0
        while True:
            status = self._process.poll()
            if status is None:
                await asyncio.sleep(POLL_S)
                continue
            deaths = [at for at in deaths if loop.time() - at < DEATHS_WITHIN_S] + [loop.time()]
            if len(deaths) > DEATHS_MAX:
                raise explain_death(status, data_dir=data_dir, log_start=log_start)
            say(f"MongoDB ended (status {status}); starting it again")
            log_start = rotate_log(data_dir)
            self._process = start_process(find_mongod(), data_dir=data_dir, socket=self._socket)
            await self._wait_until_primary(data_dir, log_start=log_start)

    async def stop(self) -> None:
        """Stop the server and let go of the data folder."""
        self._lock.announce("")
        try:
            await asyncio.to_thread(stop_process, self._process)
        finally:
            self._socket.unlink(missing_ok=True)
            self._lock.leave()

    async def wait_for_borrowers(self, say: Say = no_word) -> None:
        """Wait until nobody else uses the server; nobody can borrow it after that."""
        has_said = False
        while not self._lock.is_unused():
            if not has_said:
                say("waiting for another command that uses MongoDB")
                has_said = True
            await asyncio.sleep(POLL_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _wait_until_primary(self, data_dir: Path, *, log_start: int) -> None:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            self.uri, serverSelectionTimeoutMS=100, connectTimeoutMS=5_000
        )
        deadline = asyncio.get_running_loop().time() + START_S
        try:
            while not await self._is_primary(client):
                status = self._process.poll()
                if status is not None:
                    raise explain_death(status, data_dir=data_dir, log_start=log_start)
                if asyncio.get_running_loop().time() > deadline:
                    raise StoreUnavailableError(
                        f"MongoDB did not get ready within {START_S:.0f} s.",
                        hint=f"Its log is {data_dir / 'mongodb.log'}.",
                    )
                await asyncio.sleep(POLL_S)
        except PyMongoError as error:
            raise StoreUnavailableError(
                f"MongoDB refused to start its replica set ({error}).",
                hint=f"Its log is {data_dir / 'mongodb.log'}.",
            ) from error
        finally:
            await client.close()

    async def _is_primary(self, client: AsyncMongoClient[dict[str, Any]]) -> bool:
        if not self._socket.exists():
            return False
        try:
            hello = await client.admin.command("hello")
            if not hello.get("isWritablePrimary"):
                await self._join_set(client)
        except ConnectionFailure:
            return False
        return bool(hello.get("isWritablePrimary"))

    async def _join_set(self, client: AsyncMongoClient[dict[str, Any]]) -> None:
        member = {"_id": 0, "host": str(self._socket)}
        try:
            answer = await client.admin.command("replSetGetConfig")
        except OperationFailure as error:
            if error.code == NOT_INITIATED:
                await client.admin.command(
                    "replSetInitiate", {"_id": "harmonyhub", "members": [member]}
                )
            return
        config = answer["config"]
        if config["members"][0]["host"] != member["host"]:
            # The data folder was moved: the set still knows its only member by the old path.
            config["members"] = [config["members"][0] | member]
            config["version"] += 1
            await client.admin.command("replSetReconfig", config, force=True)


@asynccontextmanager
async def borrow_or_start(data_dir: Path, *, owner: str, say: Say = no_word) -> AsyncIterator[str]:
    """Give the address of the data folder's server, started for this time if nobody runs it.

    A server that was started here is stopped at the end, once nobody else borrows it.
    """
    lock = _lock_of(data_dir)
    deadline = asyncio.get_running_loop().time() + START_S
    while not lock.keep(owner):
        keeper = lock.borrow()
        if keeper is not None:
            try:
                yield keeper.uri
            finally:
                lock.give_back()
            return
        if asyncio.get_running_loop().time() > deadline:
            raise UnavailableError(lock.refusal().message, hint="Try again in a minute.")
        await asyncio.sleep(POLL_S)
    server = await EmbeddedServer._start_kept(lock, say=say)  # noqa: SLF001
    try:
        yield server.uri
    finally:
        try:
            await server.wait_for_borrowers(say)
        finally:
            await server.stop()


@asynccontextmanager
async def borrow(data_dir: Path) -> AsyncIterator[str | None]:
    """Give the address of the data folder's server while it runs; None where nobody runs it."""
    lock = _lock_if_there(data_dir)
    keeper = None if lock is None else lock.borrow()
    try:
        yield None if keeper is None else keeper.uri
    finally:
        if lock is not None and keeper is not None:
            lock.give_back()


def _lock_if_there(data_dir: Path) -> FolderLock | None:
    return FolderLock(data_dir.resolve()) if data_dir.is_dir() else None


def _lock_of(data_dir: Path) -> FolderLock:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(data_dir, error) from error
    return FolderLock(data_dir.resolve())


def _socket_of(data_dir: Path) -> Path:
    """Choose where the socket lies: in the data folder, or in a short private one."""
    socket = data_dir / "mongodb.sock"
    if len(os.fsencode(socket)) <= SOCKET_PATH_BYTES and SOCKET_PATH.fullmatch(str(socket)):
        return socket
    name = hashlib.blake2b(os.fsencode(data_dir), digest_size=6).hexdigest()
    run_dir = Path(f"/run/user/{os.getuid()}")
    base = run_dir if run_dir.is_dir() else Path(tempfile.gettempdir())
    folder = base / f"harmonyhub-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if facts.st_uid != os.getuid() or facts.st_mode & 0o077 or folder.is_symlink():
        raise ConfigurationError(
            f"The folder {folder} for the socket of MongoDB is not private to this user.",
            hint=f"Remove it, or set HARMONYHUB_DATA_DIR to a path under {SOCKET_PATH_BYTES - 13} "
            "bytes.",
        )
    return folder / "mongodb.sock"
