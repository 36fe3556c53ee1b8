"""Findings as text for people and as objects for machines."""

from collections.abc import Sequence
from dataclasses import asdict

from harmonyhub.domain.findings import Finding, Severity, describe


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
