"""What people read about an incident."""

from dataclasses import replace

import pytest

from harmonyhub.domain.findings import Finding, Owner, Severity
from harmonyhub.domain.incident_text import (
    alert_text,
    escalation_text,
    headline,
    postmortem,
    public_text,
    resolved_text,
)
from harmonyhub.domain.incidents import Diagnosis, Event, EventKind, Incident

SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
START = 1_723_629_600  # 2024-08-14 10:00 UTC
CAUSE = Finding(
    check_id="HH101",
    severity=Severity.ERROR,
    owner=Owner.OPERATOR,
    message="Spotify rejects the credentials.",
    fix="Write the right secret into its file.",
    variable=SECRET,
    provenance=".env line 7",
    evidence="400 invalid_client; with the secret that worked last it is accepted",
    is_proven=True,
)
DIAGNOSIS = Diagnosis(
    causes=(CAUSE,),
    failing_since=START,
    release=12,
    changed=(SECRET,),
    n_users_affected=140,
    n_users_known=200,
    ruled_out=("MongoDB answers", "CPU, memory and disk are fine"),
)
INCIDENT = Incident(
    id="3fa91c02",
    diagnosis=DIAGNOSIS,
    opened_at=START + 3,
    notified_at=START + 4,
    timeline=(
        Event(START + 3, EventKind.OPENED, "HH101"),
        Event(START + 4, EventKind.NOTIFIED, "1 address"),
    ),
)
OVER = replace(INCIDENT, resolved_at=START + 900, resolution="HH101 passes again")


def test_title_names_cause_variable_and_proof() -> None:
    """The title alone says what is wrong, in which variable, and that it is proven."""
    title, _ = alert_text(INCIDENT)
    assert f"HarmonyHub: Spotify rejects the credentials: {SECRET} (proven)" == title


def test_title_names_a_variable_once() -> None:
    """A variable that the sentence names already is not repeated."""
    cause = replace(CAUSE, message=f"Spotify rejects {SECRET}.", is_proven=False)
    title, _ = alert_text(replace(INCIDENT, diagnosis=replace(DIAGNOSIS, causes=(cause,))))
    assert f"HarmonyHub: Spotify rejects {SECRET}" == title


def test_body_is_the_diagnosis() -> None:
    """The body holds each fact that an on-call engineer needs, one per line."""
    _, body = alert_text(INCIDENT)
    assert body.splitlines() == [
        "Fails:     HH101 Spotify rejects the credentials.",
        f"Variable:  {SECRET}, from .env line 7 (proven)",
        "Seen:      400 invalid_client; with the secret that worked last it is accepted",
        "Do:        Write the right secret into its file.",
        "Runbook:   docs/runbooks/HH101.md",
        "Since:     2024-08-14 10:00:00 UTC",
        f"Release:   12, which changed {SECRET}",
        "Users:     140 of 200 (70%) cannot be synchronized; pages keep working from stored data",
        "Ruled out: MongoDB answers; CPU, memory and disk are fine",
        (
            "Incident:  3fa91c02; `harmonyhub incident acknowledge 3fa91c02` takes it,"
            " `harmonyhub why` shows it"
        ),
    ]


def test_unproven_cause_is_called_likely() -> None:
    """Without a counterfactual nothing in the alert says proven of itself."""
    diagnosis = replace(DIAGNOSIS, causes=(replace(CAUSE, is_proven=False),))
    title, body = alert_text(replace(INCIDENT, diagnosis=diagnosis))
    assert "proven" not in title
    assert f"{SECRET}, from .env line 7 (likely, not proven)" in body


def test_two_causes_both_stand_in_title_and_body() -> None:
    """Where two settings are wrong the same message names both."""
    other = replace(
        CAUSE, check_id="HH202", message="Another database.", variable="HARMONYHUB_MONGODB_URI"
    )
    title, body = alert_text(replace(INCIDENT, diagnosis=replace(DIAGNOSIS, causes=(CAUSE, other))))
    assert [True, True] == [name in title for name in (SECRET, "HARMONYHUB_MONGODB_URI")]
    assert "docs/runbooks/HH202.md" in body


