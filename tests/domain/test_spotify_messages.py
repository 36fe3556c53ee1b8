"""What listeners are told of Spotify: a text of its own for every failure, true to its owner."""

import pytest

from harmonyhub.checks.live import LIVE_BY_ID
from harmonyhub.domain.consents import CONSENT_LASTS_S, DAY_S, consent_end
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.spotify_messages import (
    ENDS,
    HOUSEHOLD_MESSAGES,
    MESSAGES,
    SignInEnd,
    explain,
    say_notice,
    whose,
)
from harmonyhub.domain.upstreams import Outcome

FAILURES = [outcome for outcome in Outcome if outcome is not Outcome.OK]


@pytest.mark.parametrize("outcome", FAILURES)
def test_every_failure_has_its_own_words(outcome: Outcome) -> None:
    """What, why and what to do, each a sentence, and no two failures read alike."""
    message = explain(outcome)
    assert message is not None
    for text in (message.what, message.why, message.do):
        assert text[0].isupper()
        assert text.endswith(".")
    assert 1 == sum(one.what == message.what for one in MESSAGES.values())
    assert whose(outcome)


def test_success_needs_no_words() -> None:
    """There is nothing to explain."""
    assert (None, "") == (explain(Outcome.OK), whose(Outcome.OK))


@pytest.mark.parametrize("outcome", FAILURES)
def test_the_alert_names_the_same_owner(outcome: Outcome) -> None:
    """Where a failure has a check, the operator hears of it under that; a user's alerts nobody."""
    message = MESSAGES[outcome]
    if outcome.owner is Owner.USER:
        assert "" == message.check_id
    elif outcome is not Outcome.BUDGET_SPENT:
        assert message.check_id in LIVE_BY_ID


def test_a_households_app_alerts_nobody_and_blames_no_operator() -> None:
    """What is the operator's with our app is the household's with theirs."""
    operators = {outcome for outcome in FAILURES if outcome.owner is Owner.OPERATOR}
    assert operators == set(HOUSEHOLD_MESSAGES)
    for outcome in operators:
        message = explain(outcome, is_household=True)
        assert message is not None
        assert ("", False) == (message.check_id, "operator" in f"{message.why} {message.do}")
        assert "your household's" == whose(outcome, is_household=True)


def test_every_end_of_a_sign_in_has_words() -> None:
    """No two alike, so that a person can tell one from the other."""
    assert set(SignInEnd) == set(ENDS)
    assert len(ENDS) == len({message.what for message in ENDS.values()})


def test_notices_count_down() -> None:
    """Nothing at 31 days; then 30, 7 and 1 days, and the truth after the end."""
    said = {
        days: say_notice(consent_end(0, now=CONSENT_LASTS_S - days * DAY_S))
        for days in (31, 30, 7, 1, -2)
    }
    assert said[31] is None
    texts = [message.what for message in said.values() if message is not None]
    assert ["in 30 days", "in 7 days", "within a day", "any hour"] == [
        next(
            part for part in ("in 30 days", "in 7 days", "within a day", "any hour") if part in text
        )
        for text in texts
    ]
