"""An incident: what is wrong in one message, since when, and what was done about it."""

from dataclasses import dataclass
from enum import StrEnum

from harmonyhub.domain.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything that an on-call engineer needs to know, in one piece.

    Attributes
    ----------
    causes : tuple of Finding
        At least one; the first leads. Each says itself whether it is proven.
    blocked : tuple of Finding
        What fails only because a cause fails.
    release : int or None
        The release that runs; None where it was started without the ledger.
    changed : tuple of str
        Names of the variables that this release changed.
    n_users_affected, n_users_known : int
        Of the users known, how many cannot be synchronized now. Reading pages is not affected.
    ruled_out : tuple of str
        What was looked at and is fine, each as a short sentence.
    """

    causes: tuple[Finding, ...]
    failing_since: int
    blocked: tuple[Finding, ...] = ()
    release: int | None = None
    changed: tuple[str, ...] = ()
    n_users_affected: int = 0
    n_users_known: int = 0
    ruled_out: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What makes two diagnoses the same incident: the checks that name the causes."""
        return "+".join(sorted({finding.check_id for finding in self.causes}))


class EventKind(StrEnum):
    """What happened in the life of an incident."""

    OPENED = "opened"
    DIAGNOSED = "diagnosed"
    NOTIFIED = "notified"
    NOT_DELIVERED = "not-delivered"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an incident's timeline; `at` in unix seconds UTC."""

    at: int
    kind: EventKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident from the first failure to its resolution; times 0 while not reached."""

    id: str
    diagnosis: Diagnosis
    opened_at: int
    notified_at: int = 0
    acknowledged_at: int = 0
    acknowledged_by: str = ""
    escalated_at: int = 0
    resolved_at: int = 0
    resolution: str = ""
    timeline: tuple[Event, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is not resolved yet."""
        return self.resolved_at == 0
