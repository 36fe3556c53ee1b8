"""Who uses a data folder: one keeper, who runs its server, and any number of borrowers."""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from harmonyhub.domain.errors import ConflictError
from harmonyhub.storage.mongod import unwritable


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who keeps a data folder; `uri` is empty until its server answers."""

    pid: int
    owner: str
    uri: str


class FileLock:
    """An advisory lock on a file; the kernel lets go of it when the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def take(self, *, is_shared: bool = False) -> bool:
        """Try to take the lock; False if somebody else has it."""
        try:
            file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        except OSError as error:
            raise unwritable(self.path.parent, error) from error
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Let go; the file stays, since removing it would let two processes in."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, facts: Mapping[str, object]) -> None:
        """Write who holds the lock, for those who are refused."""
        if self._file is not None:
            # One write and a shorter file never show half of the facts as valid ones.
            self._file.seek(0)
            self._file.write(json.dumps(facts).encode())
            self._file.truncate()
            self._file.flush()

    def read(self) -> Keeper | None:
        """Read who holds the lock; None while that is being written."""
        with suppress(OSError, ValueError, TypeError):
            return Keeper(**json.loads(self.path.read_bytes()))
        return None


class FolderLock:
    """The locks of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._keeper = FileLock(data_dir / "harmonyhub.lock")
        self._borrowers = FileLock(data_dir / "harmonyhub.borrowers")
        self._facts: dict[str, object] = {}

    def keep(self, owner: str) -> bool:
        """Become the keeper; False if there is one."""
        if not self._keeper.take():
            return False
        self._facts = {"pid": os.getpid(), "owner": owner, "uri": ""}
        self._keeper.write(self._facts)
        return True

    def announce(self, uri: str) -> None:
        """Tell borrowers where the server answers; an empty address tells that it does not."""
        self._facts["uri"] = uri
        self._keeper.write(self._facts)

    def leave(self) -> None:
        """Stop being the keeper."""
        self._borrowers.release()
        self._keeper.release()

    def is_unused(self) -> bool:
        """Tell whether nobody borrows; nobody can from then on until `leave`."""
        return self._borrowers.take()

    def borrow(self) -> Keeper | None:
        """Borrow from the keeper; None if there is none, or none that is ready."""
        if not self._borrowers.take(is_shared=True):
            return None
        keeper = self._keeper.read()
        if keeper is not None and keeper.uri and not self._can_keep():
            return keeper
        self._borrowers.release()
        return None

    def give_back(self) -> None:
        """Stop borrowing."""
        self._borrowers.release()

    def refusal(self) -> ConflictError:
        """Say who has the data folder."""
        who = "another process"
        keeper = self._keeper.read()
        if keeper is not None:
            since = datetime.fromtimestamp(self._keeper.path.stat().st_mtime, tz=UTC)
            who = f'"{keeper.owner}" (process {keeper.pid}, since {since:%Y-%m-%d %H:%M:%S} UTC)'
        return ConflictError(
            f"The data folder {self.data_dir} is in use by {who}.",
            hint="Stop it first, or set HARMONYHUB_DATA_DIR and HARMONYHUB_PORT to others.",
        )

    def _can_keep(self) -> bool:
        probe = FileLock(self._keeper.path)
        is_free = probe.take()
        probe.release()
        return is_free
