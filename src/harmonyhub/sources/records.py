"""Records out of JSON and CSV, one by one, in bounded memory, as far as the file is whole.

- Flat records (no object inside an object) in one list, as Spotify writes them: cut into blocks
  between two records and decoded with msgspec; one damaged record costs one record.
- Records anywhere deeper: ijson. After damage nothing can be found any more.
- One record per line.
- CSV rows by the names of their columns.

Each reader raises `DamagedInputError` where the file breaks off, after the last whole record.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import IO, Final

import ijson
import msgspec

from harmonyhub.domain.errors import DamagedInputError
from harmonyhub.sources.archive import READ_ERRORS

BLOCK_BYTES: Final = 4 << 20  # 8,000 records of Spotify's; larger ones are no faster
MAX_RECORD_BYTES: Final = 16 << 20  # no real record has 16 KB; without it one string fills memory
MAX_DEPTH: Final = 200  # the deepest real record has 6 levels
_NESTED_BLOCK: Final = 1 << 13  # small, since depth is looked at between two blocks only
GARBAGE: Final = msgspec.Raw(b"0")  # stands for a record that is no JSON: no format takes a number

_BOUNDARY: Final = re.compile(rb"\}\s*,\s*\{")
_list_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_raw_decoder = msgspec.json.Decoder(msgspec.Raw)


def flat_records(stream: io.BufferedReader) -> Iterator[msgspec.Raw]:
    """Stream the records of one JSON list of flat objects."""
    block, failure = _read_block(stream)
    rest = block.lstrip().removeprefix(b"[")
    while block and failure is None:
        block, failure = _read_block(stream)
        rest += block
        cut = _last_boundary(rest)
        if cut is not None:
            yield from _decode(rest[: cut[0]])
            rest = rest[cut[1] :]
        elif len(rest) > MAX_RECORD_BYTES:
            raise _too_large()
    rest = rest.rstrip()
    if failure is None and rest.endswith(b"]"):
        yield from _decode(rest[:-1])
        return
    yield from _whole_records(rest)
    raise failure or _broken_off()


def _read_block(stream: io.BufferedReader) -> tuple[bytes, Exception | None]:
    """Read a block, and what stopped it; what was read before a failure is not lost."""
    parts: list[bytes] = []
    n_bytes = 0
    try:
        while n_bytes < BLOCK_BYTES and (part := stream.read1(BLOCK_BYTES - n_bytes)):
            parts.append(part)
            n_bytes += len(part)
    except (DamagedInputError, *READ_ERRORS) as error:
        return b"".join(parts), error
    return b"".join(parts), None


def _last_boundary(data: bytes) -> tuple[int, int] | None:
    """Find the last `},{`: where the left part ends, and where the right part starts."""
    at = len(data)
    while (at := data.rfind(b"{", 0, at)) > 0:
        left = data[max(0, at - 64) : at].rstrip()
        if left.endswith(b",") and left[:-1].rstrip().endswith(b"}"):
            return data.rfind(b"}", 0, at) + 1, at
    return None


def _decode(data: bytes) -> Iterator[msgspec.Raw]:
    try:
        yield from _list_decoder.decode(b"[" + data.strip().removesuffix(b",") + b"]")
    except (msgspec.DecodeError, RecursionError):
        for piece in _pieces(data):
            yield _one(piece) or GARBAGE


def _whole_records(data: bytes) -> Iterator[msgspec.Raw]:
    """Yield what stands before the place where a file breaks off; the cut record is not counted."""
    pieces = _pieces(data.rstrip(b" \t\r\n,"))
    yield from (_one(piece) or GARBAGE for piece in pieces[:-1])
    last = _one(pieces[-1])
    if last is not None:
        yield last


def _pieces(data: bytes) -> list[bytes]:
    pieces = [piece.strip(b" \t\r\n") for piece in _BOUNDARY.split(data)]
    joined = [b"{" + piece for piece in pieces[1:]]
    joined.insert(0, pieces[0])
    return [piece + b"}" for piece in joined[:-1]] + joined[-1:]


def _one(piece: bytes) -> msgspec.Raw | None:
    try:
        return _raw_decoder.decode(piece)
    except (msgspec.DecodeError, RecursionError):
        return None


def first_pieces(head: bytes) -> list[bytes]:
    """Part the beginning of a JSON list into what should be its flat records."""
    return _pieces(head.lstrip().removeprefix(b"["))


class _Watched:
    """Stops a parser that collects one endless record, or one that is nested without end.

    ijson names each level by all levels above it: 60,000 brackets would cost minutes.
    """

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._n_bytes = 0
        self._depth = 0

    def start_record(self) -> None:
        """Count anew: a record came out whole."""
        self._n_bytes = self._depth = 0

    def read(self, size: int = -1) -> bytes:
        """Read on, unless the record that is being read has passed its limits."""
        block = self._source.read(size)
        self._n_bytes += len(block)
        self._depth += block.count(b"[") + block.count(b"{") - block.count(b"]") - block.count(b"}")
        if self._n_bytes > MAX_RECORD_BYTES or self._depth > MAX_DEPTH:
            raise _too_large()
        return block


def nested_records(stream: IO[bytes], prefix: str) -> Iterator[object]:
    """Stream the records at an ijson prefix such as `item` or `recenttracks.track.item`."""
    watched = _Watched(stream)
    try:
        for record in ijson.items(watched, prefix, buf_size=_NESTED_BLOCK, use_float=True):
            watched.start_record()
            yield record
    except (ijson.JSONError, RecursionError) as error:
        raise _broken_off() from error


def line_records(stream: IO[bytes]) -> Iterator[msgspec.Raw]:
    """Stream one record per line; a line that is no JSON is one piece of garbage."""
    while line := stream.readline(MAX_RECORD_BYTES + 1):
        if len(line) > MAX_RECORD_BYTES:
            raise _too_large()
        is_whole = line.endswith(b"\n")
        text = line.strip()
        if not text:
            continue
        record = _one(text)
        if record is None and not is_whole:
            raise DamagedInputError("the last line breaks off", hint="Download it again.")
        yield record or GARBAGE


def csv_rows(stream: IO[bytes], *, delimiter: str) -> Iterator[Sequence[str] | None]:
    """Stream rows of CSV; None is a row that is no CSV. Empty rows are no rows."""
    # errors: a multi-byte character cut by the end of the file
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="")
    rows = csv.reader(text, delimiter=delimiter)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield None
            continue
        if any(cell.strip() for cell in row):
            yield row


def _broken_off() -> DamagedInputError:
    return DamagedInputError("the JSON breaks off before its end", hint="Download it again.")


def _too_large() -> DamagedInputError:
    return DamagedInputError(
        f"one record is larger than {MAX_RECORD_BYTES >> 20} MiB or nested without end",
        hint="This is no history.",
    )
