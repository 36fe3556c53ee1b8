"""Files of audio as they lie in a folder, and what became of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harmonyhub.domain.ids import AudioHash


def name_of(path: Path) -> str:
    """Give the name of a file, which is bytes, as text: what is no UTF-8 becomes "?"."""
    return path.name.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as it lies on the disk; with another size or time (ns) it is another file."""

    path: Path
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What became of a file: it has an analysis by `audio_hash`, or was `refused` with a reason.

    It holds for the file as it was then, and for that version of the analysis.
    """

    size_bytes: int
    mtime_ns: int
    analysis_version: str
    audio_hash: AudioHash | None = None
    refused: str | None = None

    def holds_for(self, file: FoundFile, *, analysis_version: str) -> bool:
        """Tell whether nothing has to be read again."""
        now = file.size_bytes, file.mtime_ns, analysis_version
        return now == (self.size_bytes, self.mtime_ns, self.analysis_version)


@dataclass(frozen=True, slots=True)
class SortedFiles:
    """The files of a folder by what is to be done: `due` are read, the others were before."""

    due: list[FoundFile]
    known: list[FoundFile]
    refused: dict[FoundFile, str]


def settled_files(found: Iterable[FoundFile], *, now: int, settled_s: int) -> list[FoundFile]:
    """Leave out files that were written to in the last `settled_s` seconds.

    A time in the future says that the clock of the disk is another one, and nothing more.
    """
    return [file for file in found if not 0 <= now - file.mtime_ns // 10**9 < settled_s]


def sort_files(
    found: Sequence[FoundFile],
    records: Mapping[Path, FileRecord],
    *,
    analysis_version: str,
    basic_version: str | None = None,
) -> SortedFiles:
    """Sort the files of a folder by what is known of them.

    With a `basic_version` those are known too that have no more than a basic analysis of it.
    """
    enough = [version for version in (analysis_version, basic_version) if version is not None]
    files = SortedFiles([], [], {})
    for file in found:
        record = records.get(file.path)
        if record is None or not any(
            record.holds_for(file, analysis_version=version) for version in enough
        ):
            files.due.append(file)
        elif record.refused is not None:
            files.refused[file] = record.refused
        else:
            files.known.append(file)
    return files
