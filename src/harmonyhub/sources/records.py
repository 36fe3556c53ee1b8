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

BLOCK_BYTES: Final = 4 << 20  # 8,000 records of Spotify's; larger ones are no faster
MAX_RECORD_BYTES: Final = 16 << 20  # no real record has 16 KB; without it one string fills memory
GARBAGE: Final = msgspec.Raw(b"0")  # stands for a record that is no JSON: no format takes a number

_BOUNDARY: Final = re.compile(rb"\}\s*,\s*\{")
_list_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_raw_decoder = msgspec.json.Decoder(msgspec.Raw)


def flat_records(stream: IO[bytes]) -> Iterator[msgspec.Raw]:
    """Stream the records of one JSON list of flat objects."""
    rest = stream.read(BLOCK_BYTES).lstrip().removeprefix(b"[")
    while block := stream.read(BLOCK_BYTES):
        rest += block
        cut = _last_boundary(rest)
        if cut is not None:
            yield from _decode(rest[: cut[0]])
            rest = rest[cut[1] :]
        elif len(rest) > MAX_RECORD_BYTES:
            raise _too_large()
    rest = rest.rstrip()
    if rest.endswith(b"]"):
        yield from _decode(rest[:-1])
        return
    yield from _whole_records(rest)
    raise DamagedInputError("the JSON breaks off before its end", hint="Download it again.")


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
    """Stops a parser that collects one endless record."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.n_since_record = 0

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self.n_since_record += len(block)
        if self.n_since_record > MAX_RECORD_BYTES:
            raise _too_large()
        return block


def nested_records(stream: IO[bytes], prefix: str) -> Iterator[object]:
    """Stream the records at an ijson prefix such as `item` or `recenttracks.track.item`."""
    watched = _Watched(stream)
    try:
        for record in ijson.items(watched, prefix, use_float=True):
            watched.n_since_record = 0
            yield record
    except (ijson.JSONError, RecursionError) as error:
        raise DamagedInputError(
            "the JSON breaks off before its end", hint="Download it again."
        ) from error


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


def _too_large() -> DamagedInputError:
    return DamagedInputError(
        f"one record is larger than {MAX_RECORD_BYTES >> 20} MiB", hint="This is no history."
    )
