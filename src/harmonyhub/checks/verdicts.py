"""What a live check can come to; every one gives one result, or one per variable at fault."""

from collections.abc import Iterable

from harmonyhub.domain.findings import Check, Finding, Owner, Result, Severity, Verdict

Results = tuple[Result, ...]


def passed(check: Check, note: str) -> Results:
    """Say that all is well; `note` is what was seen, as a clause that may stand in a list."""
    return (Result(check_id=check.id, verdict=Verdict.PASSED, note=note),)


def skipped(check: Check, note: str) -> Results:
    """Say that there is nothing to look at; `note` says why."""
    return (Result(check_id=check.id, verdict=Verdict.SKIPPED, note=note),)


def blocked(check: Check, by: str) -> Results:
    """Say that another check's failure keeps us from knowing."""
    return (Result(check_id=check.id, verdict=Verdict.BLOCKED, blocked_by=by),)


def failed(*findings: Finding) -> Results:
    """Say that it is wrong, for certain."""
    return tuple(_result(finding, Verdict.FAILED) for finding in findings)


def unverified(*findings: Finding) -> Results:
    """Say that somebody else's fault kept us from knowing; the finding says whose."""
    return tuple(_result(finding, Verdict.UNVERIFIED) for finding in findings)


def _result(finding: Finding, verdict: Verdict) -> Result:
    return Result(check_id=finding.check_id, verdict=verdict, finding=finding)


def exit_status(results: Iterable[Result]) -> int:
    """Give the exit status of a command: 0 fine, 78 the operator's error, 75 could not verify."""
    status = 0
    for result in results:
        finding = result.finding
        if finding is None or finding.severity is not Severity.ERROR:
            continue
        if result.verdict is Verdict.FAILED and finding.owner is Owner.OPERATOR:
            return 78
        if result.verdict in {Verdict.FAILED, Verdict.UNVERIFIED}:
            status = 75
    return status
