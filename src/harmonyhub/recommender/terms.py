"""Terms: the parts that a score is the sum of, each with what of the listener it came from."""

from dataclasses import dataclass
from enum import Enum, auto


class TermKind(Enum):
    """What `Term.place` points at."""

    TRACK = auto()  # a position in the profile
    ARTIST = auto()  # an artist of the index
    TAG = auto()  # a tag of the index
    OWN = auto()  # a position in the profile, of the item itself
    POPULAR = auto()  # the item itself, a track of the index


@dataclass(frozen=True, slots=True)
class Term:
    """One part of one item's score, over 0; taking `place` out of the history removes it."""

    kind: TermKind
    value: float
    place: int
