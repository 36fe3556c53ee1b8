"""Everything that can be checked without calling anyone: settings and this machine, one list."""

from collections.abc import Iterable

from harmonyhub.checks.machine import check_machine
from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.domain.findings import Finding, Severity, describe
from harmonyhub.settings.load import survey_settings
from harmonyhub.settings.model import Settings


def check_environment() -> list[Finding]:
    """Check settings and machine; while a setting is an error, the settings only.

    What a wrong setting points to (a folder, a port) would be a finding about the wrong thing.
    """
    settings, findings = survey_settings()
    return findings if settings is None else [*findings, *check_machine(settings)]


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
