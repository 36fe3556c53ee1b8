"""How a connection stands: whose trouble it is decides what its user is told."""

from dataclasses import replace

from harmonyhub.domain.connection_report import report_connection
from harmonyhub.domain.connections import Connection, Hindrance, Standing, judge_connection
from harmonyhub.domain.consents import CONSENT_LASTS_S, DAY_S
from harmonyhub.domain.upstreams import Outcome, TokenState, UpstreamState, UserToken

NOW = 1_760_000_000
APP = "a" * 32
TOKEN = UserToken(
    user_id="ada",
    client_id=APP,
    state=TokenState.ACTIVE,
    consented_at=NOW - 100 * DAY_S,
    access_expires_at=NOW,
    scopes=("x", "y"),
    account_name="Ada",
)
FINE = UpstreamState(name="spotify", last_ok_at=NOW)


def judge(
    token: UserToken | None = TOKEN, upstream: UpstreamState = FINE, *, own_app: str | None = APP
) -> Connection:
    """Judge a connection of now, where x, y and z are asked for."""
    return judge_connection(token, upstream, own_app=own_app, scopes=("x", "y", "z"), now=NOW)


def test_a_good_consent_is_connected() -> None:
    """What was not allowed is named; without a record of scopes nothing is guessed."""
    connection = judge()
    assert (Standing.CONNECTED, ("z",)) == (connection.standing, connection.missing_scopes)
    assert () == judge(replace(TOKEN, scopes=())).missing_scopes
    assert Standing.NOT_CONNECTED is judge(None).standing
    assert Standing.NOT_SET_UP is judge(own_app=None).standing


def test_everybodys_trouble_lets_a_consent_wait() -> None:
    """A latch, a quota and an outage each say since or until when; a success ends them."""
    latched = replace(FINE, latched=Outcome.CLIENT_REJECTED, latched_since=NOW - 5)
    held = replace(FINE, not_before=NOW + 60, last_outcome=Outcome.QUOTA_EXCEEDED)
    failing = replace(FINE, n_failures=1, failing_since=NOW - 9, last_outcome=Outcome.DNS_FAILED)
    expected = [
        Hindrance(Outcome.CLIENT_REJECTED, since=NOW - 5),
        Hindrance(Outcome.QUOTA_EXCEEDED, until=NOW + 60),
        Hindrance(Outcome.DNS_FAILED, since=NOW - 9),
    ]
    judged = [judge(upstream=state) for state in (latched, held, failing)]
    assert expected == [connection.hindrance for connection in judged]
    assert {Standing.WAITING} == {connection.standing for connection in judged}
    assert None is judge(upstream=replace(held, not_before=NOW)).hindrance


def test_ones_own_trouble_sets_a_consent_aside() -> None:
    """Quarantined, or given to a former app of this server."""
    aside = replace(
        TOKEN,
        state=TokenState.QUARANTINED,
        quarantined_for=Outcome.USER_NOT_ALLOWED,
        quarantined_at=NOW - 7,
    )
    former = replace(TOKEN, client_id="f" * 32)
    assert Hindrance(Outcome.USER_NOT_ALLOWED, since=NOW - 7) == judge(aside).hindrance
    assert Hindrance(Outcome.FOREIGN_APP) == judge(former).hindrance
    assert {Standing.SET_ASIDE} == {judge(aside).standing, judge(former).standing}
    assert Standing.CONNECTED is judge(replace(former, is_public=True)).standing


def test_who_was_refused_for_a_foreign_app_is_not_blamed() -> None:
    """Shortly before the latch it was the credentials; long before, it was the consent."""
    foreign = replace(FINE, latched=Outcome.FOREIGN_APP, latched_since=NOW - 100)
    refused = replace(
        TOKEN,
        state=TokenState.QUARANTINED,
        quarantined_for=Outcome.GRANT_REJECTED,
        quarantined_at=NOW - 200,
    )
    long_ago = replace(refused, quarantined_at=NOW - 5000)
    reasons = [judge(token, foreign).hindrance for token in (refused, long_ago)]
    assert [Outcome.FOREIGN_APP, Outcome.GRANT_REJECTED] == [
        one.outcome for one in reasons if one is not None
    ]


def test_a_report_has_the_facts_and_the_words() -> None:
    """What programs get is what the page says."""
    ending = replace(
        TOKEN, consented_at=NOW - CONSENT_LASTS_S + 7 * DAY_S, noticed_at={30: 1, 7: NOW - 3}
    )
    report = report_connection("ada", judge(ending))
    assert ("Ada", 7, 7, NOW - 3) == (
        report.account,
        report.days_left,
        report.notice,
        report.noticed_at,
    )
    assert None is report.trouble
    aside = replace(TOKEN, state=TokenState.QUARANTINED, quarantined_for=Outcome.GRANT_REJECTED)
    trouble = report_connection("ada", judge(aside)).trouble
    assert trouble is not None
    assert ("yours", "Connect again.") == (trouble.whose, trouble.do)
