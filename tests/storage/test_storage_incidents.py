"""Incidents: one per set of causes, each step once, a timeline that only grows."""

import asyncio
from dataclasses import replace

import pytest

from harmonyhub.domain.errors import ConflictError
from harmonyhub.domain.findings import Finding, Owner, Severity
from harmonyhub.domain.incidents import Diagnosis, Event, EventKind, Incident
from harmonyhub.storage.store import Store
from tests.conftest import NOW


def finding(check_id: str) -> Finding:
    """Make what a check found, with every field set."""
    return Finding(
        check_id=check_id,
        severity=Severity.ERROR,
        owner=Owner.OPERATOR,
        message="Spotify rejects the credentials.",
        fix="Correct it.",
        variable="HARMONYHUB_SPOTIFY_CLIENT_SECRET",
        provenance=".env line 7",
        evidence="400 invalid_client",
        is_proven=True,
    )


def diagnosis(*check_ids: str) -> Diagnosis:
    """Make a diagnosis, with every field set."""
    return Diagnosis(
        causes=tuple(finding(check_id) for check_id in check_ids or ("HH101",)),
        failing_since=NOW - 2,
        blocked=(finding("HH104"),),
        release=42,
        changed=("HARMONYHUB_SPOTIFY_CLIENT_SECRET",),
        n_users_affected=200,
        n_users_known=200,
        ruled_out=("MongoDB answers in 2 ms.",),
    )


async def kinds(store: Store, incident: Incident) -> list[EventKind]:
    """Tell what happened in the life of an incident."""
    found = await store.incidents.get(incident.id)
    assert found is not None
    return [event.kind for event in found.timeline]


async def test_incident_comes_back_as_it_was_opened(store: Store) -> None:
    """An incident keeps its whole diagnosis and begins its timeline with the headline."""
    opened = await store.incidents.open(diagnosis(), now=NOW)
    headline = "HH101 Spotify rejects the credentials."
    expected = Incident(
        id=opened.id,
        diagnosis=diagnosis(),
        opened_at=NOW,
        timeline=(Event(NOW, EventKind.OPENED, headline),),
    )
    assert expected == opened
    assert expected == await store.incidents.get(opened.id)
    assert await store.incidents.get("unknown") is None


async def test_same_causes_are_one_incident(store: Store) -> None:
    """Twenty who see the same causes at once open one incident; other causes open another."""
    opened = await asyncio.gather(
        *(store.incidents.open(diagnosis("HH101"), now=NOW) for _ in range(20))
    )
    assert 1 == len({incident.id for incident in opened})
    assert 1 == await store._database["incidents"].count_documents({})
    other = await store.incidents.open(diagnosis("HH101", "HH201"), now=NOW + 1)
    assert [opened[0].id, other.id] == [one.id for one in await store.incidents.current()]


async def test_causes_that_come_back_open_anew(store: Store) -> None:
    """After its resolution an incident stays as it is, and the same causes open the next."""
    first = await store.incidents.open(diagnosis(), now=NOW)
    resolved = await store.incidents.resolve(first.id, now=NOW + 60, text="Works again.")
    assert resolved is not None
    assert (NOW + 60, "Works again.", False) == (
        resolved.resolved_at,
        resolved.resolution,
        resolved.is_open,
    )
    second = await store.incidents.open(diagnosis(), now=NOW + 90)
    assert [second.id] == [one.id for one in await store.incidents.current()]
    assert [second.id, first.id] == [one.id for one in await store.incidents.recent(9)]
    assert [second.id] == [one.id for one in await store.incidents.recent(1)]


async def test_nothing_changes_after_the_end(store: Store) -> None:
    """A resolved incident cannot be resolved, acknowledged, notified or diagnosed again."""
    incident = await store.incidents.open(diagnosis(), now=NOW)
    resolved = await store.incidents.resolve(incident.id, now=NOW, text="over")
    assert [None] * 5 == [
        await store.incidents.resolve(incident.id, now=NOW + 1, text="again"),
        await store.incidents.acknowledge(incident.id, by="anna", now=NOW + 1),
        await store.incidents.mark_notified(incident.id, now=NOW + 1, text="sent"),
        await store.incidents.mark_escalated(incident.id, now=NOW + 1, text="sent"),
        await store.incidents.update_diagnosis(incident.id, diagnosis(), now=NOW + 1),
    ]
    assert resolved == await store.incidents.get(incident.id)


async def test_each_step_is_made_once(store: Store) -> None:
    """Of many processes that make the same step one is told so, and the timeline has it once."""
    incident = await store.incidents.open(diagnosis(), now=NOW)
    steps = (
        lambda: store.incidents.mark_notified(incident.id, now=NOW + 1, text="ntfy"),
        lambda: store.incidents.mark_escalated(incident.id, now=NOW + 2, text="mail"),
        lambda: store.incidents.acknowledge(incident.id, by="anna", now=NOW + 3),
        lambda: store.incidents.resolve(incident.id, now=NOW + 4, text="over"),
    )
    for step in steps:
        made = await asyncio.gather(*(step() for _ in range(8)))
        assert 7 == made.count(None)
    assert [
        EventKind.OPENED,
        EventKind.NOTIFIED,
        EventKind.ESCALATED,
        EventKind.ACKNOWLEDGED,
        EventKind.RESOLVED,
    ] == await kinds(store, incident)


async def test_nobody_is_called_once_somebody_cares(store: Store) -> None:
    """An acknowledged incident is not escalated, and says who takes care of it."""
    incident = await store.incidents.open(diagnosis(), now=NOW)
    mine = await store.incidents.acknowledge(incident.id, by="anna", now=NOW + 5)
    assert mine is not None
    assert ("anna", NOW + 5) == (mine.acknowledged_by, mine.acknowledged_at)
    assert await store.incidents.mark_escalated(incident.id, now=NOW + 9, text="mail") is None


async def test_better_diagnosis_replaces_the_first(store: Store) -> None:
    """More facts change the diagnosis silently; other causes are told in the timeline."""
    incident = await store.incidents.open(diagnosis("HH103"), now=NOW)
    more = replace(diagnosis("HH103"), n_users_affected=7)
    same = await store.incidents.update_diagnosis(incident.id, more, now=NOW + 1)
    assert same is not None
    assert (more, 1) == (same.diagnosis, len(same.timeline))
    other = await store.incidents.update_diagnosis(incident.id, diagnosis("HH101"), now=NOW + 2)
    assert other is not None
    assert diagnosis("HH101") == other.diagnosis
    assert [EventKind.OPENED, EventKind.DIAGNOSED] == await kinds(store, incident)
    assert incident.id == (await store.incidents.open(diagnosis("HH101"), now=NOW + 3)).id


async def test_diagnosis_of_another_open_incident_is_refused(store: Store) -> None:
    """Two incidents never come to have the same causes; the second one keeps its own."""
    await store.incidents.open(diagnosis("HH101"), now=NOW)
    second = await store.incidents.open(diagnosis("HH103"), now=NOW)
    with pytest.raises(ConflictError, match="HH101"):
        await store.incidents.update_diagnosis(second.id, diagnosis("HH101"), now=NOW + 1)
    assert second == await store.incidents.get(second.id)


async def test_timeline_takes_events(store: Store) -> None:
    """A failed delivery is one more line of the timeline."""
    incident = await store.incidents.open(diagnosis(), now=NOW)
    event = Event(NOW + 3, EventKind.NOT_DELIVERED, "ntfy: 502")
    await store.incidents.add_event(incident.id, event)
    found = await store.incidents.get(incident.id)
    assert found is not None
    assert event == found.timeline[-1]
