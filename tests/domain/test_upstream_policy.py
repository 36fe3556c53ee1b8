"""What follows from an answer: latch, hold, break, retry or nothing, by whose fault it is."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonyhub.domain.findings import Owner
from harmonyhub.domain.upstream_policy import (
    ISSUE_APP_TOKEN,
    MAX_HOLD_S,
    REFRESH,
    Gate,
    Permission,
    after,
    next_probe_at,
    permit,
    take_retry,
)
from harmonyhub.domain.upstreams import Observation, Outcome, UpstreamState
from harmonyhub.sources.spotify.operations import GET_ME, PROBE_API, RECENTLY_PLAYED

NOW = 1_723_600_000
OURS, OTHERS = "5a5a", "b0b0"


def see(
    outcome: Outcome,
    *,
    operation: str = ISSUE_APP_TOKEN,
    at: int = NOW,
    retry_after_s: int | None = None,
) -> Observation:
    """Make an observation."""
    return Observation(
        outcome=outcome,
        operation=operation,
        at=at,
        evidence=outcome.value,
        retry_after_s=retry_after_s,
    )


def follow(*observations: Observation, fingerprint: str = OURS) -> UpstreamState:
    """Give the state after some observations."""
    state = UpstreamState(name="spotify")
    for observation in observations:
        state = after(state, observation, fingerprint=fingerprint, jitter=0.5)
    return state


def gate(state: UpstreamState, *, fingerprint: str = OURS, now: int = NOW) -> Gate:
    """Ask whether a call may leave."""
    return permit(state, fingerprint=fingerprint, now=now).gate


def test_refused_credentials_latch_until_a_probe_succeeds() -> None:
    """No call leaves, the next probe is 30 to 60 s away, and its success frees everything."""
    latched = follow(see(Outcome.CLIENT_REJECTED))
    freed = after(latched, see(Outcome.OK, at=NOW + 45), fingerprint=OURS, jitter=0)

    assert Permission(Gate.LATCHED, NOW + 45) == permit(latched, fingerprint=OURS, now=NOW + 9000)
    assert (Outcome.CLIENT_REJECTED, NOW, NOW) == (
        latched.latched,
        latched.latched_since,
        latched.failing_since,
    )
    assert Gate.GO is gate(freed)
    assert (None, 0, NOW + 45) == (freed.latched, freed.failing_since, freed.last_ok_at)


def test_a_latch_is_for_the_credentials_that_were_refused() -> None:
    """Other credentials go at once; the refused ones stay out while the others have success."""
    latched = follow(see(Outcome.CLIENT_REJECTED))
    working = after(latched, see(Outcome.OK), fingerprint=OTHERS, jitter=0)

    assert Gate.GO is gate(latched, fingerprint=OTHERS)
    assert None is working.latched
    assert (Gate.LATCHED, Gate.GO) == (gate(working), gate(working, fingerprint=OTHERS))
    assert Gate.GO is gate(after(working, see(Outcome.OK), fingerprint=OURS, jitter=0))


def test_a_second_refusal_keeps_the_time_of_the_first() -> None:
    """A failing probe moves the next one; since when it fails stays."""
    state = follow(see(Outcome.CLIENT_REJECTED), see(Outcome.CLIENT_REJECTED, at=NOW + 45))

    assert (NOW, NOW, NOW + 90) == (
        state.latched_since,
        state.failing_since,
        state.next_probe_at,
    )


@pytest.mark.parametrize(
    ("fault", "operation", "is_freed"),
    [
        (Outcome.CLIENT_REJECTED, ISSUE_APP_TOKEN, True),
        (Outcome.CLIENT_REJECTED, REFRESH, True),
        (Outcome.CLIENT_REJECTED, RECENTLY_PLAYED.name, False),
        (Outcome.FOREIGN_APP, ISSUE_APP_TOKEN, False),
        (Outcome.FOREIGN_APP, RECENTLY_PLAYED.name, False),
        (Outcome.FOREIGN_APP, REFRESH, True),
        (Outcome.PREMIUM_LAPSED, ISSUE_APP_TOKEN, False),
        (Outcome.PREMIUM_LAPSED, PROBE_API.name, True),
        (Outcome.REQUEST_REFUSED, ISSUE_APP_TOKEN, False),
        (Outcome.REQUEST_REFUSED, GET_ME.name, True),
    ],
)
def test_only_what_proves_the_contrary_frees(
    fault: Outcome, operation: str, *, is_freed: bool
) -> None:
    """Old access tokens work for an hour after a revoked secret; a foreign app gets tokens too."""
    state = follow(see(fault), see(Outcome.OK, operation=operation))

    assert is_freed == (state.latched is None)
    assert is_freed == (gate(state) is Gate.GO)
    assert is_freed == (state.failing_since == 0)


def test_another_apps_credentials_are_freed_by_their_change() -> None:
    """Who was told that the app is foreign and changes the credentials need not wait for users."""
    state = follow(see(Outcome.FOREIGN_APP))

    assert None is after(state, see(Outcome.OK), fingerprint=OTHERS, jitter=0).latched


def test_a_quota_holds_everybody_for_as_long_as_it_says() -> None:
    """Retry-After is honoured to the second, whatever the credentials are, probes included."""
    state = follow(see(Outcome.QUOTA_EXCEEDED, retry_after_s=48_925))
    held = permit(state, fingerprint=OTHERS, now=NOW + 48_924)

    assert Permission(Gate.HELD, NOW + 48_925) == held
    assert not held.lets_probe
    assert Gate.GO is gate(state, now=NOW + 48_925)


@pytest.mark.parametrize(
    ("outcome", "asked_s", "held_s"),
    [
        (Outcome.QUOTA_EXCEEDED, 10**9, MAX_HOLD_S),
        (Outcome.QUOTA_EXCEEDED, None, 3600),
        (Outcome.RATE_LIMITED, None, 30),
        (Outcome.RATE_LIMITED, 0, 1),
        (Outcome.RATE_LIMITED, 7, 7),
    ],
)
def test_an_absurd_or_missing_wait_is_replaced(
    outcome: Outcome, asked_s: int | None, held_s: int
) -> None:
    """A wait of years is cut to 26 hours; none at all means the usual one."""
    assert NOW + held_s == follow(see(outcome, retry_after_s=asked_s)).not_before


def test_a_shorter_wait_or_a_late_success_never_shortens_a_hold() -> None:
    """Calls that were on their way when the quota ended come back and change nothing."""
    state = follow(
        see(Outcome.QUOTA_EXCEEDED, retry_after_s=5000),
        see(Outcome.RATE_LIMITED, retry_after_s=5),
        see(Outcome.OK, operation=RECENTLY_PLAYED.name),
    )

    assert NOW + 5000 == state.not_before


def test_the_third_failure_in_a_row_opens_the_breaker() -> None:
    """Two hiccups open nothing; the breaks double from 5 s to a minute."""
    state = follow(see(Outcome.TIMED_OUT), see(Outcome.UPSTREAM_FAILED))
    gates, breaks = [gate(state)], []
    for _ in range(6):
        state = after(state, see(Outcome.DNS_FAILED), fingerprint=OURS, jitter=0)
        breaks.append(state.breaker_until - NOW)
        gates.append(gate(state))

    assert [Gate.GO] + [Gate.OPEN] * 6 == gates
    assert [5, 10, 20, 40, 60, 60] == breaks


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.GRANT_REJECTED])
def test_any_answer_closes_the_breaker(outcome: Outcome) -> None:
    """A probe may go while it is open; its answer ends it at once."""
    state = follow(*[see(Outcome.TIMED_OUT)] * 3)

    assert permit(state, fingerprint=OURS, now=NOW).lets_probe
    assert NOW + 7 == permit(state, fingerprint=OURS, now=NOW).until
    answered = after(state, see(outcome, operation=REFRESH), fingerprint=OURS, jitter=0)
    assert (Gate.GO, 0) == (gate(answered), answered.n_failures)


@given(
    outcome=st.sampled_from(
        [outcome for outcome in Outcome if outcome.owner in (Owner.UPSTREAM, Owner.NETWORK)]
    ),
    n=st.integers(1, 50),
)
def test_no_failure_of_others_ever_latches(outcome: Outcome, n: int) -> None:
    """A captive portal or a 503 is not the operator's fault, however long it lasts."""
    state = follow(*[see(outcome)] * n)

    assert (None, "") == (state.latched, state.latched_fingerprint)


