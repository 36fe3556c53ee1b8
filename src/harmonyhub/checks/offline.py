"""Everything that can be checked without calling anyone: settings and this machine, one list."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from harmonyhub.checks.machine import LIBRARIES, MACHINE_CHECKS, MONGOD, check_machine
from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.domain.findings import Check, Finding, Result, Severity, Verdict, describe
from harmonyhub.settings.catalogue import SETTING_CHECKS, SWAPPED
from harmonyhub.settings.load import survey_settings
from harmonyhub.settings.model import Settings


def check_environment() -> list[Finding]:
    """Check settings and machine; while a setting is an error, the settings only.

    What a wrong setting points to (a folder, a port) would be a finding about the wrong thing.
    """
    settings, findings = survey_settings()
    return findings if settings is None else [*findings, *check_machine(settings)]


def check_offline(*, env_file: Path | None = None) -> tuple[Settings | None, tuple[Result, ...]]:
    """Run every check that calls nobody, and tell what became of each.

    Parameters
    ----------
    env_file : Path, optional
        Read in place of `.env` of the current folder.

    Returns
    -------
    settings : Settings or None
        None where a setting is an error; then the checks of the machine are blocked by the first.
    results : tuple of Result
        One per check, or one per finding of it.
    """
    settings, findings = survey_settings(env_file=env_file)
    notes = {SWAPPED.id: "it takes last good values to compare with"}
    results = _results(SETTING_CHECKS, findings, notes=notes)
    if settings is None:
        cause = findings[0].check_id  # errors come first
        blocked = (
            Result(check_id=check.id, verdict=Verdict.BLOCKED, blocked_by=cause)
            for check in MACHINE_CHECKS
        )
        return None, (*results, *blocked)
    if settings.mongodb_uri is None:
        notes = {}
    else:
        notes = dict.fromkeys((LIBRARIES.id, MONGOD.id), "the MongoDB of an address is used")
    return settings, _join(results, _results(MACHINE_CHECKS, check_machine(settings), notes=notes))


def _results(
    checks: Iterable[Check], findings: Iterable[Finding], *, notes: Mapping[str, str]
) -> list[Result]:
    """Give the findings and, for each check without one, that it passed or why it was skipped."""
    failed = [
        Result(check_id=each.check_id, verdict=Verdict.FAILED, finding=each) for each in findings
    ]
    quiet = [check.id for check in checks if check.id not in {each.check_id for each in failed}]
    return [
        *failed,
        *(
            Result(check_id=check_id, verdict=Verdict.SKIPPED, note=notes[check_id])
            if check_id in notes
            else Result(check_id=check_id, verdict=Verdict.PASSED)
            for check_id in quiet
        ),
    ]


def _join(first: list[Result], second: list[Result]) -> tuple[Result, ...]:
    """Join two lists; a check that failed in one of them has not passed in the other."""
    results = [*first, *second]
    failed = {each.check_id for each in results if each.verdict is Verdict.FAILED}
    return tuple(
        each for each in results if each.verdict is Verdict.FAILED or each.check_id not in failed
    )


def refuse_bad_start(settings: Settings) -> list[Finding]:
    """Check this machine before a start, and return the warnings, those of settings included.

    Raises
    ------
    ConfigurationError
        If the service cannot start here; with all findings.
    """
    findings = check_machine(settings)
    if has_errors(findings):
        raise ConfigurationError(
            "\n".join(["this machine is not ready.", *map(describe, findings)]),
            findings=findings,
        )
    return [*settings.warnings, *findings]


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether a finding refuses the start."""
    return any(finding.severity is Severity.ERROR for finding in findings)
