"""The end of a consent, and the notices before it."""

import pytest

from harmonyhub.domain.consents import CONSENT_LASTS_S, DAY_S, Notice, consent_end

CONSENTED_AT = 1_700_000_000


@pytest.mark.parametrize(
    ("days_left", "notice"),
    [
        (181, None),
        (31, None),
        (30, Notice.MONTH),
        (8, Notice.MONTH),
        (7, Notice.WEEK),
        (2, Notice.WEEK),
        (1, Notice.DAY),
        (0, Notice.ENDED),
        (-400, Notice.ENDED),
    ],
)
def test_notices_come_at_30_7_and_1_days(days_left: int, notice: Notice | None) -> None:
    """The nearest one is in force; after the end it says that it is over."""
    now = CONSENTED_AT + CONSENT_LASTS_S - days_left * DAY_S
    end = consent_end(CONSENTED_AT, now=now)

    assert (notice, max(0, days_left)) == (end.notice, end.n_days)
    assert CONSENTED_AT + CONSENT_LASTS_S == end.at
