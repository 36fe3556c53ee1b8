"""Listens, and the ledger that accounts for every line of an import."""

from dataclasses import dataclass, field
from enum import StrEnum

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.music import TrackDescription


class SourceKind(StrEnum):
    """Where listens come from; the value is stored with each listen."""

    SPOTIFY_EXTENDED = "spotify-extended"
    SPOTIFY_ACCOUNT = "spotify-account"
    LISTENBRAINZ = "listenbrainz"
    LASTFM = "lastfm"
    EXPORTIFY = "exportify"
    DEMO = "demo"
    SPOTIFY_SYNC = "spotify-sync"  # what a synchronization told; never stored among listens


class Outcome(StrEnum):
    """What became of one line of an import; every line has exactly one."""

    KEPT = "kept"
    DUPLICATE = "duplicate"
    TOO_SHORT = "too_short"
    NOT_MUSIC = "not_music"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line (record) of a source, translated at its door.

    Parameters
    ----------
    number : int
        Position in the import, 1 and up, unique in one import and the same at every reading of
        the same file: an interrupted import continues by it.
    outcome : Outcome
        `KEPT` here means "is a listen worth keeping"; only the store can say `DUPLICATE`.
    played_at : int or None
        Start of the play, unix seconds UTC. Never None where outcome is KEPT.
    played_ms : int or None
        How long it played, milliseconds, where the source tells.
    track : TrackDescription or None
        Never None where outcome is KEPT.
    reason : str
        Why it was not kept, for the person who downloads the group. Holds no IP address, no
        user agent and no raw text of the line.
    is_skipped : bool or None
        Whether the listener skipped it, where the source tells.
    """

    number: int
    outcome: Outcome
    played_at: int | None = None
    played_ms: int | None = None
    track: TrackDescription | None = None
    reason: str = ""
    is_skipped: bool | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of an import; balances by construction: `lines` is their sum."""

    kept: int = 0
    duplicate: int = 0
    too_short: int = 0
    not_music: int = 0
    unreadable: int = 0

    @property
    def lines(self) -> int:
        """Lines read: kept + duplicate + too short + not music + unreadable."""
        return self.kept + self.duplicate + self.too_short + self.not_music + self.unreadable

    def __add__(self, other: "Tally") -> "Tally":
        """Add two tallies, group by group."""
        return Tally(
            kept=self.kept + other.kept,
            duplicate=self.duplicate + other.duplicate,
            too_short=self.too_short + other.too_short,
            not_music=self.not_music + other.not_music,
            unreadable=self.unreadable + other.unreadable,
        )


class LedgerState(StrEnum):
    """How far an import is."""

    RUNNING = "running"
    COMPLETE = "complete"
    PARTIAL = "partial"  # the file broke off; what could be read is kept
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Ledger:
    """The account of one import. Times are unix seconds UTC."""

    id: LedgerId
    user_id: UserId
    file_name: str
    source: SourceKind | None
    state: LedgerState
    started_at: int
    tally: Tally = field(default_factory=Tally)
    finished_at: int | None = None
    note: str = ""
