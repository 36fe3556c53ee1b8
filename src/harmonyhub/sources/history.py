"""Read a listening history from a file alone: what it is, and every line of it, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from harmonyhub.domain.errors import DamagedInputError, RefusedInputError, UnknownFormatError
from harmonyhub.domain.listens import SourceKind, SourceLine
from harmonyhub.sources.archive import READ_ERRORS, Archive, Member, open_archive
from harmonyhub.sources.encoding import as_utf8
from harmonyhub.sources.recognition import HEAD_BYTES, Layout, recognise
from harmonyhub.sources.unknown import WHAT_WE_READ, describe_unknown
from harmonyhub.sources.verdicts import Verdict

SORTED_LINES: Final = 50_000  # 45 MB; Spotify puts about 20,000 plays into one file
_TOLD_PROBLEMS: Final = 5
# An extended history holds what the account data of the same ZIP says with less detail.
_PREFERENCE: Final = tuple(SourceKind)


@dataclass(slots=True)
class HistoryFile:
    """A listening history that was recognised; made by `read_history`.

    Attributes
    ----------
    kind : SourceKind
        What it is, by its content.
    broke_off : str or None
        After `lines` came to its end: what of the file could not be read, None if all was. The
        lines that came are good all the same.
    """

    kind: SourceKind
    broke_off: str | None = field(default=None, init=False)
    _parts: tuple[tuple[Member, Layout], ...]
    _damage: tuple[str, ...]

    def lines(self) -> Iterator[SourceLine]:
        """Stream every line, numbered from 1, the same at every call.

        Files inside a ZIP come newest first, and so do the lines of each file, up to
        `SORTED_LINES` at a time. Nothing is raised for a damaged file: see `broke_off`.
        """
        problems = list(self._damage)
        self.broke_off = None
        number = 0
        for member, layout in self._parts:
            for verdict in _newest_first(_verdicts(member, layout, problems)):
                number += 1
                yield SourceLine(number, *verdict)
        self.broke_off = _sum_up(problems)


def read_history(path: Path) -> HistoryFile:
    """Recognise a listening history: Spotify, ListenBrainz, Last.fm or Exportify, plain or zipped.

    Of a ZIP that holds several kinds, one is read: Spotify's extended history before its account
    data before all others.

    Raises
    ------
    UnknownFormatError
        If it is none of the kinds; the hint says which there are.
    DamagedInputError
        If a damaged ZIP holds nothing that can be read.
    RefusedInputError
        If it cannot be opened, or is encrypted.
    """
    try:
        archive = open_archive(path)
        parts, damage = _recognise_members(archive)
    except OSError as error:
        raise RefusedInputError(
            f"The file cannot be read: {error.strerror or error}.",
            hint="Check that it is a file and that the service may read it.",
        ) from error
    if not parts:
        raise _refusal(archive, damage)
    kind = min((layout.kind for _, layout in parts), key=_PREFERENCE.index)
    chosen = [part for part in parts if part[1].kind is kind]
    chosen.sort(key=lambda part: (-part[1].newest, part[0].name))
    return HistoryFile(kind=kind, _parts=tuple(chosen), _damage=damage)


def _recognise_members(
    archive: Archive,
) -> tuple[list[tuple[Member, Layout]], tuple[str, ...]]:
    parts, damage = [], list(archive.damage)
    for member in archive.members:
        try:
            head = _head(member)
        except (DamagedInputError, *READ_ERRORS):
            if not archive.is_zip:
                raise
            damage.append(f"{_shown(member.name)} cannot be unpacked")
            continue
        layout = recognise(head)
        if layout is not None:
            parts.append((member, layout))
    return parts, tuple(damage)


def _head(member: Member) -> bytes:
    with as_utf8(member.open()) as stream:
        return stream.read(HEAD_BYTES)


def _verdicts(member: Member, layout: Layout, problems: list[str]) -> Iterator[Verdict]:
    try:
        with as_utf8(member.open()) as stream:
            for record in layout.records(stream):
                yield layout.judge(record, member.name)
    except DamagedInputError as error:
        problems.append(f"{_shown(member.name)}: {error.message}")
    except READ_ERRORS:
        problems.append(f"{_shown(member.name)} is damaged and cannot be unpacked to its end")


def _newest_first(verdicts: Iterator[Verdict]) -> Iterator[Verdict]:
    while window := list(islice(verdicts, SORTED_LINES)):
        window.sort(key=lambda verdict: -(verdict.played_at or 0))
        yield from window
        window.clear()  # or two windows would be held while the next one is read


def _refusal(archive: Archive, damage: tuple[str, ...]) -> RefusedInputError:
    if damage:
        return DamagedInputError(
            f"Nothing in this ZIP can be read: {_sum_up(list(damage))}.",
            hint="Download it again and compare its size with what the site says.",
        )
    if archive.is_zip:
        names = ", ".join(_shown(member.name) for member in archive.members[:_TOLD_PROBLEMS])
        holds = f"it holds {len(archive.members)} files ({names})" if names else "it is empty"
        return UnknownFormatError(
            f"This ZIP is no listening history that we know: {holds}.", hint=WHAT_WE_READ
        )
    with archive.members[0].open() as file:
        seems = describe_unknown(file.read(HEAD_BYTES))
    return UnknownFormatError(
        f"This file is no listening history that we know: it seems to be {seems}.",
        hint=WHAT_WE_READ,
    )


def _sum_up(problems: list[str]) -> str | None:
    if not problems:
        return None
    told = "; ".join(problems[:_TOLD_PROBLEMS])
    n_more = len(problems) - _TOLD_PROBLEMS
    return f"{told}; and {n_more} more" if n_more > 0 else told


def _shown(name: str) -> str:
    # A name inside a ZIP is foreign text: no control characters, no endless line.
    return "".join(letter if letter.isprintable() else "?" for letter in name)[-80:]
