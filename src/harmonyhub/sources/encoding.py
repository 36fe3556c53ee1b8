"""Text of any encoding as UTF-8 bytes, block by block."""

import codecs
import io
from typing import Final

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with theirs
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FALLBACK: Final = "harmonyhub-cp1252"


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    # What is no UTF-8 in a listening history was saved by an old Windows program.
    if not isinstance(error, UnicodeDecodeError) or error.encoding != "utf-8":
        return "\ufffd", getattr(error, "end", 0)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_FALLBACK, _as_cp1252)


def guess_encoding(head: bytes) -> tuple[str, int]:
    """Tell the encoding of a file by its first bytes, and how long its byte order mark is.

    Without a mark, zero bytes in every other place mean UTF-16 and anything else UTF-8; bytes
    that are no UTF-8 are read as Windows-1252 later on, one by one.
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name, len(mark)
    if len(head) >= 4 and head[0] and head[2] and not head[1] and not head[3]:
        return "utf-16-le", 0
    if len(head) >= 4 and head[1] and head[3] and not head[0] and not head[2]:
        return "utf-16-be", 0
    return "utf-8", 0


class Utf8Stream(io.RawIOBase):
    """A byte stream re-encoded to clean UTF-8; reads what it wraps once, forwards."""

    def __init__(self, source: io.BufferedReader) -> None:
        self._source = source  # first: a failing read still closes it
        head = source.read(4)
        encoding, skip = guess_encoding(head)
        self._decoder = codecs.getincrementaldecoder(encoding)(errors=_FALLBACK)
        self._ready = memoryview(self._convert(head[skip:], is_last=False))
        self._at_end = False

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer with clean UTF-8; 0 at the end."""
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # the io protocol's buffer
        while not self._ready and not self._at_end:
            # read1: what came before a failure is not lost.
            block = self._source.read1(max(len(target), io.DEFAULT_BUFFER_SIZE))
            self._at_end = not block
            self._ready = memoryview(self._convert(block, is_last=self._at_end))
        n_bytes = min(len(target), len(self._ready))
        target[:n_bytes] = self._ready[:n_bytes]
        self._ready = self._ready[n_bytes:]
        return n_bytes

    def close(self) -> None:
        """Close what is wrapped, too."""
        self._source.close()
        super().close()

    def _convert(self, block: bytes, *, is_last: bool) -> bytes:
        return self._decoder.decode(block, is_last).encode("utf-8", "replace")


def as_utf8(source: io.BufferedReader) -> io.BufferedReader:
    """Open a byte stream of any encoding as buffered UTF-8 without a byte order mark."""
    return io.BufferedReader(Utf8Stream(source), buffer_size=1 << 18)
