"""How much memory the analysis of one file may take, and what is said of a file that wants more."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harmonyhub.domain.errors import AudioError

# Of addresses, beside what is mapped before: 6 hours of audio need 540 MB. An mp3 of 1.6 MB whose
# packed tags unpack to 1.6 GB took 3.3 GB.
FILE_BYTES: Final = 3 << 29
HINT = "It is damaged or extremely long: see whether a player takes it, or split it."
PAGE_BYTES = resource.getpagesize()


def limit_memory(more_bytes: int = FILE_BYTES) -> None:
    """Let this process map so much more than it has now, and no more."""
    n_pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (n_pages * PAGE_BYTES + more_bytes, hard))


@contextmanager
def telling_of_memory(file_name: str) -> Iterator[None]:
    """Turn the end of memory into words about the file.

    Raises
    ------
    AudioError
        If it wants more than there is.
    """
    try:
        yield
    except MemoryError as error:
        raise AudioError(
            f"{file_name} needs more memory than a file may take", hint=HINT
        ) from error
