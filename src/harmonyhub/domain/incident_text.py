"""Says an incident to people: the alert, the message that it is over, the postmortem's draft."""

from collections.abc import Iterable
from datetime import UTC, datetime

from harmonyhub.domain.findings import Finding
from harmonyhub.domain.incidents import Diagnosis, EventKind, Incident

PRODUCT = "HarmonyHub"
PAGES_STAY = "pages keep working from stored data"
# For everybody, by the hundred of the check: what it means for them, and nothing of the inside.
PUBLIC = {
    "HH0": "A setting of this service is wrong; what is stored keeps being served.",
    "HH1": "New plays from Spotify do not come in; lists and pages keep working.",
    "HH2": "The database has a problem; saving may fail.",
    "HH3": "Recommendations may be old or missing.",
    "HH4": "New analyses may fail.",
    "HH5": "The machine is short of something; answers may be slow.",
    "HH6": "Its operator cannot be called automatically; the service itself works.",
}


def alert_text(incident: Incident) -> tuple[str, str]:
    """Say what is wrong: the title names cause and variable, the body is the whole diagnosis."""
    return f"{PRODUCT}: {_headline(incident.diagnosis)}", _body(incident)


def diagnosis_text(diagnosis: Diagnosis) -> tuple[str, str]:
    """Say a diagnosis of which no incident was made."""
    return f"{PRODUCT}: {_headline(diagnosis)}", _lines(_diagnosis_facts(diagnosis))


def refusal_text(diagnosis: Diagnosis) -> tuple[str, str]:
    """Say why the service does not run."""
    return f"{PRODUCT} does not run: {_headline(diagnosis)}", storeless_text(diagnosis)[1]


def storeless_text(diagnosis: Diagnosis) -> tuple[str, str]:
    """Say a diagnosis made without the store: nothing of its users, nor since when it fails."""
    unknown = {"Since", "Users"} if diagnosis.release else {"Since", "Users", "Release"}
    facts = [fact for fact in _diagnosis_facts(diagnosis) if fact[0] not in unknown]
    return f"{PRODUCT}: {_headline(diagnosis)}", _lines(facts)


def escalation_text(incident: Incident) -> tuple[str, str]:
    """Say to the second contact that nobody has answered, and what is wrong."""
    title = f"{PRODUCT}, not acknowledged: {_headline(incident.diagnosis)}"
    return title, f"Told since {_moment(incident.notified_at)}.\n{_body(incident)}"


def headline(incident: Incident) -> str:
    """Say the causes in one line, for the operator."""
    return _headline(incident.diagnosis)


def public_text(incident: Incident) -> str:
    """Say what it means for people who use the service, without anything of its inside."""
    groups = sorted({cause.check_id[:3] for cause in incident.diagnosis.causes})
    return " ".join(PUBLIC.get(group, PUBLIC["HH0"]) for group in groups)


def resolved_text(incident: Incident) -> tuple[str, str]:
    """Say that it is over, how long it was and what ended it."""
    duration = _duration(incident.resolved_at - incident.diagnosis.failing_since)
    export = f"`harmonyhub incident export {incident.id}` drafts the postmortem"
    facts = [
        ("Since", _moment(incident.diagnosis.failing_since)),
        ("Until", f"{_moment(incident.resolved_at)}, {duration}"),
        ("Ended by", incident.resolution),
        ("Incident", f"{incident.id}; {export}"),
    ]
    title = f"{PRODUCT}, resolved after {duration}: {_headline(incident.diagnosis)}"
    return title, _lines(facts)


def postmortem(incident: Incident, *, now: int) -> str:
    """Draft a postmortem in Markdown from what was written down.

    Parameters
    ----------
    now : int
        Unix seconds UTC; the end of the time looked at while the incident is open.
    """
    diagnosis = incident.diagnosis
    sections = {
        "Summary": _summary(incident, now),
        "Duration": _durations(incident, now),
        "Impact": _impact(incident, now),
        "Timeline": [
            f"- {_moment(diagnosis.failing_since)}: first failure",
            *(
                f"- {_moment(event.at)}: {event.kind.value}{event.text and f': {event.text}'}"
                for event in incident.timeline
            ),
        ],
        "Cause": [line for cause in diagnosis.causes for line in _cause_lines(cause)],
        "Ruled out": [f"- {text}" for text in diagnosis.ruled_out] or ["Nothing was looked at."],
        "Resolution": [incident.resolution or "It is still open."],
        "Corrective tasks": [f"- [ ] {task}" for task in _tasks(incident)],
    }
    head = f"# Postmortem {incident.id}: {_headline(diagnosis)}"
    parts = [f"## {title}\n" + "\n".join(lines) for title, lines in sections.items()]
    return "\n\n".join([head, *parts]) + "\n"


def _headline(diagnosis: Diagnosis) -> str:
    return "; ".join(_cause(cause) for cause in diagnosis.causes)


def _cause(cause: Finding) -> str:
    """Say a cause in one line that always names its variable."""
    text = cause.message.rstrip(".")
    if cause.variable and cause.variable not in text:
        text = f"{text}: {cause.variable}"
    return f"{text} (proven)" if cause.is_proven else text


