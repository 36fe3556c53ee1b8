"""A file on disk as a list of members: itself, or what a ZIP holds, whole or damaged.

Names inside a ZIP are never used as paths. What a member unpacks to is counted while it is read,
whatever the headers say, so a bomb costs no more than its limit.
"""

import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from harmonyhub.domain.errors import DamagedInputError, RefusedInputError
from harmonyhub.sources.zip_salvage import salvage_members

MAX_MEMBERS: Final = 20_000
MAX_UNPACKED_BYTES: Final = 8 << 30  # all members of a file; the longest real histories have 1 GB
MAX_RATIO: Final = 250  # histories deflate to a tenth or less; deflate cannot pass 1,032
FREE_BYTES: Final = 64 << 20  # no ratio is looked at below this

#: What reading a damaged or hostile member may raise; `DamagedInputError` is our own word for it.
READ_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file to read: its `name` is for messages only, `open` gives its bytes."""

    name: str
    open: Callable[[], io.BufferedReader]


@dataclass(frozen=True, slots=True)
class Archive:
    """The members of a file, and in words what could not be listed."""

    members: tuple[Member, ...]
    damage: tuple[str, ...] = ()
    is_zip: bool = False


class _Meter(io.RawIOBase):
    """Counts what a member unpacks to and stops a bomb."""

    def __init__(self, source: IO[bytes], *, packed_bytes: int, budget: list[int]) -> None:
        self._source = source
        self._limit = max(FREE_BYTES, packed_bytes * MAX_RATIO)
        self._budget = budget
        self._n_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # the io protocol's buffer
        block = self._source.read(len(target))
        self._n_bytes += len(block)
        self._budget[0] -= len(block)
        if self._n_bytes > self._limit or self._budget[0] < 0:
            raise DamagedInputError(
                "it unpacks to far more than a listening history does",
                hint="Unpack it yourself and import the JSON files one by one.",
            )
        target[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._source.close()
        super().close()


def open_archive(path: Path) -> Archive:
    """List the members of a file; a ZIP that lost its directory is read by its local headers.

    Raises
    ------
    RefusedInputError
        If the ZIP is encrypted or has more members than any export.
    """
    with path.open("rb") as file:
        is_zip = file.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}
    if not is_zip:
        return Archive(members=(Member(name=path.name, open=lambda: path.open("rb")),))
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return _salvaged(path)
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_MEMBERS:
        raise RefusedInputError(
            f"The ZIP holds {len(entries)} files; no export has over {MAX_MEMBERS}.",
            hint="Import the ZIP as it was downloaded.",
        )
    readable = [entry for entry in entries if not entry.flag_bits & 1]
    if entries and not readable:
        raise RefusedInputError(
            "The ZIP is encrypted.", hint="Unpack it with its password and import the files."
        )
    return Archive(
        members=_listed(archive, readable),
        damage=_locked(len(entries) - len(readable)),
        is_zip=True,
    )


def _listed(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> tuple[Member, ...]:
    # One ZipFile for all members, closed when the last of them goes: opening it anew for each
    # would read the directory once per member.
    budget = [MAX_UNPACKED_BYTES]

    def opener(entry: zipfile.ZipInfo) -> Callable[[], io.BufferedReader]:
        return lambda: _metered(archive.open(entry), entry.compress_size, budget)

    return tuple(Member(name=entry.filename, open=opener(entry)) for entry in entries)


def _salvaged(path: Path) -> Archive:
    budget = [MAX_UNPACKED_BYTES]
    found = salvage_members(path, max_members=MAX_MEMBERS)

    packed_bytes = path.stat().st_size

    def opener(start: Callable[[], io.BufferedReader]) -> Callable[[], io.BufferedReader]:
        return lambda: _metered(start(), packed_bytes, budget)

    return Archive(
        members=tuple(Member(name=name, open=opener(start)) for name, start in found),
        damage=("the ZIP is cut off or damaged: its list of files is missing",),
        is_zip=True,
    )


def _metered(source: IO[bytes], packed_bytes: int, budget: list[int]) -> io.BufferedReader:
    meter = _Meter(source, packed_bytes=packed_bytes, budget=budget)
    return io.BufferedReader(meter, buffer_size=1 << 16)


def _locked(n_files: int) -> tuple[str, ...]:
    return (f"{n_files} files in the ZIP are encrypted",) if n_files else ()
