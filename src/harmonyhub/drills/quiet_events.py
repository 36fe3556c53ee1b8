"""Thirty days in which nothing is anybody's fault: hiccups, spent quotas, consents that end."""

import random
from dataclasses import dataclass

from harmonyhub.domain.upstreams import Outcome

DAY_S = 86_400
MONTH_S = 30 * DAY_S
N_HICCUPS, N_QUOTA_DAYS, N_COHORTS = 45, 3, 4
N_USERS = 200
# What a service or a line that has trouble answers, each as likely.
HICCUPS = (
    Outcome.UPSTREAM_FAILED,
    Outcome.UNREADABLE,
    Outcome.INTERCEPTED,
    Outcome.DNS_FAILED,
    Outcome.CONNECTION_REFUSED,
    Outcome.CONNECTION_LOST,
    Outcome.TLS_FAILED,
    Outcome.TIMED_OUT,
)
SHORTEST_S, MEDIAN_S, LONGEST_S = 5, 60, 1200
ODD_SHARE = 0.3  # hiccups in which single answers look like a wrong secret
HALF_YEAR_DAYS = (181, 184)  # six calendar months


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiccup:
    """A short failure that `share` of the calls meet.

    At each of `odd_at` one single call is answered as if the secret were wrong.
    """

    start: int
    end: int
    outcome: Outcome
    share: float
    odd_at: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class QuotaDay:
    """A day whose quota is spent early; calls are refused until midnight."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """One user's refresh that is rejected: the consent has ended, or was withdrawn."""

    at: int
    consented_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One month, drawn; times in seconds from its beginning.

    `revoked_at` is when the secret is revoked; None: never, so that no page is right.
    """

    hiccups: tuple[Hiccup, ...]
    quota_days: tuple[QuotaDay, ...]
    rejections: tuple[Rejection, ...]
    revoked_at: int | None = None

    @property
    def n_events(self) -> int:
        """How many occasions there are to page for nothing."""
        return len(self.hiccups) + len(self.quota_days) + len(self.rejections)


def draw_month(rng: random.Random) -> Month:
    """Draw a month."""
    days = rng.sample(range(30), N_QUOTA_DAYS)
    cohorts = [_draw_cohort(rng) for _ in range(N_COHORTS)]
    withdrawals = [
        Rejection(at := rng.randrange(MONTH_S), at - rng.randrange(150 * DAY_S)) for _ in range(30)
    ]
    rejections = [one for cohort in cohorts for one in cohort] + withdrawals
    return Month(
        hiccups=tuple(sorted((_draw_hiccup(rng) for _ in range(N_HICCUPS)), key=_start)),
        quota_days=tuple(
            QuotaDay(day * DAY_S + rng.randrange(6 * 3600, 20 * 3600), (day + 1) * DAY_S)
            for day in sorted(days)
        ),
        rejections=tuple(sorted(rejections, key=lambda one: one.at)),
    )


def _draw_hiccup(rng: random.Random) -> Hiccup:
    start = rng.randrange(MONTH_S - LONGEST_S)
    length_s = min(max(MEDIAN_S * rng.lognormvariate(0, 1.2), SHORTEST_S), LONGEST_S)
    end = start + round(length_s)
    n_odd = rng.randrange(1, 4) if rng.random() < ODD_SHARE else 0
    return Hiccup(
        start=start,
        end=end,
        outcome=rng.choice(HICCUPS),
        share=rng.choice((0.3, 0.6, 1.0)),
        odd_at=tuple(sorted(rng.randrange(start, end) for _ in range(n_odd))),
    )


def _draw_cohort(rng: random.Random) -> list[Rejection]:
    """Let people who signed up in one evening be rejected within minutes, half a year later."""
    ended_at = rng.randrange(MONTH_S - 3600)
    life_s = rng.randint(*HALF_YEAR_DAYS) * DAY_S
    return [
        # Refreshed at any time after the end, here all soon after each other: the harder case.
        Rejection(at := ended_at + rng.randrange(1, 240), at - life_s - rng.randrange(1, 240))
        for _ in range(rng.randrange(15, 40))
    ]


def _start(hiccup: Hiccup) -> int:
    return hiccup.start
