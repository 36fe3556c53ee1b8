"""What a check found: one shape from the offline check of a variable to the live probe."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is; an ERROR refuses the start."""

    ERROR = "error"
    WARNING = "warning"


class Owner(StrEnum):
    """Whose fault a failure is; the owner decides what happens next."""

    OPERATOR = "operator"
    QUOTA = "quota"
    USER = "user"
    UPSTREAM = "upstream"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem that a check found.

    Attributes
    ----------
    check_id : str
        `HH0xx` settings, `HH2xx` MongoDB and so on.
    variable : str or None
        The environment variable at fault.
    provenance : str
        Where its value came from: "environment", ".env line 7", "file PATH", "default".
    evidence : str
        What was seen, never the value of a secret.
    fix : str
        What to do about it.
    """

    check_id: str
    severity: Severity
    owner: Owner
    message: str
    fix: str
    variable: str | None = None
    provenance: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the operator's doing; `meaning` is its line in the documentation.

    Ids are stable: an alert or a runbook may name one.
    """

    id: str
    severity: Severity
    meaning: str

    def found(
        self,
        message: str,
        *,
        fix: str,
        variable: str | None = None,
        provenance: str = "",
        evidence: str = "",
    ) -> Finding:
        """Make a finding of this check; the operator is its owner."""
        return Finding(
            check_id=self.id,
            severity=self.severity,
            owner=Owner.OPERATOR,
            message=message,
            fix=fix,
            variable=variable,
            provenance=provenance,
            evidence=evidence,
        )


def describe(finding: Finding) -> str:
    """Say a finding in plain text: what is wrong, what was seen, set where, and what to do."""
    details = {"seen": finding.evidence, "set in": finding.provenance, "do": finding.fix}
    return "\n".join(
        [
            f"{finding.severity.value} {finding.check_id}: {finding.message}",
            *(f"    {title + ':':<8}{text}" for title, text in details.items() if text),
        ]
    )
