"""What a check found: one shape from the offline check of a variable to the live probe."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is; an ERROR of the operator's refuses the start."""

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
    is_proven : bool
        A counterfactual succeeded: with this variable as it was before, it worked.
    """

    check_id: str
    severity: Severity
    owner: Owner
    message: str
    fix: str
    variable: str | None = None
    provenance: str = ""
    evidence: str = ""
    is_proven: bool = False


class Verdict(StrEnum):
    """What became of one check.

    UNVERIFIED: somebody else's fault kept us from knowing. BLOCKED: a check that it needs failed.
    SKIPPED: it has nothing to look at here.
    """

    PASSED = "passed"
    FAILED = "failed"
    UNVERIFIED = "unverified"
    BLOCKED = "blocked"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One check that was run: its verdict, and what it found where that is not good.

    `note` says what was seen where it passed, or why it was skipped; `blocked_by` is a check's id.
    """

    check_id: str
    verdict: Verdict
    finding: Finding | None = None
    blocked_by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check; `meaning` is its line in the documentation.

    Ids are stable: an alert or a runbook names one. `needs` are the ids of the checks without
    which it says nothing: while one of them fails, this one is blocked by it.
    """

    id: str
    severity: Severity
    meaning: str
    owner: Owner = Owner.OPERATOR
    needs: tuple[str, ...] = ()

    def found(
        self,
        message: str,
        *,
        fix: str,
        variable: str | None = None,
        provenance: str = "",
        evidence: str = "",
        owner: Owner | None = None,
        is_proven: bool = False,
    ) -> Finding:
        """Make a finding of this check; its owner is the check's unless another is given."""
        return Finding(
            check_id=self.id,
            severity=self.severity,
            owner=owner or self.owner,
            message=message,
            fix=fix,
            variable=variable,
            provenance=provenance,
            evidence=evidence,
            is_proven=is_proven,
        )


def describe(finding: Finding) -> str:
    """Say a finding in plain text: what is wrong, what was seen, set where, and what to do."""
    proof = " (proven)" if finding.is_proven else ""
    details = {"seen": finding.evidence, "set in": finding.provenance, "do": finding.fix}
    return "\n".join(
        [
            f"{finding.severity.value} {finding.check_id}: {finding.message}{proof}",
            *(f"    {title + ':':<8}{text}" for title, text in details.items() if text),
        ]
    )
