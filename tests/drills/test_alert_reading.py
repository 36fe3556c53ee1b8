"""Alerts are read as they arrive: which variables they blame, and how surely."""

from harmonyhub.domain.findings import Finding, Owner, Severity
from harmonyhub.domain.incident_text import alert_text
from harmonyhub.domain.incidents import Diagnosis, Incident
from harmonyhub.drills.alert_reading import Reading, read_alert, reading
from harmonyhub.drills.at_run_time import most_within
from harmonyhub.drills.sink import Message
from harmonyhub.settings.secret import Secret
from harmonyhub.telemetry.notify import Notifier
from tests.tools.fakes import fresh_sink


def blame(variable: str | None, *, is_proven: bool) -> Finding:
    """Make a finding that blames a variable."""
    return Finding(
        check_id="HH101",
        severity=Severity.ERROR,
        owner=Owner.OPERATOR,
        message="Spotify rejects it.",
        fix="Correct it (now).",
        variable=variable,
        provenance="file secret (HARMONYHUB_X_FILE, line 1)",
        is_proven=is_proven,
    )


def test_variables_and_their_certainty_are_read_from_the_body() -> None:
    """Every `Variable:` line counts, whatever its provenance; a finding without one does not."""
    causes = (
        blame("HARMONYHUB_A", is_proven=True),
        blame("HARMONYHUB_B", is_proven=False),
        blame(None, is_proven=False),
    )
    title, body = alert_text(
        Incident(id="1", diagnosis=Diagnosis(causes=causes, failing_since=0), opened_at=0)
    )
    message = Message(
        at=0.0, contact="first", kind="failure", title=title, body=body, is_refused=False
    )
    expected = Reading(frozenset({"HARMONYHUB_A", "HARMONYHUB_B"}), frozenset({"HARMONYHUB_A"}))
    assert expected == read_alert(message)


async def test_the_mailbox_gives_alerts_that_were_taken() -> None:
    """What says that it is over, and what the sink refused, is no alert that anybody read."""
    async with fresh_sink() as sink, reading(sink) as mailbox:
        notifier = Notifier(Secret(sink.address()))
        await sink.refuse(60)
        await notifier.send("refused", "a body")
        await sink.refuse(0)
        await notifier.send("over", "a body", is_resolved=True)
        await notifier.send("taken", "a body")
        alert = await mailbox.wait_for_alert(("first",), timeout_s=10)
        assert alert is not None
        assert "taken" == alert.title
        assert ["taken"] == [each.title for each in mailbox.alerts(("first",))]
        assert await mailbox.wait_for_alert(("second",), timeout_s=0.2) is None


def test_calls_are_counted_in_the_fullest_minute() -> None:
    """Three calls, two of them within a minute, are two."""
    assert 2 == most_within([0.0, 59.0, 119.5], window_s=60)
    assert 0 == most_within([], window_s=60)
