"""From results to one diagnosis: what leads, what is blocked, what is ruled out."""

from pathlib import Path

from harmonyhub.checks.diagnosis import Facts, diagnose
from harmonyhub.checks.machine_facts import MachineFacts, machine_facts, say_machine_is_fine
from harmonyhub.domain.findings import Finding, Owner, Result, Severity, Verdict

FACTS = Facts(failing_since=1_723_600_000)
SECRET, DATABASE = "HARMONYHUB_SPOTIFY_CLIENT_SECRET", "HARMONYHUB_MONGODB_DATABASE"


def found(
    check_id: str,
    *,
    variable: str | None = None,
    owner: Owner = Owner.OPERATOR,
    verdict: Verdict = Verdict.FAILED,
    severity: Severity = Severity.ERROR,
    is_proven: bool = False,
) -> Result:
    """Make the result of a check that found something."""
    finding = Finding(
        check_id=check_id,
        severity=severity,
        owner=owner,
        message="wrong",
        fix="put it right",
        variable=variable,
        is_proven=is_proven,
    )
    return Result(check_id=check_id, verdict=verdict, finding=finding)


def passed(check_id: str, note: str) -> Result:
    """Make the result of a check that passed."""
    return Result(check_id=check_id, verdict=Verdict.PASSED, note=note)


QUOTA = found("HH105", owner=Owner.QUOTA, verdict=Verdict.UNVERIFIED)


def test_nothing_wrong_is_no_diagnosis() -> None:
    """Passed checks and warnings make no incident."""
    results = [passed("HH101", "fine"), found("HH106", severity=Severity.WARNING)]
    assert diagnose(results, FACTS, confirmed_only=False) is None


def test_the_fault_of_others_wakes_nobody() -> None:
    """A spent quota is no confirmed cause, and is one for who asks why."""
    assert diagnose([QUOTA], FACTS, confirmed_only=True) is None
    asked = diagnose([QUOTA], FACTS, confirmed_only=False)
    assert asked is not None
    assert ["HH105"] == [cause.check_id for cause in asked.causes]


def test_certain_failure_of_a_network_wakes_nobody() -> None:
    """Only what is the operator's is confirmed, whatever the verdict."""
    assert diagnose([found("HH602", owner=Owner.NETWORK)], FACTS, confirmed_only=True) is None


def test_proven_cause_leads_then_what_the_release_changed() -> None:
    """A proof comes first; without one, the variable that this release changed."""
    results = [
        QUOTA,
        found("HH101", variable=SECRET),
        found("HH202", variable=DATABASE),
        found("HH206", is_proven=True),
    ]
    facts = Facts(failing_since=1, release=7, changed=(DATABASE,))
    diagnosis = diagnose(results, facts, confirmed_only=False)
    assert diagnosis is not None
    assert ["HH206", "HH202", "HH101", "HH105"] == [each.check_id for each in diagnosis.causes]
    assert (7, (DATABASE,)) == (diagnosis.release, diagnosis.changed)


def test_blocked_checks_say_by_what_and_are_no_causes() -> None:
    """What cannot be known behind the cause is listed apart, with the cause's id."""
    blocked = Result(check_id="HH104", verdict=Verdict.BLOCKED, blocked_by="HH101")
    results = [found("HH101", variable=SECRET), blocked]
    diagnosis = diagnose(results, FACTS, confirmed_only=True)
    assert diagnosis is not None
    assert ["HH104"] == [each.check_id for each in diagnosis.blocked]
    assert "while HH101 fails" in diagnosis.blocked[0].message


def test_what_is_fine_is_ruled_out_in_words() -> None:
    """MongoDB, network and machine are named as fine; a failing check is not."""
    results = [
        found("HH101", variable=SECRET),
        passed("HH201", "MongoDB answers in 2 ms"),
        passed("HH103", "the network reaches Spotify"),
        passed("HH401", "the decoder works"),
    ]
    facts = Facts(
        failing_since=1,
        machine=MachineFacts(cpu_share=0.12, memory_share=0.41, disk_free_bytes=38_000_000_000),
    )
    diagnosis = diagnose(results, facts, confirmed_only=True)
    assert diagnosis is not None
    assert (
        "the network reaches Spotify",
        "MongoDB answers in 2 ms",
        "CPU 12%, memory 41%, disk 38 GB free",
    ) == diagnosis.ruled_out


def test_busy_machine_is_not_ruled_out() -> None:
    """What is short is left out; where all is short, nothing is said."""
    assert "CPU 50%" == say_machine_is_fine(MachineFacts(0.5, 0.97, 1_000))
    assert "" == say_machine_is_fine(MachineFacts(3.0, 0.97, 1_000))


def test_facts_of_this_machine_are_plausible(tmp_path: Path) -> None:
    """Shares are shares, and a folder that is not there yet counts as its parent."""
    facts = machine_facts(tmp_path / "not" / "yet")
    assert facts.cpu_share >= 0
    assert facts.memory_share is None or 0 < facts.memory_share < 1
    assert facts.disk_free_bytes > 0
