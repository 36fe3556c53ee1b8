"""What the watch does with what it sees: pure, so that a month can be replayed on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from harmonyhub.domain.incidents import Diagnosis, EventKind, Incident
from harmonyhub.domain.upstreams import UpstreamState

REDELIVER_S = (2, 5, 15, 30, 60)  # waits between tries to deliver one message; the last repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the watch sees at one moment.

    Attributes
    ----------
    diagnosis : Diagnosis or None
        The operator's faults, each confirmed; None where there is none. What is the fault of
        quota, one user, upstream or network is never in it: nobody is woken for that.
    passed : frozenset of str
        Ids of the checks that passed lately. A check that could not be made is not in it.
    """

    diagnosis: Diagnosis | None
    passed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Open:
    """Open an incident and tell about it."""

    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class Update:
    """Write a better diagnosis into an open incident; tell where another variable is named."""

    incident_id: str
    diagnosis: Diagnosis
    is_told: bool


@dataclass(frozen=True, slots=True)
class Resolve:
    """Close an incident whose checks pass again, and tell."""

    incident_id: str


@dataclass(frozen=True, slots=True)
class Deliver:
    """Try again to deliver a message that did not arrive."""

    incident_id: str


@dataclass(frozen=True, slots=True)
class Escalate:
    """Tell the second contact: nobody has acknowledged."""

    incident_id: str


Action = Open | Update | Resolve | Deliver | Escalate


def decide(
    sight: Sight, incidents: Sequence[Incident], *, now: int, escalate_after_s: int
) -> tuple[Action, ...]:
    """Decide what to do with the open incidents, given what is seen now.

    Parameters
    ----------
    incidents : sequence of Incident
        Those that are open.
    now : int
        Unix seconds UTC.
    """
    actions: list[Action] = []
    is_known = False
    for incident in incidents:
        if sight.diagnosis is not None and is_same(incident.diagnosis, sight.diagnosis):
            is_known = True
            actions += _improve(incident, sight.diagnosis)
        elif _cause_ids(incident.diagnosis) <= sight.passed:
            actions.append(Resolve(incident.id))
            continue
        actions += _remind(incident, now=now, escalate_after_s=escalate_after_s)
    if sight.diagnosis is not None and not is_known:
        actions.append(Open(sight.diagnosis))
    return tuple(actions)


def is_same(one: Diagnosis, other: Diagnosis) -> bool:
    """Tell whether two diagnoses are of one incident: they share the check of a cause."""
    return not _cause_ids(one).isdisjoint(_cause_ids(other))


def wants_diagnosis(state: UpstreamState, incidents: Sequence[Incident]) -> bool:
    """Tell whether the state of an upstream says something else than the open incidents do."""
    is_told = any(
        finding.check_id.startswith("HH1")
        for incident in incidents
        for finding in incident.diagnosis.causes
    )
    return (state.latched is not None) != is_told


def _improve(incident: Incident, diagnosis: Diagnosis) -> list[Action]:
    before, now = incident.diagnosis, diagnosis
    if _named(before) == _named(now) and _proven(now) <= _proven(before):
        return []
    # A better proof of the same variable is written down; only another variable is worth a message.
    is_told = _variables(now) != _variables(before)
    return [Update(incident.id, diagnosis, is_told)]


def _remind(incident: Incident, *, now: int, escalate_after_s: int) -> list[Action]:
    if incident.notified_at == 0:
        tries = [event.at for event in incident.timeline if event.kind is EventKind.NOT_DELIVERED]
        wait_s = REDELIVER_S[min(len(tries), len(REDELIVER_S)) - 1] if tries else 0
        return [Deliver(incident.id)] if not tries or now - tries[-1] >= wait_s else []
    is_waiting = incident.acknowledged_at == 0 and incident.escalated_at == 0
    if is_waiting and now - incident.notified_at >= escalate_after_s:
        return [Escalate(incident.id)]
    return []


def _cause_ids(diagnosis: Diagnosis) -> frozenset[str]:
    return frozenset(finding.check_id for finding in diagnosis.causes)


def _named(diagnosis: Diagnosis) -> frozenset[tuple[str, str | None]]:
    return frozenset((finding.check_id, finding.variable) for finding in diagnosis.causes)


def _variables(diagnosis: Diagnosis) -> frozenset[str]:
    return frozenset(finding.variable for finding in diagnosis.causes if finding.variable)


def _proven(diagnosis: Diagnosis) -> frozenset[str]:
    return frozenset(
        finding.variable for finding in diagnosis.causes if finding.is_proven and finding.variable
    )