def _body(incident: Incident) -> str:
    take = f"`harmonyhub incident acknowledge {incident.id}` takes it"
    facts = [
        *_diagnosis_facts(incident.diagnosis),
        ("Incident", f"{incident.id}; {take}, `harmonyhub why` shows it"),
    ]
    return _lines(facts)


def _diagnosis_facts(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    return [
        *(fact for cause in diagnosis.causes for fact in _facts(cause)),
        ("Since", _moment(diagnosis.failing_since)),
        ("Release", _release(diagnosis)),
        ("Users", f"{_users(diagnosis, verb='cannot')}; {PAGES_STAY}"),
        *(("Follows", f"{found.check_id} {found.message}") for found in diagnosis.blocked),
        ("Ruled out", "; ".join(diagnosis.ruled_out)),
    ]


def _lines(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{title + ':':<10} {text}" for title, text in facts if text)


def _facts(cause: Finding) -> list[tuple[str, str]]:
    return [
        ("Fails", f"{cause.check_id} {cause.message}"),
        ("Variable", _variable(cause)),
        ("Seen", cause.evidence),
        ("Do", cause.fix),
        ("Runbook", f"docs/runbooks/{cause.check_id}.md"),
    ]


def _variable(cause: Finding) -> str:
    if not cause.variable:
        return ""
    origin = f", from {cause.provenance}" if cause.provenance else ""
    certainty = "proven" if cause.is_proven else "likely, not proven"
    return f"{cause.variable}{origin} ({certainty})"


def _release(diagnosis: Diagnosis) -> str:
    if diagnosis.release is None:
        return "started without the release ledger"
    changed = ", ".join(diagnosis.changed)
    return f"{diagnosis.release}, which changed {changed or 'no variable'}"


def _users(diagnosis: Diagnosis, *, verb: str) -> str:
    affected, known = diagnosis.n_users_affected, diagnosis.n_users_known
    if known == 0:
        return "none is connected"
    return f"{affected} of {known} ({100 * affected / known:.0f}%) {verb} be synchronized"


def _summary(incident: Incident, now: int) -> list[str]:
    since = incident.diagnosis.failing_since
    duration = _duration(_end(incident, now) - since)
    lasting = f"It is open since {duration}" if incident.is_open else f"It lasted {duration}"
    return [
        f"From {_moment(since)} on: {_headline(incident.diagnosis)}.",
        f"{lasting}. Release: {_release(incident.diagnosis)}.",
    ]


def _durations(incident: Incident, now: int) -> list[str]:
    since = incident.diagnosis.failing_since
    steps = {
        "incident opened": incident.opened_at,
        "alert delivered": incident.notified_at,
        "acknowledged": incident.acknowledged_at,
        "escalated": incident.escalated_at,
        "resolved": incident.resolved_at,
    }
    rows = [
        f"| {step} | {_moment(at)} | {_duration(at - since)} |" if at else f"| {step} | never | |"
        for step, at in steps.items()
    ]
    total = _duration(_end(incident, now) - since)
    return [
        "| step | at | after the first failure |",
        "|---|---|---|",
        *rows,
        "",
        f"Total: {total}.",
    ]


def _impact(incident: Incident, now: int) -> list[str]:
    diagnosis = incident.diagnosis
    lines = [f"Users: {_users(diagnosis, verb='could not')}; {PAGES_STAY}."]
    if diagnosis.n_users_affected:
        minutes = (_end(incident, now) - diagnosis.failing_since) / 60
        total = diagnosis.n_users_affected * minutes
        lines.append(f"At most {total:.0f} user-minutes without fresh plays.")
    return lines


def _cause_lines(cause: Finding) -> list[str]:
    return [f"- {title}: {text}" for title, text in _facts(cause) if text]


def _tasks(incident: Incident) -> list[str]:
    """Derive what to do from what was seen; a person strikes out and adds."""
    diagnosis = incident.diagnosis
    tasks = [
        f"Find out how {cause.variable or cause.check_id} came to be wrong, and close that way."
        for cause in diagnosis.causes
    ]
    changed = {cause.variable for cause in diagnosis.causes} & set(diagnosis.changed)
    if changed:
        tasks.append(
            f"Release {diagnosis.release} changed {', '.join(sorted(filter(None, changed)))}:"
            " find out why the deploy gate let it pass."
        )
    if any(cause.variable and not cause.is_proven for cause in diagnosis.causes):
        tasks.append("The variable was not proven: add a check that can prove it.")
    if any(event.kind is EventKind.NOT_DELIVERED for event in incident.timeline):
        tasks.append("An alert was not delivered: repair the path, then `harmonyhub alert test`.")
    if incident.escalated_at:
        tasks.append("Nobody acknowledged in time: look at who is on call and how they are told.")
    tasks.append(f"Bring docs/runbooks/{diagnosis.causes[0].check_id}.md up to date.")
    return tasks


def _end(incident: Incident, now: int) -> int:
    return incident.resolved_at or now


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def _duration(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes < 10 and rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
