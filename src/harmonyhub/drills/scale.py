"""How many cases a drill plays: all that the targets ask for, or enough to see that it works."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Numbers of cases.

    Attributes
    ----------
    n_seeds, n_kinds : int
        The gate judges so many kinds of fault for each of so many seeds.
    n_good : int
        Good deploys that the gate must let pass.
    n_single, n_double : int
        Faults past the gate whose alert is read, one and two at a time.
    n_runtime : int
        Faults at run time.
    latched_s : float
        How long the fleet's token calls are counted while latched.
    n_months : int
        Simulated quiet months.
    n_faulty_releases, n_bad_releases : int
        Faults deployed behind the proxy, and releases that turn bad once they have the traffic.
    """

    n_seeds: int
    n_kinds: int
    n_good: int
    n_single: int
    n_double: int
    n_runtime: int
    latched_s: float
    n_months: int
    n_faulty_releases: int
    n_bad_releases: int
    n_users: int = 200
    virtual_hours: int = 24

    @classmethod
    def full(cls) -> Self:
        """Give what the targets ask for."""
        return cls(
            n_seeds=25,
            n_kinds=40,
            n_good=500,
            n_single=100,
            n_double=40,
            n_runtime=12,
            latched_s=70.0,
            n_months=3,
            n_faulty_releases=1,
            n_bad_releases=1,
        )

    @classmethod
    def short(cls) -> Self:
        """Give what a test run has time for."""
        return cls(
            n_seeds=1,
            n_kinds=12,
            n_good=12,
            n_single=6,
            n_double=2,
            n_runtime=3,
            latched_s=15.0,
            n_months=1,
            n_faulty_releases=1,
            n_bad_releases=1,
            n_users=24,
            virtual_hours=6,
        )
