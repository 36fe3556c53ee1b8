"""How fresh what we have from an upstream is, as said to everybody: nothing in it is secret."""

from dataclasses import dataclass
from enum import StrEnum

from harmonyhub.domain.findings import Owner
from harmonyhub.domain.upstreams import UpstreamState


class SourceState(StrEnum):
    """What an upstream does for us now; a closed set, so that it may be a label of a metric."""

    CURRENT = "current"
    UNTRIED = "untried"
    FAILING = "failing"
    HELD = "held"
    REJECTED = "rejected"


NOTES = {
    SourceState.CURRENT: "answers.",
    SourceState.UNTRIED: "was not asked yet.",
    SourceState.FAILING: "does not answer; what you see is from before.",
    SourceState.HELD: "asked us to wait; what you see is from before.",
    SourceState.REJECTED: "rejects this service; what you see is from before.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFreshness:
    """One upstream as a reader is told of it; times are unix seconds UTC, None for never.

    Attributes
    ----------
    answered_at : int or None
        When it last gave what was asked.
    since : int or None
        Since when it fails or rejects us.
    until : int or None
        Until when it asked us to wait.
    """

    name: str
    state: SourceState
    note: str
    answered_at: int | None = None
    since: int | None = None
    until: int | None = None

    @property
    def is_current(self) -> bool:
        """Whether nothing keeps new data away."""
        return self.state in {SourceState.CURRENT, SourceState.UNTRIED}


def judge_source(state: UpstreamState, *, now: int, title: str) -> SourceFreshness:
    """Say how fresh an upstream's data is.

    Parameters
    ----------
    title : str
        The upstream's name for people: "Spotify".
    """
    kind, since, until = _judge(state, now)
    return SourceFreshness(
        name=state.name,
        state=kind,
        note=f"{title} {NOTES[kind]}",
        answered_at=state.last_ok_at or None,
        since=since or None,
        until=until or None,
    )


def _judge(state: UpstreamState, now: int) -> tuple[SourceState, int, int]:
    if state.latched is not None:
        return SourceState.REJECTED, state.latched_since, 0
    if state.not_before > now:
        return SourceState.HELD, 0, state.not_before
    is_theirs = state.last_outcome.owner in {Owner.UPSTREAM, Owner.NETWORK}
    if state.n_failures and is_theirs:
        return SourceState.FAILING, state.failing_since, 0
    return (SourceState.CURRENT if state.last_ok_at else SourceState.UNTRIED), 0, 0
