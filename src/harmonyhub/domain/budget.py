"""How the calls that an upstream allows are shared out: who waits gets them, the rest in turn."""

from dataclasses import dataclass
from enum import StrEnum

WINDOW_S = 30  # Spotify's rate limit rolls over 30 s
DAY_S = 86_400

# Spotify publishes neither limit. 180 calls a minute is what developers report for new apps; the
# daily allowance is a guess on the safe side until a QUOTA_EXCEEDED tells the real one.
WINDOW_CALLS = 90
ASSUMED_DAILY_CALLS = 10_000
LEAST_DAILY_CALLS = 100  # a quota told at fewer calls was spent by something else than us
LEARNED_FOR_S = 30 * DAY_S
SAFETY = 0.95  # of what was learned: the count of an hour ago is not to the second


class Purpose(StrEnum):
    """What a call is for; a closed set, in the order of who is served first."""

    PERSON = "person"
    PLAYS = "plays"
    LIBRARY = "library"
    RESOLVE = "resolve"


# Up to which share of the allowance a purpose may go on: plays that are overrun are lost for ever,
# a library can be read tomorrow, an id can be looked up next week.
DAILY_SHARES = {
    Purpose.PERSON: 1.0,
    Purpose.PLAYS: 0.9,
    Purpose.LIBRARY: 0.7,
    Purpose.RESOLVE: 0.5,
}
WINDOW_SHARES = {
    Purpose.PERSON: 1.0,
    Purpose.PLAYS: 0.8,
    Purpose.LIBRARY: 0.7,
    Purpose.RESOLVE: 0.5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What one app has spent.

    Attributes
    ----------
    n_in_window, n_in_day : int
        Calls of the last 30 s and of the last 24 h, rounded up to whole slices.
    daily_calls : int
        How many a day there are.
    is_learned : bool
        Whether the upstream told so, or it is assumed.
    """

    n_in_window: int = 0
    n_in_day: int = 0
    daily_calls: int = ASSUMED_DAILY_CALLS
    is_learned: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """Whether a call may leave; if not, after how many seconds to ask again."""

    is_go: bool
    wait_s: int = 0


def allow(spending: Spending, purpose: Purpose, *, n_calls: int) -> Allowed:
    """Decide whether so many more calls may leave for a purpose."""
    daily = int(spending.daily_calls * DAILY_SHARES[purpose])
    if spending.n_in_day + n_calls > daily:
        return Allowed(is_go=False, wait_s=3600)  # the oldest of the 24 hours is over by then
    in_window = int(WINDOW_CALLS * WINDOW_SHARES[purpose])
    if spending.n_in_window + n_calls > max(in_window, n_calls):
        return Allowed(is_go=False, wait_s=WINDOW_S // 3)
    return Allowed(is_go=True)


def learn(n_in_day: int) -> int:
    """Give the daily allowance that follows from a quota told after so many calls."""
    return max(LEAST_DAILY_CALLS, int(n_in_day * SAFETY))


def poll_every_s(spending: Spending, *, n_users: int, least_s: int, most_s: int) -> int:
    """Tell how often each user's plays may be read, so that a day's polls fit the allowance.

    Parameters
    ----------
    least_s : int
        More often helps nobody.
    most_s : int
        Fifty plays, all that Spotify tells, may be overrun after this long.
    """
    polls = spending.daily_calls * DAILY_SHARES[Purpose.PLAYS] / 2  # the other half for the rest
    every_s = DAY_S * max(n_users, 1) / max(polls, 1)
    return int(min(max(every_s, least_s), most_s))
