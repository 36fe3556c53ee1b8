"""What the watch decides, on diagnoses made by hand."""

from dataclasses import replace

from harmonyhub.domain.findings import Finding, Owner, Severity
from harmonyhub.domain.incidents import Diagnosis, Event, EventKind, Incident
from harmonyhub.domain.upstreams import Outcome, UpstreamState
from harmonyhub.flows.watch_rules import (
    Deliver,
    Escalate,
    Open,
    Resolve,
    Sight,
    Update,
    decide,
    wants_diagnosis,
)

NOW = 1_723_600_000
ID, SECRET = "HARMONYHUB_SPOTIFY_CLIENT_ID", "HARMONYHUB_SPOTIFY_CLIENT_SECRET"


def finding(check_id: str = "HH101", variable: str = SECRET, *, is_proven: bool = False) -> Finding:
    """Give a cause."""
    return Finding(
        check_id=check_id,
        severity=Severity.ERROR,
        owner=Owner.OPERATOR,
        message="rejected",
        fix="set it right",
        variable=variable,
        is_proven=is_proven,
    )


def diagnosis(*causes: Finding) -> Diagnosis:
    """Give a diagnosis of these causes."""
    return Diagnosis(causes=causes or (finding(),), failing_since=NOW)


def incident(**changes: object) -> Incident:
    """Give an open incident that was told about."""
    made = Incident(id="i1", diagnosis=diagnosis(), opened_at=NOW, notified_at=NOW)
    return replace(made, **changes)  # type: ignore[arg-type]


def act(sight: Sight, *incidents: Incident, now: int = NOW) -> tuple[object, ...]:
    """Decide with an escalation after 15 minutes."""
    return decide(sight, incidents, now=now, escalate_after_s=900)


def test_a_new_cause_opens_one_incident() -> None:
    """A cause opens an incident; the same cause seen again opens no second one."""
    assert (Open(diagnosis()),) == act(Sight(diagnosis=diagnosis()))
    assert () == act(Sight(diagnosis=diagnosis()), incident())


def test_nothing_seen_wakes_nobody() -> None:
    """Without a cause of the operator's nothing is opened, whatever passed or not."""
    assert () == act(Sight(diagnosis=None))


def test_another_cause_is_another_incident() -> None:
    """A database that fails while a key is wrong is told on its own."""
    other = diagnosis(finding("HH203", "HARMONYHUB_MONGODB_URI"))
    assert (Open(other),) == act(Sight(diagnosis=other), incident())


def test_a_proof_is_written_down_and_not_told_again() -> None:
    """A proof of the variable that was named already makes no second message."""
    proven = diagnosis(finding(is_proven=True))
    assert (Update("i1", proven, is_told=False),) == act(Sight(diagnosis=proven), incident())
    assert () == act(Sight(diagnosis=diagnosis()), incident(diagnosis=proven))


def test_another_variable_is_told() -> None:
    """A message that named the wrong variable is put right by another."""
    other = diagnosis(finding(variable=ID, is_proven=True))
    assert (Update("i1", other, is_told=True),) == act(Sight(diagnosis=other), incident())


def test_only_a_check_that_passes_resolves() -> None:
    """An upstream that is down meanwhile proves nothing; the incident stays open."""
    assert () == act(Sight(diagnosis=None), incident())
    assert (Resolve("i1"),) == act(Sight(diagnosis=None, passed=frozenset({"HH101"})), incident())


def test_two_causes_resolve_together() -> None:
    """An incident with two causes ends when both checks pass."""
    both = incident(diagnosis=diagnosis(finding(), finding("HH203", "HARMONYHUB_MONGODB_URI")))
    assert () == act(Sight(diagnosis=None, passed=frozenset({"HH101"})), both)
    assert (Resolve("i1"),) == act(
        Sight(diagnosis=None, passed=frozenset({"HH101", "HH203"})), both
    )


def test_silence_is_escalated_once() -> None:
    """The second contact is told once, after the set time, and not after an acknowledgement."""
    sight = Sight(diagnosis=diagnosis())
    assert () == act(sight, incident(), now=NOW + 899)
    assert (Escalate("i1"),) == act(sight, incident(), now=NOW + 900)
    assert () == act(sight, incident(escalated_at=NOW + 900), now=NOW + 2000)
    assert () == act(sight, incident(acknowledged_at=NOW + 10), now=NOW + 2000)


def test_a_lost_message_is_delivered_again_with_growing_waits() -> None:
    """A message that did not arrive is tried again after 2, 5, 15 ... seconds."""
    sight = Sight(diagnosis=diagnosis())
    once = (Event(NOW, EventKind.NOT_DELIVERED, "refused"),)
    twice = (*once, Event(NOW + 2, EventKind.NOT_DELIVERED, "refused"))
    assert (Deliver("i1"),) == act(sight, incident(notified_at=0))
    assert () == act(sight, incident(notified_at=0, timeline=once), now=NOW + 1)
    assert (Deliver("i1"),) == act(sight, incident(notified_at=0, timeline=once), now=NOW + 2)
    assert () == act(sight, incident(notified_at=0, timeline=twice), now=NOW + 6)
    assert (Deliver("i1"),) == act(sight, incident(notified_at=0, timeline=twice), now=NOW + 7)


def test_a_change_of_the_upstream_asks_for_a_diagnosis() -> None:
    """A latch without an incident, or an incident without a latch, is looked into at once."""
    latched = UpstreamState(name="spotify", latched=Outcome.CLIENT_REJECTED)
    free = UpstreamState(name="spotify")
    assert [True, False, True, False] == [
        wants_diagnosis(latched, []),
        wants_diagnosis(latched, [incident()]),
        wants_diagnosis(free, [incident()]),
        wants_diagnosis(free, []),
    ]
