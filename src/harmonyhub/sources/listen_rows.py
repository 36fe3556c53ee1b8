"""Listens of many people, line by line, for those who make a knowledge pack of them.

- ListenBrainz dumps: JSON lines with `user_name` or `user_id` and `track_metadata`.
- Plain JSON lines or CSV with a header: `user, artist, track`, and where known `mbid, isrc, plays`.
- Parquet tables with the same columns; `harmonyhub export --interactions` writes one.
- What `harmonyhub export` wrote: the listens of one person a file. Those that a synchronization
  with a streaming service told are left out: no model learns from them.

A name that ends in `.gz` is unpacked on the way.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from harmonyhub.domain.errors import DamagedInputError, UnknownFormatError
from harmonyhub.domain.listens import SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.sources import listenbrainz
from harmonyhub.sources.verdicts import EARLIEST, bare_isrc, bare_mbid

TITLES: Final = ("track", "title", "track_name", "name")
MBIDS: Final = ("mbid", "recording_mbid", "track_mbid")
PARQUET_MAGIC: Final = b"PAR1"
PARQUET_ROWS: Final = 10_000
HINT: Final = "See docs/knowledge.md for the files that can be read."


@dataclass(frozen=True, slots=True)
class ListenRow:
    """Some plays of a track by one person; `user` is only told apart from others."""

    user: str
    track: TrackDescription
    plays: float = 1.0


def read_listen_rows(path: Path) -> Iterator[ListenRow | None]:
    """Read a file; None stands for each line that is no listen, or must not be learned from.

    Raises
    ------
    UnknownFormatError
        If the file is neither JSON lines nor CSV with the columns user, artist and track.
    DamagedInputError
        If it breaks off or is no text.
    """
    try:
        if _is_parquet(path):
            yield from _read_parquet(path)
            return
        with _open(path) as file:
            first = file.readline()
            if not first:
                raise UnknownFormatError(f"{path.name} is empty.", hint=HINT)
            lines = _chain(first, file)
            if first.lstrip().startswith("{"):
                yield from _read_json(lines, whose=f"file {path.name}")
            else:
                yield from _read_csv(lines, path)
    except (
        pa.ArrowException,
        OSError,
        EOFError,
        UnicodeDecodeError,
        zlib.error,
        csv.Error,
    ) as error:
        raise DamagedInputError(f"{path.name} cannot be read: {error}.", hint=HINT) from error


def _open(path: Path) -> io.TextIOBase:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _chain(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _read_json(lines: Iterable[str], *, whose: str) -> Iterator[ListenRow | None]:
    user = whose
    decode = msgspec.json.Decoder().decode
    for line in lines:
        if not line.strip():
            continue
        try:
            record = decode(line)
        except (msgspec.DecodeError, RecursionError):
            record = None
        if not isinstance(record, dict):
            yield None
            continue
        if record.get("type") == "ledger" and isinstance(record.get("user_id"), str):
            user = f"exported {record['user_id']}"
        yield _read_record(record, exported_by=user)


def _read_record(record: dict[str, Any], *, exported_by: str) -> ListenRow | None:
    if "track_metadata" in record:
        return _read_listenbrainz(record)
    if record.get("type") == "listen":
        if record.get("source") == SourceKind.SPOTIFY_SYNC.value:
            return None
        return _read_plain(record | {"user": exported_by})
    return None if "type" in record else _read_plain(record)


def _read_listenbrainz(record: dict[str, Any]) -> ListenRow | None:
    user = _first(record, "user_name", "user_id")
    if not user:
        return None
    # Who plays what is all that counts here: a dump without a time is as good.
    track = listenbrainz.judge(record | {"listened_at": EARLIEST}, "").track
    return None if track is None else ListenRow(user, track)


def _read_csv(lines: Iterator[str], path: Path) -> Iterator[ListenRow | None]:
    rows = csv.DictReader(lines)
    columns = [name.strip().lower() for name in rows.fieldnames or ()]
    if not ({"user", "artist"} <= set(columns) and set(columns) & set(TITLES)):
        raise UnknownFormatError(
            f"{path.name} is neither JSON lines nor CSV with the columns user, artist and track.",
            hint=HINT,
        )
    rows.fieldnames = columns
    for row in rows:
        yield _read_plain(row)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC


def _read_parquet(path: Path) -> Iterator[ListenRow | None]:
    with pq.ParquetFile(path) as file:
        columns = {name.lower() for name in file.schema_arrow.names}
        if not ({"user", "artist"} <= columns and columns & set(TITLES)):
            raise UnknownFormatError(
                f"{path.name} has no columns user, artist and track.", hint=HINT
            )
        for batch in file.iter_batches(batch_size=PARQUET_ROWS):
            for row in batch.to_pylist():
                yield _read_plain({name.lower(): value for name, value in row.items()})


def _read_plain(record: Mapping[str, Any]) -> ListenRow | None:
    user, artist, title = (_first(record, *names) for names in (("user",), ("artist",), TITLES))
    plays = _number(record.get("plays", 1))
    if not (user and artist and title) or plays is None:
        return None
    track = TrackDescription(
        title=title,
        artists=(artist,),
        isrc=bare_isrc(record.get("isrc")),
        recording_mbid=bare_mbid(_first(record, *MBIDS)),
    )
    return ListenRow(user, track, plays)


def _first(record: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = record.get(name)
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    return ""


def _number(value: object) -> float | None:
    try:
        number = 1.0 if value in (None, "") else float(value)  # type: ignore[arg-type]  # what is no number is caught
    except (TypeError, ValueError):
        return None
    return number if 0 < number < 1e9 else None