def test_what_only_follows_is_told_as_such() -> None:
    """A check that fails only behind the cause is a line of its own, not a cause."""
    blocked = (replace(CAUSE, check_id="HH104", message="The API cannot be asked."),)
    title, body = alert_text(replace(INCIDENT, diagnosis=replace(DIAGNOSIS, blocked=blocked)))
    assert "Follows:   HH104 The API cannot be asked." in body
    assert "HH104" not in title


def test_house_without_users_and_ledger_says_so() -> None:
    """Zero known users divides nothing; a start without the ledger has no release."""
    diagnosis = Diagnosis(causes=(CAUSE,), failing_since=START)
    _, body = alert_text(replace(INCIDENT, diagnosis=diagnosis))
    assert "Users:     none is connected; pages keep working from stored data" in body
    assert "Release:   started without the release ledger" in body
    assert "Ruled out" not in body


def test_escalation_says_that_nobody_answered() -> None:
    """The second contact learns since when the first was told, and the whole diagnosis."""
    title, body = escalation_text(INCIDENT)
    assert title.startswith("HarmonyHub, not acknowledged: Spotify rejects")
    assert body == f"Told since 2024-08-14 10:00:04 UTC.\n{alert_text(INCIDENT)[1]}"


def test_end_tells_how_long_and_why() -> None:
    """The last message tells the duration and what ended it."""
    title, body = resolved_text(OVER)
    assert title.startswith("HarmonyHub, resolved after 15 min: Spotify rejects")
    assert "Ended by:  HH101 passes again" in body


def test_postmortem_has_all_sections() -> None:
    """The draft has what a postmortem needs, in the usual order."""
    text = postmortem(OVER, now=START + 5_000)
    titles = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "Summary",
        "Duration",
        "Impact",
        "Timeline",
        "Cause",
        "Ruled out",
        "Resolution",
        "Corrective tasks",
    ]


def test_postmortem_computes_impact_and_durations() -> None:
    """Share of users, user-minutes and times after the first failure are computed."""
    lines = postmortem(OVER, now=START + 5_000).splitlines()
    assert "Users: 140 of 200 (70%) could not be synchronized; pages keep working from stored" in (
        "\n".join(lines)
    )
    assert "At most 2100 user-minutes without fresh plays." in lines
    assert "| alert delivered | 2024-08-14 10:00:04 UTC | 4 s |" in lines
    assert "| acknowledged | never | |" in lines
    assert "Total: 15 min." in lines


def test_postmortem_of_an_open_incident_ends_now() -> None:
    """While it is open the draft counts until now and says that it is open."""
    text = postmortem(INCIDENT, now=START + 7_200)
    assert "It is open since 2 h." in text
    assert "## Resolution\nIt is still open." in text


@pytest.mark.parametrize(
    ("incident", "task"),
    [
        (OVER, f"Release 12 changed {SECRET}: find out why the deploy gate let it pass."),
        (replace(OVER, escalated_at=START + 904), "Nobody acknowledged in time"),
        (
            replace(OVER, timeline=(Event(START, EventKind.NOT_DELIVERED, "no connection"),)),
            "An alert was not delivered",
        ),
    ],
)
def test_corrective_tasks_follow_from_what_happened(incident: Incident, task: str) -> None:
    """Each weakness that the incident showed becomes a task."""
    assert f"- [ ] {task}" in postmortem(incident, now=START)


@pytest.mark.parametrize(
    ("seconds", "said"), [(119, "119 s"), (150, "2 min 30 s"), (6_300, "1 h 45 min")]
)
def test_durations_are_said_as_people_do(seconds: int, said: str) -> None:
    """Seconds, minutes or hours: what a person would say."""
    title, _ = resolved_text(replace(OVER, resolved_at=START + seconds))
    assert f"resolved after {said}:" in title


def test_everybody_reads_what_it_means_and_nothing_of_the_inside() -> None:
    """The public sentence names no variable, no check and no evidence."""
    text = public_text(INCIDENT)
    assert "New plays from Spotify do not come in; lists and pages keep working." == text
    assert [False] * 3 == [word in text for word in (SECRET, "HH101", "400")]


def test_operator_reads_the_same_line_as_in_the_alert() -> None:
    """The headline of the status page is that of the alert."""
    assert alert_text(INCIDENT)[0] == f"HarmonyHub: {headline(INCIDENT)}"
