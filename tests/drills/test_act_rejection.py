"""The figures of the day of rejection: who counts as served, and how long readers waited."""

import random

import pytest

from harmonyhub.drills.act_rejection import TIMEOUT_S, Read, draw_readers, figures


def reads(n: int, *, latency_s: float = 0.01, n_failed: int = 0) -> list[Read]:
    """Make reads of as many users, of whom the first see nothing."""
    return [
        Read(f"listener-{number}", number >= n_failed, latency_s, "rejected") for number in range(n)
    ]


def test_all_served_as_fast_as_ever() -> None:
    """Where every read gave a list in the same time, all targets hold exactly."""
    measured = figures(reads(200), reads(200), note="a day")
    assert (100, 100, 1) == tuple(figure.value for figure in measured.values())
    assert "200 answers told of the rejection" == measured["users.reads"].note


def test_one_failed_read_is_a_user_not_served() -> None:
    """A user is served only if every read of the day gave a list."""
    seen = reads(200) + reads(200, n_failed=1)
    measured = figures(reads(400), seen, note="a day")
    assert (99.5, 99.75) == (measured["users.served"].value, measured["users.reads"].value)


def test_a_fast_failure_is_no_fast_read() -> None:
    """Reads that failed count as waited for in vain."""
    measured = figures(reads(100), reads(100, latency_s=0.001, n_failed=10), note="a day")
    assert TIMEOUT_S / 0.01 == pytest.approx(measured["users.p95_ratio"].value)


@pytest.mark.parametrize(("n_users", "n_each"), [(200, 4), (60, 4), (50, 5), (12, 20)])
def test_everybody_reads_as_often(n_users: int, n_each: int) -> None:
    """Each user reads at least four times in the day; few users read more often."""
    users = [f"listener-{number}" for number in range(n_users)]
    steps = draw_readers(users, n_steps=96, rng=random.Random(1))  # noqa: S311 - a drill
    assert 96 == len(steps)
    assert {n_each} == {sum(step.count(user) for step in steps) for user in users}
