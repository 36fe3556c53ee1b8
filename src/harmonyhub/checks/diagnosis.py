"""From the results of the checks to one diagnosis: causes first, then what they block."""

from collections.abc import Sequence
from dataclasses import dataclass

from harmonyhub.checks.live import LIVE_BY_ID
from harmonyhub.checks.machine_facts import MachineFacts, say_machine_is_fine
from harmonyhub.domain.findings import Finding, Owner, Result, Severity, Verdict
from harmonyhub.domain.incidents import Diagnosis

# What engineers looked at first on 2024-08-14; the rest of what passed would only be longer.
RULED_OUT = ("HH103", "HH101", "HH104", "HH105", "HH201", "HH202", "HH203", "HH206", "HH301")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a diagnosis needs beside the results of the checks.

    Attributes
    ----------
    failing_since : int
        Unix seconds UTC of the first failure.
    release : int or None
        The release that runs; None without the ledger.
    changed : tuple of str
        Names of the variables that this release changed.
    n_users_affected, n_users_known : int
        Of the users with a consent, how many cannot be synchronized now.
    machine : MachineFacts or None
        None where it was not looked at.
    """

    failing_since: int
    release: int | None = None
    changed: tuple[str, ...] = ()
    n_users_affected: int = 0
    n_users_known: int = 0
    machine: MachineFacts | None = None


def diagnose(results: Sequence[Result], facts: Facts, *, confirmed_only: bool) -> Diagnosis | None:
    """Put the results of checks together.

    Parameters
    ----------
    confirmed_only : bool
        Whether only the operator's faults count, as for whom an alert wakes. Else what is the
        fault of quota, upstream or network stands after them.

    Returns
    -------
    Diagnosis or None
        The likeliest cause leads; None where nothing is wrong. Warnings are no cause.
    """
    causes = [
        result.finding
        for result in results
        if result.finding is not None
        and result.finding.severity is Severity.ERROR
        and (_is_confirmed(result) or not confirmed_only)
    ]
    if not causes:
        return None
    causes.sort(key=lambda finding: _rank(finding, facts.changed))
    return Diagnosis(
        causes=tuple(causes),
        failing_since=facts.failing_since,
        blocked=tuple(_say_blocked(each) for each in results if each.verdict is Verdict.BLOCKED),
        release=facts.release,
        changed=facts.changed,
        n_users_affected=facts.n_users_affected,
        n_users_known=facts.n_users_known,
        ruled_out=_ruled_out(results, facts.machine),
    )


def _is_confirmed(result: Result) -> bool:
    is_operators = result.finding is not None and result.finding.owner is Owner.OPERATOR
    return is_operators and result.verdict is Verdict.FAILED


def _rank(finding: Finding, changed: Sequence[str]) -> tuple[bool, bool, bool, str]:
    """Order causes: the operator's, then proven ones, then what the release changed."""
    return (
        finding.owner is not Owner.OPERATOR,
        not finding.is_proven,
        finding.variable not in changed,
        finding.check_id,
    )


def _say_blocked(result: Result) -> Finding:
    check = LIVE_BY_ID[result.check_id]
    return check.found(
        f"Not known while {result.blocked_by} fails: {check.meaning}",
        fix=f"Correct what {result.blocked_by} names; then this is looked at by itself.",
    )


def _ruled_out(results: Sequence[Result], machine: MachineFacts | None) -> tuple[str, ...]:
    notes = {each.check_id: each.note for each in results if each.verdict is Verdict.PASSED}
    said = [notes[check_id] for check_id in RULED_OUT if notes.get(check_id)]
    fine = say_machine_is_fine(machine) if machine is not None else ""
    return (*said, fine) if fine else tuple(said)
