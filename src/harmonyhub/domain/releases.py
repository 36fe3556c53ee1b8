"""A release: code and configuration together, as the ledger keeps it."""

from dataclasses import dataclass
from enum import StrEnum


class GateVerdict(StrEnum):
    """What the gate says of a release before it takes traffic."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    HOLD = "hold"

    @property
    def exit_status(self) -> int:
        """The exit status of a command that ends with it."""
        return {"pass": 0, "fail": 78, "hold": 75}[self.value]


class ReleaseState(StrEnum):
    """Where a release is in its life."""

    REFUSED = "refused"
    CANDIDATE = "candidate"
    LIVE = "live"
    COMMITTED = "committed"
    RETIRED = "retired"
    ROLLED_BACK = "rolled-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationEntry:
    """One variable in a snapshot.

    `text` is its value, None where it was not set; the store seals the secret ones. `fingerprint`
    is keyed and says whether two values are the same without telling them.
    """

    name: str
    provenance: str
    fingerprint: str
    is_secret: bool
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One entry of the ledger; its code and its configuration never change.

    Attributes
    ----------
    number : int
        1, 2, 3 ... in the order of the deploys.
    code_digest : str
        SHA-256 over the installed package.
    python : str
        The interpreter that has this code; a rollback starts it again.
    accepted_unverified : bool
        The operator let a HOLD pass; recorded and watched.
    replaced : int or None
        The release that was live before it.
    note : str
        Why it was refused or rolled back.
    """

    number: int
    created_at: int
    version: str
    code_digest: str
    python: str
    configuration: tuple[ConfigurationEntry, ...]
    configuration_fingerprint: str
    state: ReleaseState
    verdict: GateVerdict
    accepted_unverified: bool = False
    replaced: int | None = None
    live_at: int = 0
    ended_at: int = 0
    note: str = ""


def changed_variables(before: Release | None, release: Release) -> tuple[str, ...]:
    """Name the variables that a release has otherwise than the one before it; none without one."""
    if before is None:
        return ()
    old = {entry.name: entry.fingerprint for entry in before.configuration}
    new = {entry.name: entry.fingerprint for entry in release.configuration}
    return tuple(name for name in sorted({*old, *new}) if old.get(name, "") != new.get(name, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A running process as it tells of itself.

    Attributes
    ----------
    name : str
        Host and process; no two alike at a time.
    release : int or None
        None where it was started without the ledger.
    drift : tuple of str
        Names of the variables whose source has another value now than the one in use.
    seen_at : int
        When it last told, in unix seconds UTC.
    """

    name: str
    release: int | None
    configuration_fingerprint: str
    drift: tuple[str, ...]
    seen_at: int
