"""What must stay hidden of an address of an alert service, and what need not."""

from pathlib import Path

import pytest

from harmonyhub.settings.embedded import alert_secrets
from harmonyhub.settings.load import load_settings


@pytest.mark.parametrize(
    ("address", "hidden", "shown"),
    [
        ("mailtos://anna:p%40ss@mail.example.org", ["p@ss", "p%40ss", "anna:p%40ss"], ["anna"]),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXr/#ops", ["T1JJ3T3L2", "A1BRTD4JD"], ["ops"]),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", ["123456789"], []),
        ("ntfys://tk_AgQdq7mVBoFD37zQ@ntfy.sh/topic", ["tk_AgQdq7mVBoFD37zQ"], ["topic"]),
        ("jsons://hooks.example.org/in?token=a1b2c3d4e5", ["a1b2c3d4e5"], ["hooks.example.org"]),
        ("json://127.0.0.1:9000/harmonyhub", [], ["127.0.0.1", "harmonyhub", "9000"]),
        ("json://[::1/a1b2c3d4e5", ["json://[::1/a1b2c3d4e5"], []),
    ],
)
def test_parts_of_an_alert_address(address: str, hidden: list[str], shown: list[str]) -> None:
    """Tokens and passwords are found wherever a service puts them; hosts and topics are not."""
    found = alert_secrets(f"json://localhost:1/other {address}")
    assert {address, *hidden} <= found
    assert not found & set(shown)


def test_settings_hide_all_of_them(tmp_path: Path) -> None:
    """The values that no log shows hold every new secret and the parts of alert addresses."""
    environ = {
        "HARMONYHUB_ADMIN_TOKEN": "correct-horse-battery",
        "HARMONYHUB_ENCRYPTION_KEY": "A" * 43 + "=",
        "HARMONYHUB_ALERT_URLS": "mailtos://anna:secret12@mail.example.org json://a/b",
        "HARMONYHUB_ALERT_ESCALATION_URLS": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXr",
    }
    settings, _ = load_settings(environ, folder=tmp_path)
    assert settings is not None
    expected = {*environ.values(), "secret12", "json://a/b", "T1JJ3T3L2", "TIiajkdnlazkcOXr"}
    assert expected <= set(settings.secret_values())
