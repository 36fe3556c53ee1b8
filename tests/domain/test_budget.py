"""The calls that Spotify allows, shared out: a person first, then what would be lost for ever."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonyhub.domain.budget import (
    ASSUMED_DAILY_CALLS,
    DAY_S,
    WINDOW_CALLS,
    Purpose,
    Spending,
    allow,
    learn,
    poll_every_s,
)


def first_refused(*, in_day: bool) -> list[int]:
    """Give for each purpose after how many calls of a day, or of a window, it has to wait."""
    most = ASSUMED_DAILY_CALLS if in_day else WINDOW_CALLS
    return [
        next(
            n
            for n in range(most + 1)
            if not allow(
                Spending(n_in_day=n) if in_day else Spending(n_in_window=n), purpose, n_calls=1
            ).is_go
        )
        for purpose in Purpose
    ]


@pytest.mark.parametrize("in_day", [True, False])
def test_purposes_wait_in_their_order(*, in_day: bool) -> None:
    """Resolving stops first, then the library, then plays; a person may take the last call."""
    stops = first_refused(in_day=in_day)

    assert stops[0] == (ASSUMED_DAILY_CALLS if in_day else WINDOW_CALLS)
    assert all(sooner > later for sooner, later in pairwise(stops))


def test_a_learned_allowance_is_smaller_than_what_was_spent() -> None:
    """Spotify said stop after 4,000: the next day fewer are planned; a stray 429 teaches little."""
    assert 3_000 < learn(4_000) < 4_000
    assert 100 == learn(3)


@given(n_users=st.integers(1, 5_000), daily=st.integers(100, 1_000_000))
def test_polls_fit_the_allowance(n_users: int, daily: int) -> None:
    """A day's polls of all users take half of it at most, unless plays would be overrun."""
    every_s = poll_every_s(Spending(daily_calls=daily), n_users=n_users, least_s=900, most_s=7_200)

    assert 900 <= every_s <= 7_200
    if every_s < 7_200:
        assert n_users * DAY_S / (every_s + 1) <= daily / 2
