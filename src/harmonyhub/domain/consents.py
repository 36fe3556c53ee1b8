"""How long a consent lasts, and when a user should be told that it ends."""

from dataclasses import dataclass
from enum import IntEnum

DAY_S = 86_400
# Spotify ends a consent six months after it was given, refreshed or not; the shortest six months
# have 181 days.
CONSENT_LASTS_S = 181 * DAY_S


class Notice(IntEnum):
    """How many days are left at a notice."""

    MONTH = 30
    WEEK = 7
    DAY = 1
    ENDED = 0


@dataclass(frozen=True, slots=True)
class ConsentEnd:
    """The end of a consent: when, in how many whole days, and the notice in force, if any."""

    at: int
    n_days: int
    notice: Notice | None


def consent_end(consented_at: int, *, now: int) -> ConsentEnd:
    """Tell when a consent ends, and what its user is to be told now (unix seconds UTC)."""
    at = consented_at + CONSENT_LASTS_S
    left_s = at - now
    due = [notice for notice in Notice if left_s <= notice * DAY_S]
    return ConsentEnd(at, max(0, left_s // DAY_S), min(due) if due else None)
