"""The alerts of 2024, on the same month: an error ratio, and a burn rate of an error budget."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harmonyhub.drills.quiet_events import MONTH_S, Month

STEP_S = 15  # a usual interval of evaluation
RATIO, RATIO_WINDOW_S = 0.20, 300
# 14.4 times the budget of 99.9 %: 2 % of a month's budget in an hour.
BURN, BURN_WINDOWS_S = 14.4 * 0.001, (3600, 300)
TOKEN_LIFE_S = 3600
GOOD_HOUR_S = 3600

Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """What one kind of alert does.

    Attributes
    ----------
    n_pages : int
        Times that it fires in the month, all for nothing.
    detects_s : float or None
        From a revoked secret to its page, where access tokens end over an hour; None: never.
    """

    n_pages: int
    detects_s: float | None


def judge_alerts(month: Month, *, rate: float, seed: int) -> tuple[AlertFigures, AlertFigures]:
    """Evaluate both alerts on a month: the ratio first, then the burn rate.

    Parameters
    ----------
    rate : float
        Requests a second that need Spotify, over 0.
    """
    rng = np.random.default_rng(seed)
    quiet = _draw(_failing_shares(month), rate=rate, rng=rng)
    incident = _draw(_incident_shares(), rate=rate, rng=rng)
    return (
        AlertFigures(_count_edges(_ratio_fires(*quiet)), _first(_ratio_fires(*incident))),
        AlertFigures(_count_edges(_burn_fires(*quiet)), _first(_burn_fires(*incident))),
    )


def _failing_shares(month: Month) -> Shares:
    """Give the share of requests that fail, for each step of the month."""
    shares = np.zeros(MONTH_S // STEP_S)
    spans = [(one.start, one.end, one.share) for one in month.hiccups]
    spans += [(day.start, day.end, 1.0) for day in month.quota_days]
    for start, end, share in spans:
        first, last = start // STEP_S, min((end - 1) // STEP_S, len(shares) - 1)
        for step in range(first, last + 1):
            overlap_s = min(end, (step + 1) * STEP_S) - max(start, step * STEP_S)
            shares[step] = max(shares[step], share * overlap_s / STEP_S)
    return shares


def _incident_shares() -> Shares:
    """Give the share that fails after a good hour and a revoked secret: tokens end over an hour."""
    steps = np.arange(2 * TOKEN_LIFE_S // STEP_S)
    ending = np.minimum(1.0, (steps + 0.5) * STEP_S / TOKEN_LIFE_S)
    return np.concatenate((np.zeros(GOOD_HOUR_S // STEP_S), ending))


def _draw(shares: Shares, *, rate: float, rng: np.random.Generator) -> tuple[Counts, Counts]:
    totals = rng.poisson(rate * STEP_S, len(shares))
    return totals, rng.binomial(totals, shares)


def _ratio_fires(totals: Counts, failures: Counts) -> npt.NDArray[np.bool_]:
    return _ratio(totals, failures, RATIO_WINDOW_S) > RATIO


def _burn_fires(totals: Counts, failures: Counts) -> npt.NDArray[np.bool_]:
    long_s, short_s = BURN_WINDOWS_S
    over_long = _ratio(totals, failures, long_s) > BURN
    return over_long & (_ratio(totals, failures, short_s) > BURN)


def _ratio(totals: Counts, failures: Counts, window_s: int) -> Shares:
    """Give the share of failures in the window that ends with each step; 0 without requests."""
    asked, failed = (_rolling(counts, window_s // STEP_S) for counts in (totals, failures))
    return np.divide(failed, asked, out=np.zeros(len(asked)), where=asked > 0)


def _rolling(counts: Counts, n_steps: int) -> Shares:
    sums = np.concatenate(([0], np.cumsum(counts)))
    ends = np.arange(1, len(sums))
    return (sums[ends] - sums[np.maximum(ends - n_steps, 0)]).astype(np.float64)


def _count_edges(fires: npt.NDArray[np.bool_]) -> int:
    return int(np.sum(fires[1:] & ~fires[:-1]) + fires[0])


def _first(fires: npt.NDArray[np.bool_]) -> float | None:
    return None if not fires.any() else float((np.argmax(fires) + 1) * STEP_S - GOOD_HOUR_S)
