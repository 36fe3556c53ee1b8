"""The ledger of calls as people read it: spent, by what, and when some are free again."""

from dataclasses import replace

from harmonyhub.domain.budget import ASSUMED_DAILY_CALLS, DAY_S, Purpose
from harmonyhub.domain.upstreams import Observation, Outcome, UpstreamState
from harmonyhub.flows.quota import load_quotas
from harmonyhub.wiring.house import House
from tests.conftest import SetClock

APP = "a" * 32


async def spend(house: House, operation: str, *, n: int, outcome: Outcome = Outcome.OK) -> None:
    """Make calls of an app."""
    seen = Observation(outcome=outcome, operation=operation, at=house.clock())
    for _ in range(n):
        await house.store.api_calls.note(APP, seen, is_counted=operation != "refresh")


async def test_a_day_of_calls_adds_up(house: House, clock: SetClock) -> None:
    """By operation and outcome; what is a day old is gone, token calls are listed, not counted."""
    clock.now -= clock.now % 3600
    await spend(house, "search-tracks", n=2)
    clock.now += DAY_S
    await spend(house, "saved-tracks", n=3)
    clock.now += 2 * 3600
    await spend(house, "refresh", n=1)
    await spend(house, "saved-tracks", n=1, outcome=Outcome.RATE_LIMITED)
    (quota,) = await load_quotas(house)

    assert {"saved-tracks": {"ok": 3, "rate-limited": 1}, "refresh": {"ok": 1}} == quota.calls
    assert (1, 4) == (quota.spending.n_in_window, quota.spending.n_in_day)
    assert (ASSUMED_DAILY_CALLS, False) == (quota.spending.daily_calls, quota.spending.is_learned)
    assert (3, clock.now - 2 * 3600 + 3600 + DAY_S) == (quota.n_freed, quota.frees_at)
    assert not any(quota.waits_s.values())
    assert not quota.is_own


async def test_a_spent_day_says_who_waits_and_until_when(house: House, clock: SetClock) -> None:
    """What Spotify told is learned; people still get calls when libraries wait."""
    await spend(house, "saved-tracks", n=90)
    await house.store.api_calls.learn_allowance(APP, now=clock.now)
    held = UpstreamState(name=f"spotify:{APP}", not_before=clock.now + 600)
    await house.store.upstreams.update(held.name, lambda _: held)
    clock.now += 60
    (quota,) = await load_quotas(house)

    assert (100, True) == (quota.spending.daily_calls, quota.spending.is_learned)
    assert (True, False) == (
        quota.waits_s[Purpose.LIBRARY] > 0,
        quota.waits_s[Purpose.PERSON] > 0,
    )
    assert held.not_before == quota.held_until
    clock.now += 600
    assert None is (await load_quotas(replace(house)))[0].held_until
