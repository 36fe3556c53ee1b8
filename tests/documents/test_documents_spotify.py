"""docs/spotify.md: the strings to paste and the messages are those of the code."""

from pathlib import Path

from harmonyhub.domain.findings import Owner
from harmonyhub.domain.spotify_messages import ENDS, MESSAGES, whose
from harmonyhub.settings.redirect import CALLBACK_PATH
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.sources.spotify.operations import SCOPES

TEXT = (Path(__file__).parents[2] / "docs" / "spotify.md").read_text("utf-8")


def test_every_message_has_its_row() -> None:
    """With whose matter it is, what to do, and whether the operator is alerted."""
    for outcome, message in MESSAGES.items():
        owner = whose(outcome)
        start = f"| {message.what} | {owner} | {message.do} | "
        (row,) = (line for line in TEXT.splitlines() if line.startswith(start))
        assert (message.check_id in row, outcome.owner is Owner.OPERATOR) == (
            True,
            "| alert " in row,
        )


def test_every_end_of_a_sign_in_has_its_row() -> None:
    """In the words of the page."""
    for message in ENDS.values():
        assert f"| {message.what} | {message.do} |" in TEXT


def test_the_strings_to_paste_are_those_that_are_read() -> None:
    """Variables exist, every scope is explained, every redirect URI ends where it is served."""
    for name in ("CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI"):
        assert f"HARMONYHUB_SPOTIFY_{name}" in BY_NAME
        assert f"HARMONYHUB_SPOTIFY_{name}" in TEXT
    assert [scope for scope in SCOPES if f"`{scope}`" not in TEXT] == []
    assert 3 <= TEXT.count(f"{CALLBACK_PATH}`")
