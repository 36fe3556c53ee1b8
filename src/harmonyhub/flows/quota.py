"""What each Spotify app spent of its calls, and when some are free again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harmonyhub.domain.budget import DAY_S, WINDOW_CALLS, Purpose, Spending, allow
from harmonyhub.storage.api_calls import HOUR_S, HourOfCalls
from harmonyhub.wiring.house import House
from harmonyhub.wiring.upstreams import SPOTIFY


@dataclass(frozen=True, slots=True, kw_only=True)
class AppQuota:
    """One app's calls; times in unix seconds UTC, None where there is none to tell.

    Attributes
    ----------
    is_own : bool
        Whether it is this service's app; else a household's, or a former one.
    spending : Spending
        Calls of the last 30 s and 24 h, and how many a day there are.
    window_calls : int
        How many in 30 s are planned with.
    waits_s : mapping
        For each purpose how long a call would wait now; 0: not at all.
    calls : mapping
        Calls of the last 24 h by operation and outcome.
    held_until : int or None
        Until when Spotify asked us to wait.
    frees_at, n_freed : int or None, int
        When the calls of the oldest hour leave the last 24 h, and how many they are.
    """

    app: str
    is_own: bool
    spending: Spending
    window_calls: int
    waits_s: Mapping[Purpose, int]
    calls: Mapping[str, Mapping[str, int]]
    held_until: int | None
    frees_at: int | None
    n_freed: int


async def load_quotas(house: House) -> list[AppQuota]:
    """Say what every app spent that made calls in the last month, this service's own first."""
    own = None if house.spotify is None else house.spotify.credentials.client_id
    apps = sorted({*await house.store.api_calls.apps(), *([own] if own else [])})
    return [
        await _load(house, app, is_own=app == own)
        for app in sorted(apps, key=lambda app: app != own)
    ]


async def _load(house: House, app: str, *, is_own: bool) -> AppQuota:
    now = house.clock()
    calls = house.store.api_calls
    spending = await calls.spending(app, now=now)
    hours = await calls.hours(app, since=now - DAY_S)
    state = await house.store.upstreams.load(SPOTIFY if is_own else f"{SPOTIFY}:{app}")
    oldest = next((hour for hour in reversed(hours) if hour.n_counted), None)
    return AppQuota(
        app=app,
        is_own=is_own,
        spending=spending,
        window_calls=WINDOW_CALLS,
        waits_s={purpose: allow(spending, purpose, n_calls=1).wait_s for purpose in Purpose},
        calls=_add_up(hours),
        held_until=state.not_before if state.not_before > now else None,
        frees_at=oldest.at + HOUR_S + DAY_S if oldest else None,
        n_freed=oldest.n_counted if oldest else 0,
    )


def _add_up(hours: Iterable[HourOfCalls]) -> dict[str, dict[str, int]]:
    totals: dict[str, Counter[str]] = {}
    for hour in hours:
        for operation, outcomes in hour.n_by_operation.items():
            totals.setdefault(operation, Counter()).update(outcomes)
    return {operation: dict(totals[operation]) for operation in sorted(totals)}
