"""How much an app may ask: a rolling window of 30 s, and a day's quota for all apps of one owner.

Both are off until they are set. Spotify publishes neither number.
"""

from collections import deque
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

WINDOW_S, DAY_S = 30, 86_400


class Exceeded(NamedTuple):
    """A call too many, and how long to wait in seconds."""

    is_quota: bool
    wait_s: int


@dataclass(slots=True)
class Counter:
    """The calls of one app in the last 30 s, or of one owner since a day began."""

    times: deque[float] = field(default_factory=deque)
    day_began_at: float = 0.0
    n_today: int = 0

    def check_window(self, now: float, *, most: int | None) -> Exceeded | None:
        """Count a call against the rolling limit; a refused one is not counted."""
        while self.times and self.times[0] <= now - WINDOW_S:
            self.times.popleft()
        if most is not None and len(self.times) >= most:
            oldest = self.times[0] if self.times else now
            return Exceeded(is_quota=False, wait_s=max(1, ceil(oldest + WINDOW_S - now)))
        self.times.append(now)
        return None

    def check_day(self, now: float, *, most: int | None) -> Exceeded | None:
        """Count a call against the quota; its day begins with the first call after the last."""
        if now - self.day_began_at >= DAY_S:
            self.day_began_at, self.n_today = now, 0
        if most is not None and self.n_today >= most:
            return Exceeded(is_quota=True, wait_s=ceil(self.day_began_at + DAY_S - now))
        self.n_today += 1
        return None
