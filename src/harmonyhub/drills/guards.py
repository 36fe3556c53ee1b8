"""What keeps the incident of 2024-08-14 from happening again, each to be turned off for a drill."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Guard(StrEnum):
    """One guard of the product.

    GATE: a deploy is judged before traffic.
    PROBE: credentials are tried every few seconds. PROOF: a counterfactual names the variable.
    LATCH: calls stop while they are rejected. BRAKE: many rejected consents at once are the app's
    fault. QUARANTINE: a rejected token is kept. RELOAD: a corrected file is taken over.
    STORED_READS: readers never wait for an upstream. OWNERS: nobody is woken for another's fault.
    ROLLBACK: a release that turns bad is taken back. SEALING: what is stored of secrets is
    encrypted, what is told of them is masked.
    """

    GATE = "gate"
    PROBE = "probe"
    PROOF = "proof"
    LATCH = "latch"
    BRAKE = "brake"
    QUARANTINE = "quarantine"
    RELOAD = "reload"
    STORED_READS = "stored-reads"
    OWNERS = "owners"
    ROLLBACK = "rollback"
    SEALING = "sealing"


@dataclass(frozen=True, slots=True)
class Guards:
    """The guards that are on."""

    on: frozenset[Guard]

    def __contains__(self, guard: Guard) -> bool:
        return guard in self.on

    @classmethod
    def all(cls) -> Self:
        """Give the product as it is."""
        return cls(frozenset(Guard))

    @classmethod
    def none(cls) -> Self:
        """Give the application of 2024-08-14: the baseline."""
        return cls(frozenset())

    def without(self, *guards: Guard) -> "Guards":
        """Turn some off."""
        return Guards(self.on - set(guards))
