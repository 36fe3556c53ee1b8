"""What must never happen to consents and playlists, counted."""

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Self


@dataclass(slots=True)
class Losses:
    """What must never happen, and how the pushes ended.

    Attributes
    ----------
    tokens_lost : int
        The store does not hold the newest refresh token that was delivered.
    consents_set_aside_wrongly : int
        A consent that Spotify still honours is not used.
    wrong_contents : int
        Items are missing, too many or in another order where the push says that it is done.
    without_end, without_reason : int
        Pushes that took over 90 s; that failed in peace though the consent is good.
    seeds : list of int
        Of the schedules in which any of it happened.
    """

    n_schedules: int = 0
    tokens_lost: int = 0
    consents_set_aside_wrongly: int = 0
    duplicate_playlists: int = 0
    duplicate_items: int = 0
    wrong_contents: int = 0
    removed_endpoints: int = 0
    without_end: int = 0
    without_reason: int = 0
    n_calls: int = 0
    n_faults: int = 0
    n_restarts: int = 0
    n_rotations: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    seeds: list[int] = field(default_factory=list)

    def add(self, other: Self) -> None:
        """Add what another schedule came to."""
        for each in fields(self):
            now, more = getattr(self, each.name), getattr(other, each.name)
            setattr(self, each.name, now + more)

    @property
    def n_bad(self) -> int:
        """How much went wrong in all."""
        return (
            self.tokens_lost
            + self.consents_set_aside_wrongly
            + self.duplicate_playlists
            + self.duplicate_items
            + self.wrong_contents
            + self.removed_endpoints
            + self.without_end
            + self.without_reason
        )
