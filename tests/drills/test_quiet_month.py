"""A quiet month: the product wakes nobody, without one of its guards it does, so do ratios."""

import random
import time
from dataclasses import replace

import pytest

from harmonyhub.drills.quiet_events import DAY_S, Month, draw_month
from harmonyhub.drills.quiet_month import Guards, Replayed, replay
from harmonyhub.drills.ratio_alerts import judge_alerts

SEEDS = range(10)


def month_of(seed: int) -> Month:
    """Draw the month of a seed."""
    return draw_month(random.Random(f"month:{seed}"))  # noqa: S311 - a drill, not a secret


def replay_of(month: Month, *, seed: int, guards: Guards | None = None) -> Replayed:
    """Replay a month, with all guards if none are given."""
    return replay(
        month,
        rng=random.Random(f"replay:{seed}"),  # noqa: S311 - a drill, not a secret
        guards=guards or Guards(),
    )


def test_a_month_has_all_that_it_should() -> None:
    """Each month has 45 hiccups, 3 quota days and cohorts whose consents end together."""
    for seed in SEEDS:
        month = month_of(seed)
        assert (45, 3) == (len(month.hiccups), len(month.quota_days))
        assert len(month.rejections) > 60


@pytest.mark.slow
def test_a_quiet_month_wakes_nobody() -> None:
    """Ten months of nobody's fault lead to no page, and take seconds to replay."""
    began = time.process_time()
    replayed = [replay_of(month_of(seed), seed=seed) for seed in SEEDS]
    assert [()] * len(SEEDS) == [one.pages for one in replayed]
    assert all(one.n_looks > 1000 for one in replayed)
    assert time.process_time() - began < 10 * len(SEEDS)


@pytest.mark.parametrize(
    "guards",
    [Guards(confirms=False), Guards(spares_aged=False), Guards(asks_owner=False)],
    ids=["no-confirmation", "aged-consents-count", "owner-does-not-matter"],
)
@pytest.mark.slow
def test_without_a_guard_somebody_is_woken(guards: Guards) -> None:
    """Each guard is needed: without it three months bring false pages."""
    pages = [replay_of(month_of(seed), seed=seed, guards=guards).pages for seed in range(3)]
    assert sum(map(len, pages)) > 0


def test_a_revoked_secret_is_one_page_within_seconds() -> None:
    """In a month that is quiet but for a revoked secret there is one page, soon after it."""
    for seed in SEEDS:
        month = replace(month_of(seed), hiccups=(), revoked_at=20 * DAY_S)
        replayed = replay_of(month, seed=seed)
        assert [("HH101",)] == [page.check_ids for page in replayed.pages]
        assert 0 <= replayed.pages[0].at - 20 * DAY_S <= 5


def test_ratios_page_for_nothing_and_come_late() -> None:
    """An error ratio and a burn rate fire many times in the month, and minutes after a fault."""
    for seed in SEEDS:
        ratio, burn = judge_alerts(month_of(seed), rate=10.0, seed=seed)
        assert ratio.n_pages >= 10
        assert burn.n_pages >= 10
        assert 12 * 60 < (ratio.detects_s or 0) < 18 * 60
        assert 8 * 60 < (burn.detects_s or 0) < 12 * 60