@given(outcome=st.sampled_from([o for o in Outcome if o.owner is Owner.USER]))
def test_one_users_failure_stops_nobody(outcome: Outcome) -> None:
    """Everybody else's calls go on, and nothing counts as failing."""
    state = follow(see(outcome, operation=REFRESH))

    assert (Gate.GO, 0) == (gate(state), state.failing_since)


def test_a_network_failure_while_latched_keeps_the_latch() -> None:
    """The next probe is not sooner for it."""
    latched = follow(see(Outcome.CLIENT_REJECTED))
    failed = latched
    for _ in range(5):
        failed = after(failed, see(Outcome.TIMED_OUT), fingerprint=OURS, jitter=0)

    assert permit(latched, fingerprint=OURS, now=NOW) == permit(failed, fingerprint=OURS, now=NOW)


def test_retries_are_paid_from_a_budget() -> None:
    """Ten retries empty it; ten successes earn one."""
    state = UpstreamState(name="spotify")
    for _ in range(10):
        state = take_retry(state)
    assert state.retry_budget == 0
    assert state is take_retry(state)

    for _ in range(11):
        state = after(state, see(Outcome.OK), fingerprint=OURS, jitter=0)
    assert take_retry(state) != state


@given(jitter=st.floats(0, 1, exclude_max=True))
def test_probes_come_twice_a_minute_at_most(jitter: float) -> None:
    """Whatever the jitter, 30 to 60 s lie between two probes of a latch."""
    wait_s = next_probe_at(Gate.LATCHED, now=NOW, jitter=jitter) - NOW

    assert 30 <= wait_s <= 60


@pytest.mark.slow
def test_a_month_of_hiccups_latches_nothing() -> None:
    """A probe every 20 s for 30 days with hiccups and quota days: all calls stay possible."""
    rng = random.Random(3)  # noqa: S311 - a replay, no secret
    state = UpstreamState(name="spotify")
    hiccups = [(rng.randrange(30 * 86_400), rng.randrange(5, 600)) for _ in range(45)]
    now, n_calls = NOW, 0
    while now < NOW + 30 * 86_400:
        permission = permit(state, fingerprint=OURS, now=now)
        if permission.gate is Gate.HELD or (not permission.is_go and permission.until > now):
            now = max(permission.until, now + 1)
            continue
        is_down = any(start <= now - NOW < start + length for start, length in hiccups)
        outcome = Outcome.TIMED_OUT if is_down else Outcome.OK
        if rng.random() < 2e-5:
            outcome = Outcome.QUOTA_EXCEEDED
        seen = see(outcome, at=now, retry_after_s=20_000)
        state = after(state, seen, fingerprint=OURS, jitter=rng.random())
        assert state.latched is None
        now, n_calls = now + 20, n_calls + 1

    assert 100_000 < n_calls
