"""Uploads: a multipart body goes to the spool in pieces, whatever its size."""

import asyncio
import re
import unicodedata
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from harmonyhub.domain.errors import DamagedInputError, RefusedInputError, UnavailableError

UPLOAD_BYTES_MAX = 4 * 1024**3
BODY_BYTES_MAX = UPLOAD_BYTES_MAX + 1024**2  # the file and the wrapping around it
FIELD_BYTES_MAX = 4096
PARTS_MAX = 16
WRITE_BYTES = 1024**2  # a piece smaller than this is not worth the way to a thread
NAME_LENGTH_MAX = 150
PREFIX = "incoming-"
STALE_S = 24 * 3600
FILE_FIELD = "file"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it lies in the spool, and the other fields of the form."""

    path: Path
    file_name: str
    fields: Mapping[str, str]


@asynccontextmanager
async def received_upload(
    request: Request[Any, Any, Any], *, spool_dir: Path
) -> AsyncIterator[Upload]:
    """Receive the field `file` into the spool; whatever nobody took over is deleted at the end.

    Raises
    ------
    RefusedInputError
        If the body is no multipart form, or has no file, or an empty one.
    DamagedInputError
        If the body breaks off.
    UnavailableError
        If there is no room on the disk.
    """
    path = spool_dir / f"{PREFIX}{uuid.uuid4().hex}"
    try:
        yield await _store(request, path)
    finally:
        await asyncio.to_thread(_delete, spool_dir, path.name)


def clear_stale_uploads(spool_dir: Path, *, now: int) -> None:
    """Delete what a killed process left half received; what may still arrive stays."""
    for path in spool_dir.glob(f"{PREFIX}*"):
        if now - path.stat().st_mtime > STALE_S:
            path.unlink(missing_ok=True)


def clean_file_name(name: str) -> str:
    """Keep the last part of a client's file name, without anything that could mislead."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    printable = "".join(char for char in last if char.isprintable()).strip(" .")
    stem, dot, suffix = printable.rpartition(".")
    if dot and re.fullmatch(r"[A-Za-z0-9]{1,8}", suffix):
        return f"{stem[:NAME_LENGTH_MAX]}.{suffix}"
    return printable[:NAME_LENGTH_MAX] or "upload"


@dataclass(slots=True)
class _Receiver:
    """Takes the events of the parser: the file goes to disk, the fields stay in memory."""

    file: BinaryIO
    file_name: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    _part: MultipartSegment | None = None
    _is_file: bool = False
    _text: bytearray = field(default_factory=bytearray)
    _waiting: bytearray = field(default_factory=bytearray)

    async def take(self, event: MultipartSegment | bytearray | None) -> None:
        """Take one event: the head of a part, a piece of its body, or its end."""
        if isinstance(event, MultipartSegment):
            self._start(event)
        elif event is None:
            self._end()
        elif self._is_file:
            self._waiting += event
            if len(self._waiting) >= WRITE_BYTES:
                await self.flush()
        else:
            self._text += event
            if len(self._text) > FIELD_BYTES_MAX:
                raise RefusedInputError(
                    "A field of the form is too long.", hint="Only the field `file` may be large."
                )

    def _start(self, part: MultipartSegment) -> None:
        self._part = part
        self._is_file = part.name == FILE_FIELD and part.filename is not None
        if self._is_file:
            if self.file_name is not None:
                raise RefusedInputError(
                    "The form has more than one file.", hint="Send one file in each request."
                )
            self.file_name = clean_file_name(part.filename or "")

    def _end(self) -> None:
        if self._part is not None and not self._is_file:
            self.fields[self._part.name or ""] = self._text.decode(errors="replace")
        self._part = None
        self._is_file = False
        self._text.clear()

    async def flush(self) -> None:
        """Write what waits to the disk, beside the event loop."""
        piece = bytes(self._waiting)
        self._waiting.clear()
        await asyncio.to_thread(self.file.write, piece)


async def _store(request: Request[Any, Any, Any], path: Path) -> Upload:
    try:
        with path.open("xb") as file:
            receiver = _Receiver(file)
            await _receive(request, receiver)
        return await asyncio.to_thread(_settle, path, receiver)
    except OSError as error:
        raise UnavailableError(
            f"The upload cannot be stored: {error.strerror}.",
            hint="Make room in the data folder and send the file again.",
        ) from error


async def _receive(request: Request[Any, Any, Any], receiver: _Receiver) -> None:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise RefusedInputError(
            "The body is no multipart form.",
            hint="Send the file as the field `file`, as in: curl -F file=@my_history.zip URL",
        )
    try:
        with PushMultipartParser(
            options["boundary"], max_segment_count=PARTS_MAX, max_segment_size=UPLOAD_BYTES_MAX
        ) as parser:
            async for chunk in request.stream():
                for event in parser.parse(chunk) if chunk else ():
                    await receiver.take(event)
    except MultipartError as error:
        raise DamagedInputError(
            f"The upload broke off or is damaged: {error}.", hint="Send the file again."
        ) from error
    await receiver.flush()


def _delete(spool_dir: Path, name: str) -> None:
    for left in spool_dir.glob(f"{name}*"):
        left.unlink(missing_ok=True)


def _settle(path: Path, receiver: _Receiver) -> Upload:
    if receiver.file_name is None:
        raise RefusedInputError(
            "The form has no file.", hint="Choose a file; its field is called `file`."
        )
    if path.stat().st_size == 0:
        raise RefusedInputError("The file is empty.", hint="Choose a file that has content.")
    kept = path.with_name(path.name + Path(receiver.file_name).suffix)
    path.rename(kept)
    return Upload(path=kept, file_name=receiver.file_name, fields=receiver.fields)
