"""What a radio has given already, as a short text that the listener's side keeps.

The service remembers nothing: any process can go on with any radio, also after a restart or a
training. Each track is marked by 24 bits of its id, so that 500 tracks fit into an address; of
33,000 tracks one is then left out that was not given.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Final
from zlib import crc32

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.ids import TrackId

MARK_BYTES: Final = 3
MOST_GIVEN: Final = 500  # 2,000 characters; the first of more come again, a day of music later
GIVEN: Final = re.compile(f"(?:[A-Za-z0-9_-]{{4}}){{0,{MOST_GIVEN}}}")  # 3 bytes are 4 characters


def mark(track_id: TrackId) -> int:
    """Give a track its mark, 24 bits."""
    return crc32(track_id.encode()) >> 8


def write_given(given: Iterable[int], more: Iterable[TrackId]) -> str:
    """Write the marks of what was given and of what is given now, the latest 500."""
    marks = [*given, *map(mark, more)][-MOST_GIVEN:]
    return urlsafe_b64encode(b"".join(one.to_bytes(MARK_BYTES) for one in marks)).decode()


def read_given(text: str) -> tuple[int, ...]:
    """Read the marks back.

    Raises
    ------
    RefusedInputError
        If it is not what `write_given` wrote.
    """
    if not GIVEN.fullmatch(text):
        raise RefusedInputError(
            "after is no place in a radio.",
            hint="Give the `more` of the answer before, or leave it out to start anew.",
        )
    data = urlsafe_b64decode(text)
    starts = range(0, len(data), MARK_BYTES)
    return tuple(int.from_bytes(data[start : start + MARK_BYTES]) for start in starts)
