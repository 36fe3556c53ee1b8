"""Findings as text for people and as objects for machines."""

from collections.abc import Sequence
from dataclasses import asdict

from harmonyhub.checks.machine import MACHINE_CHECKS
from harmonyhub.domain.findings import Finding, Severity, describe
from harmonyhub.settings.catalogue import SETTING_CHECKS

CHECKS = (*SETTING_CHECKS, *MACHINE_CHECKS)

REFERENCE_HEAD = """\
# Checks

This page is generated from the lists of checks by `harmonyhub generate`.

`harmonyhub check` runs all of them without calling anyone, and a start runs them first. HH0xx look
at the settings, HH5xx at this machine. An error refuses the start with exit status 78. Each finding
says what was seen, where it was set and what to do; the machine is looked at once no setting is an
error.
"""


def render_findings(findings: Sequence[Finding]) -> str:
    """Say all findings, and their number; without any, that all is well."""
    if not findings:
        return "All checks passed."
    n_errors = sum(finding.severity is Severity.ERROR for finding in findings)
    n_warnings = len(findings) - n_errors
    counts = [_count(n_errors, "error"), _count(n_warnings, "warning")]
    return "\n".join([*map(describe, findings), ", ".join(filter(None, counts)) + "."])


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""


def findings_as_json(findings: Sequence[Finding]) -> list[dict[str, str | bool | None]]:
    """Give findings as plain JSON objects with the fields of Finding."""
    return [asdict(finding) for finding in findings]


def render_reference() -> str:
    """Render `docs/checks.md`: every check with its id."""
    rows = "\n".join(
        f"| {check.id} | {check.severity.value} | {check.meaning} |" for check in CHECKS
    )
    return f"{REFERENCE_HEAD}\n| Id | Severity | Meaning |\n|---|---|---|\n{rows}\n"
