"""A folder of music: which files of audio lie in it."""

import os
from collections.abc import Iterator
from pathlib import Path

from harmonyhub.domain.audio_files import FoundFile

AUDIO_SUFFIXES = frozenset(
    {
        ".aac",
        ".aif",
        ".aiff",
        ".flac",
        ".m4a",
        ".mka",
        ".mp3",
        ".oga",
        ".ogg",
        ".opus",
        ".wav",
        ".wma",
    }
)


def list_audio(folder: Path) -> list[FoundFile]:
    """List what `find_audio` finds, by path."""
    return sorted(find_audio(folder), key=lambda file: file.path)


def find_audio(folder: Path) -> Iterator[FoundFile]:
    """Find the files of audio below a folder by their endings; nothing is opened.

    Hidden files and folders are left out: sounds do not hide, but what copying programs and
    desktops put beside them does. Links to folders are not followed, since they may form a ring.
    """
    for place, folders, names in os.walk(folder.absolute()):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            if name.startswith(".") or path.suffix.lower() not in AUDIO_SUFFIXES:
                continue
            try:
                facts = path.stat()
            except OSError:  # gone meanwhile, or a link to nowhere
                continue
            yield FoundFile(path, facts.st_size, facts.st_mtime_ns)
