"""Members of a ZIP whose directory is gone, found by their local headers from the front.

A download that broke off has lost the directory at the end, but each member starts with a header
of its own, and deflate says where it ends.

References
----------
PKWARE, ".ZIP File Format Specification" 6.3.10, sections 4.3.7 and 4.4.
"""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

_HEADER: Final = struct.Struct("<4s5H3I2H")
_SIGNATURE: Final = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZE_FOLLOWS, _UTF8 = 0x1, 0x8, 0x800
_BLOCK: Final = 1 << 16
_SCAN_BYTES: Final = 1 << 20


class _Inflated(io.RawIOBase):
    """One deflated member from its first byte to the end of its stream, or of the file."""

    def __init__(self, path: Path, start: int) -> None:
        self._file = path.open("rb")
        self._file.seek(start)
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # the io protocol's buffer
        block = b""
        while not block and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._file.read(_BLOCK)
            if not packed:
                break
            block = self._inflate.decompress(packed, len(target))
        target[: len(block)] = block
        return len(block)

    @property
    def n_packed(self) -> int:
        """Bytes of the file that the stream took so far."""
        return self._file.tell() - len(self._inflate.unused_data)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Stored(io.RawIOBase):
    """One member that was not compressed."""

    def __init__(self, path: Path, start: int, n_bytes: int) -> None:
        self._file = path.open("rb")
        self._file.seek(start)
        self._left = n_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # the io protocol's buffer
        block = self._file.read(min(len(target), self._left))
        self._left -= len(block)
        target[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._file.close()
        super().close()


def salvage_members(
    path: Path, *, max_members: int
) -> list[tuple[str, Callable[[], io.BufferedReader]]]:
    """Find members by their local headers: a name and what opens each, in the file's order."""
    found: list[tuple[str, Callable[[], io.BufferedReader]]] = []
    with path.open("rb") as file:
        position = 0
        while len(found) < max_members:
            start = _next_header(file, position)
            if start is None:
                break
            position, member = _member(path, file, start)
            if member is not None:
                found.append(member)
    return found


def _next_header(file: IO[bytes], position: int) -> int | None:
    """Find the next local header; a data descriptor or damage may lie before it."""
    file.seek(position)
    kept = b""
    while block := file.read(_SCAN_BYTES):
        window = kept + block
        at = window.find(_SIGNATURE)
        if at >= 0:
            return position - len(kept) + at
        kept = window[-3:]
        position += len(block)
    return None


def _member(
    path: Path, file: IO[bytes], start: int
) -> tuple[int, tuple[str, Callable[[], io.BufferedReader]] | None]:
    """Read one header; give where to look for the next, and the member if it can be opened."""
    file.seek(start)
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return start + 4, None
    _, _, flags, method, _, _, _, n_packed, _, n_name, n_extra = _HEADER.unpack(header)
    name = file.read(n_name).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    data = start + _HEADER.size + n_name + n_extra
    if flags & _ENCRYPTED or name.endswith("/"):
        return data, None
    if method == _STORED and not flags & _SIZE_FOLLOWS:
        return data + n_packed, (name, lambda: _raw(_Stored(path, data, n_packed)))
    if method != _DEFLATED:
        return data, None
    # Inflated once for its end: a size in the header may be missing (streamed) or a lie.
    return _end_of_stream(path, data), (name, lambda: _raw(_Inflated(path, data)))


def _end_of_stream(path: Path, data: int) -> int:
    with _Inflated(path, data) as stream:
        try:
            while stream.read(_BLOCK):
                pass
        except zlib.error:
            return data
        return max(data, stream.n_packed)


def _raw(stream: io.RawIOBase) -> io.BufferedReader:
    return io.BufferedReader(stream, buffer_size=_BLOCK)
