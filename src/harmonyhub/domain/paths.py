"""A way from one track to another: tracks of which each is near the one before."""

from dataclasses import dataclass
from enum import StrEnum

from harmonyhub.domain.recommendations import Reason, RecommendedTrack

SHORTEST, LONGEST = 3, 50  # tracks of a path, both ends counted


class WayBy(StrEnum):
    """What may make two neighbours of a path near."""

    ALL = "all"  # listeners, knowledge packs, sound, tags
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Step:
    """One track of a path.

    Attributes
    ----------
    progress : float
        Where it stands between both ends: 0 is the first, 1 the last.
    reason : Reason or None
        What makes it near the track before; None for the first.
    """

    track: RecommendedTrack
    progress: float
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Path:
    """The way, or none and in words why; `index_version` says by which training."""

    steps: tuple[Step, ...]
    note: str
    index_version: str | None = None
