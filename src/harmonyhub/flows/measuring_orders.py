"""What is said between the process that wants files measured and one that measures them."""

import msgspec

from harmonyhub.domain.analysis import AudioTags, TrackAnalysis
from harmonyhub.domain.ids import AudioHash

LENGTH_BYTES = 4  # before each message, big-endian


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with one file: read its identity only, or measure it too.

    `path` is in the bytes of the file system; `cpu_s` is how many seconds of processor time it
    may take before the process is ended.
    """

    path: bytes
    cpu_s: int
    is_to_be_measured: bool


class Identified(msgspec.Struct, frozen=True, tag=True):
    """The identity of a file's audio, and its tags."""

    audio_hash: AudioHash
    tags: AudioTags


class Measured(msgspec.Struct, frozen=True, tag=True):
    """All that was measured."""

    analysis: TrackAnalysis


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why the file cannot be measured, and what to do."""

    message: str
    hint: str


Answer = Identified | Measured | Refused


def frame(message: Order | Answer) -> bytes:
    """Write a message with its length before it."""
    packed = msgspec.msgpack.encode(message)
    return len(packed).to_bytes(LENGTH_BYTES, "big") + packed
