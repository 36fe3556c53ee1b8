"""What to do after each answer of an upstream, by whose fault it is: one pure state machine."""

from dataclasses import dataclass, replace
from enum import StrEnum

from harmonyhub.domain.findings import Owner
from harmonyhub.domain.upstreams import Observation, Outcome, UpstreamState

# Of the accounts service; every other operation is one of the API.
ISSUE_APP_TOKEN = "issue-app-token"  # noqa: S105 - an operation
EXCHANGE_CODE = "exchange-code"
REFRESH = "refresh"
TOKEN_OPERATIONS = frozenset({ISSUE_APP_TOKEN, EXCHANGE_CODE, REFRESH})

PROBE_EVERY_S = 30  # up to twice that with the jitter: at most two calls a minute
BREAK_AFTER = 3
BREAK_S = 5
MAX_BREAK_S = 60
MAX_HOLD_S = 26 * 3600  # a daily quota with two hours to spare; more is a mistake of the upstream
# Where the upstream does not say how long: its rate limit rolls over 30 s.
DEFAULT_HOLD_S = {Outcome.RATE_LIMITED: 30, Outcome.QUOTA_EXCEEDED: 3600}
MAX_RETRY_BUDGET = 10.0
RETRY_EARNED = 0.1
# Many users refused within so long are refused because of the app.
BRAKE_WINDOW_S = 300


class Gate(StrEnum):
    """Whether a call may leave."""

    GO = "go"
    LATCHED = "latched"
    HELD = "held"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a call may leave, and until when not (unix seconds UTC; 0 where it may).

    LATCHED and OPEN let one probe of the whole fleet through at `until`; HELD lets nobody.
    """

    gate: Gate
    until: int = 0

    @property
    def is_go(self) -> bool:
        """Whether it may leave."""
        return self.gate is Gate.GO

    @property
    def lets_probe(self) -> bool:
        """Whether a probe may leave, if its time has come."""
        return self.gate is not Gate.HELD


def permit(state: UpstreamState, *, fingerprint: str, now: int) -> Permission:
    """Decide whether an ordinary call may leave.

    Parameters
    ----------
    fingerprint : str
        That of the credentials in use: a latch is for the ones that were refused only.
    """
    if state.not_before > now:
        return Permission(Gate.HELD, state.not_before)
    # Also while `latched` is None: a process with other credentials has success, these have not.
    if state.latched_fingerprint and state.latched_fingerprint == fingerprint:
        return Permission(Gate.LATCHED, state.next_probe_at)
    if state.breaker_until > now:
        return Permission(Gate.OPEN, state.next_probe_at)
    return Permission(Gate.GO)


def next_probe_at(gate: Gate, *, now: int, jitter: float) -> int:
    """Tell when the fleet may probe next, after a probe at `now`.

    Parameters
    ----------
    jitter : float
        In [0, 1): spreads the probes of many fleets.
    """
    wait_s = BREAK_S if gate is Gate.OPEN else PROBE_EVERY_S
    return now + wait_s + int(wait_s * jitter)


def after(
    state: UpstreamState, observation: Observation, *, fingerprint: str, jitter: float
) -> UpstreamState:
    """Give the state that follows from one call.

    An observation whose owner is the operator latches: give it confirmed by a second call.

    Parameters
    ----------
    fingerprint : str
        That of the credentials that made the call.
    jitter : float
        In [0, 1).
    """
    owner = observation.outcome.owner
    if owner is None:
        return _after_success(state, observation, fingerprint)
    if owner is Owner.USER:
        # One user's matter, but it was an answer: neither network nor upstream is broken.
        return replace(state, n_failures=0, breaker_until=0)
    failed = replace(
        state,
        failing_since=state.failing_since or observation.at,
        last_outcome=observation.outcome,
        last_evidence=observation.evidence,
    )
    if owner is Owner.OPERATOR:
        return _latch(failed, observation, fingerprint=fingerprint, jitter=jitter)
    if owner is Owner.QUOTA:
        return _hold(failed, observation)
    return _count_failure(failed, observation, jitter=jitter)


def take_retry(state: UpstreamState) -> UpstreamState:
    """Pay for one retry; the state stays as it is where the budget does not allow it."""
    if state.retry_budget < 1:
        return state
    return replace(state, retry_budget=state.retry_budget - 1)


def _after_success(
    state: UpstreamState, observation: Observation, fingerprint: str
) -> UpstreamState:
    budget = min(MAX_RETRY_BUDGET, state.retry_budget + RETRY_EARNED)
    is_refused = state.latched_fingerprint == fingerprint
    if not _clears(state.latched, observation.operation, is_refused=is_refused):
        return replace(state, n_failures=0, breaker_until=0, retry_budget=budget)
    return replace(
        state,
        n_failures=0,
        breaker_until=0,
        retry_budget=budget,
        latched=None,
        latched_fingerprint="" if is_refused else state.latched_fingerprint,
        latched_since=0,
        failing_since=0,
        last_ok_at=max(state.last_ok_at, observation.at),
        last_outcome=Outcome.OK,
        last_evidence="",
    )


def _clears(latched: Outcome | None, operation: str, *, is_refused: bool) -> bool:
    """Tell whether the success of an operation ends what is latched, if anything is."""
    if latched is None:
        return not is_refused or operation in TOKEN_OPERATIONS
    if latched is Outcome.FOREIGN_APP and not is_refused:
        return operation in TOKEN_OPERATIONS
    return _proves_over(latched, operation)


def _proves_over(latched: Outcome, operation: str) -> bool:
    """Tell whether the success of an operation proves that a fault is over.

    An access token lives on for an hour after its secret was revoked, so an answer of the API says
    nothing about the credentials; and those of another app are issued tokens as well, so that only
    a user's refresh says that they are the right ones.
    """
    if latched is Outcome.CLIENT_REJECTED:
        return operation in TOKEN_OPERATIONS
    if latched is Outcome.FOREIGN_APP:
        return operation == REFRESH
    return operation not in TOKEN_OPERATIONS


def _latch(
    state: UpstreamState, observation: Observation, *, fingerprint: str, jitter: float
) -> UpstreamState:
    is_same = (state.latched, state.latched_fingerprint) == (observation.outcome, fingerprint)
    return replace(
        state,
        latched=observation.outcome,
        latched_fingerprint=fingerprint,
        latched_since=state.latched_since if is_same else observation.at,
        next_probe_at=next_probe_at(Gate.LATCHED, now=observation.at, jitter=jitter),
        n_failures=0,
        breaker_until=0,
    )


def _hold(state: UpstreamState, observation: Observation) -> UpstreamState:
    asked_s = observation.retry_after_s
    wait_s = DEFAULT_HOLD_S[observation.outcome] if asked_s is None else asked_s
    until = observation.at + min(max(wait_s, 1), MAX_HOLD_S)
    return replace(state, not_before=max(state.not_before, until), n_failures=0, breaker_until=0)


def _count_failure(
    state: UpstreamState, observation: Observation, *, jitter: float
) -> UpstreamState:
    failed = replace(state, n_failures=state.n_failures + 1)
    n_doublings = failed.n_failures - BREAK_AFTER
    if n_doublings < 0:
        return failed
    wait_s = min(BREAK_S * 2 ** min(n_doublings, 10), MAX_BREAK_S)
    probe_at = next_probe_at(Gate.OPEN, now=observation.at, jitter=jitter)
    return replace(
        failed,
        breaker_until=max(state.breaker_until, observation.at + wait_s),
        next_probe_at=max(state.next_probe_at, probe_at),
    )
