"""What is said between the process that wants files measured and one that measures them."""

from enum import StrEnum

import msgspec

from harmonyhub.domain.analysis import AudioTags, TrackAnalysis
from harmonyhub.domain.ids import AudioHash
from harmonyhub.domain.sound_tags import HeardTags

LENGTH_BYTES = 4  # before each message, big-endian


class Task(StrEnum):
    """Read its identity, measure all of it or the basics of excerpts, or hear its tags alone."""

    IDENTIFY = "identify"
    BASICS = "basics"
    MEASURE = "measure"
    TAG = "tag"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with one file.

    `path` is in the bytes of the file system; `cpu_s` is how many seconds of processor time it
    may take before the process is ended.
    """

    path: bytes
    cpu_s: int
    task: Task


class Identified(msgspec.Struct, frozen=True, tag=True):
    """The identity of a file's audio, and its tags."""

    audio_hash: AudioHash
    tags: AudioTags


class Measured(msgspec.Struct, frozen=True, tag=True):
    """All that was measured, or the basics."""

    analysis: TrackAnalysis


class Tagged(msgspec.Struct, frozen=True, tag=True):
    """What the tagging networks heard; None where they are not installed."""

    heard_tags: HeardTags | None


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why the file cannot be measured, and what to do."""

    message: str
    hint: str


Answer = Identified | Measured | Tagged | Refused


def frame(message: Order | Answer) -> bytes:
    """Write a message with its length before it."""
    packed = msgspec.msgpack.encode(message)
    return len(packed).to_bytes(LENGTH_BYTES, "big") + packed
