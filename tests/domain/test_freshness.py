"""What readers are told of an upstream."""

import pytest

from harmonyhub.domain.freshness import SourceState, judge_source
from harmonyhub.domain.upstreams import Outcome, UpstreamState

NOW = 1_723_600_000


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (UpstreamState(name="spotify"), (SourceState.UNTRIED, None, None)),
        (UpstreamState(name="spotify", last_ok_at=NOW - 5), (SourceState.CURRENT, None, None)),
        (
            UpstreamState(
                name="spotify",
                last_ok_at=NOW - 90,
                latched=Outcome.CLIENT_REJECTED,
                latched_since=NOW - 60,
                not_before=NOW + 9,
            ),
            (SourceState.REJECTED, NOW - 60, None),
        ),
        (
            UpstreamState(name="spotify", last_ok_at=NOW - 90, not_before=NOW + 3600),
            (SourceState.HELD, None, NOW + 3600),
        ),
        (
            UpstreamState(name="spotify", last_ok_at=1, not_before=NOW),
            (SourceState.CURRENT,) + (None,) * 2,
        ),
        (
            UpstreamState(
                name="spotify",
                last_ok_at=NOW - 90,
                n_failures=2,
                failing_since=NOW - 30,
                last_outcome=Outcome.TIMED_OUT,
            ),
            (SourceState.FAILING, NOW - 30, None),
        ),
    ],
)
def test_state_says_what_keeps_new_data_away(
    state: UpstreamState, expected: tuple[SourceState, int | None, int | None]
) -> None:
    """Rejected, held, failing, current or untried: the strongest reason, with its time."""
    found = judge_source(state, now=NOW, title="Spotify")
    assert expected == (found.state, found.since, found.until)
    assert found.note.startswith("Spotify ")


def test_evidence_is_told_to_nobody() -> None:
    """What the upstream answered stays with the operator."""
    state = UpstreamState(
        name="spotify", last_evidence="400 invalid_client", latched_fingerprint="ab12"
    )
    text = repr(judge_source(state, now=NOW, title="Spotify"))
    assert [False, False] == [word in text for word in ("invalid_client", "ab12")]
