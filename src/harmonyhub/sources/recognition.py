"""What a file is, told by its first records and never by its name."""

import csv
import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from harmonyhub.domain.errors import DamagedInputError
from harmonyhub.domain.listens import SourceKind
from harmonyhub.sources import exportify, lastfm, listenbrainz, spotify_account, spotify_extended
from harmonyhub.sources.records import (
    csv_rows,
    first_pieces,
    flat_records,
    line_records,
    nested_records,
)
from harmonyhub.sources.verdicts import WRONG_TYPES, Verdict

HEAD_BYTES: Final = 1 << 16  # 20 records of the longest format
_TRIED_RECORDS: Final = 20  # a damaged first record does not hide what the file is
_LIST_PREFIXES: Final = ("item", "item.track.item", "item.recenttracks.track.item", "item.item")
_OBJECT_PREFIXES: Final = ("recenttracks.track.item", "track.item", "payload.listens.item")
_DELIMITERS: Final = ",;\t"


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a member: its kind, its records, and the verdict on each.

    `newest` is the time of the first record, unix seconds, 0 if it tells none.
    """

    kind: SourceKind
    records: Callable[[io.BufferedReader], Iterator[object]]
    judge: Callable[[Any, str], Verdict]  # each format takes what its own reader yields
    newest: int = 0


@dataclass(frozen=True, slots=True)
class _Format:
    kind: SourceKind
    is_record: Callable[[dict[str, object]], bool]
    first_time: Callable[[dict[str, object]], int]
    judge: Callable[[Any, str], Verdict]
    is_flat: bool


_JSON_FORMATS: Final = (
    _Format(
        SourceKind.SPOTIFY_EXTENDED,
        spotify_extended.is_play,
        spotify_extended.first_time,
        spotify_extended.judge,
        is_flat=True,
    ),
    _Format(
        SourceKind.SPOTIFY_ACCOUNT,
        spotify_account.is_play,
        spotify_account.first_time,
        spotify_account.judge,
        is_flat=True,
    ),
    _Format(
        SourceKind.LISTENBRAINZ,
        listenbrainz.is_listen,
        listenbrainz.first_time,
        listenbrainz.judge,
        is_flat=False,
    ),
    _Format(SourceKind.LASTFM, lastfm.is_scrobble, lastfm.first_time, lastfm.judge, is_flat=False),
)


def recognise(head: bytes) -> Layout | None:
    """Tell what a file is by its first `HEAD_BYTES` as clean UTF-8; None if we do not read it."""
    text = head.lstrip()
    if text.startswith(b"["):
        return _recognise_list(text)
    if text.startswith(b"{"):
        return _recognise_lines(text) or _recognise_nested(text, _OBJECT_PREFIXES)
    return _recognise_csv(text)


def _recognise_list(head: bytes) -> Layout | None:
    found = _recognise_nested(head, _LIST_PREFIXES)
    if found is not None:
        return found
    # The first record may be damaged: try those after it.
    return _layout_of(_decoded(first_pieces(head)), prefix="item")


def _recognise_nested(head: bytes, prefixes: Sequence[str]) -> Layout | None:
    layouts = (_layout_of(_first(head, prefix), prefix=prefix) for prefix in prefixes)
    return next((layout for layout in layouts if layout is not None), None)


def _first(head: bytes, prefix: str) -> Iterator[object]:
    try:
        yield from itertools.islice(nested_records(io.BytesIO(head), prefix), _TRIED_RECORDS)
    except DamagedInputError:
        return  # the head ends in the middle of a record


def _decoded(pieces: Sequence[bytes]) -> Iterator[object]:
    for piece in pieces[:_TRIED_RECORDS]:
        try:
            yield msgspec.json.decode(piece)
        except (msgspec.DecodeError, RecursionError):
            continue


def _layout_of(records: Iterator[object], *, prefix: str) -> Layout | None:
    found = _match(records)
    if found is None:
        return None
    form, newest = found
    read = flat_records if form.is_flat and prefix == "item" else None
    nested = partial(_read_nested, prefix=prefix, is_flat=form.is_flat)
    return Layout(form.kind, read or nested, form.judge, newest)


def _read_nested(stream: io.BufferedReader, *, prefix: str, is_flat: bool) -> Iterator[object]:
    records = nested_records(stream, prefix)
    # The judges of flat formats decode for themselves, to leave IP addresses where they are.
    return (msgspec.Raw(msgspec.json.encode(one)) for one in records) if is_flat else records


def _recognise_lines(head: bytes) -> Layout | None:
    lines = head.split(b"\n")[:_TRIED_RECORDS]
    found = _match(_decoded([line for line in lines if line.strip()]))
    if found is None:
        return None
    form, newest = found
    return Layout(form.kind, line_records, form.judge, newest)


def _match(records: Iterator[object]) -> tuple[_Format, int] | None:
    for record in records:
        if not isinstance(record, dict):
            continue
        for form in _JSON_FORMATS:
            if form.is_record(record):
                return form, form.first_time(record)
    return None


def _recognise_csv(head: bytes) -> Layout | None:
    first_line = head.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    delimiter = max(_DELIMITERS, key=first_line.count)
    try:
        row = next(csv.reader([first_line], delimiter=delimiter), [])
    except csv.Error:
        return None
    columns = [name.strip().lower() for name in row]
    spaced = [name.replace("_", " ") for name in columns]
    if exportify.is_header(spaced):
        return _csv_layout(SourceKind.EXPORTIFY, exportify.judge_row, delimiter, spaced)
    if lastfm.is_header(columns):
        return _csv_layout(SourceKind.LASTFM, lastfm.judge_row, delimiter, columns)
    if lastfm.is_headerless_row(row):
        names = lastfm.HEADERLESS
        return _csv_layout(SourceKind.LASTFM, lastfm.judge_row, delimiter, names, has_header=False)
    return None


def _csv_layout(  # noqa: PLR0917
    kind: SourceKind,
    judge: Callable[[Mapping[str, str], str], Verdict],
    delimiter: str,
    columns: Sequence[str],
    *,
    has_header: bool = True,
) -> Layout:
    def read(stream: io.BufferedReader) -> Iterator[dict[str, str] | None]:
        rows = csv_rows(stream, delimiter=delimiter)
        for row in itertools.islice(rows, 1 if has_header else 0, None):
            yield None if row is None else dict(zip(columns, row, strict=False))

    def judge_row(row: dict[str, str] | None, member: str) -> Verdict:
        return WRONG_TYPES if row is None else judge(row, member)

    return Layout(kind, read, judge_row)
