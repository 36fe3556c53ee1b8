"""No secret's value leaves through a message, a representation or a traceback."""

import copy
import itertools
import traceback
from dataclasses import asdict
from pathlib import Path

import pytest

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.settings.load import load_settings, read_settings
from harmonyhub.settings.registry import VARIABLES
from harmonyhub.settings.secret import Secret

SENTINEL = "SENTINEL0secret"  # right for none of Spotify's shapes, wrong in most others
SPOILERS = [
    "{}",
    "'{}'",
    " {}",
    "{}\n",
    "{}\u200b",
    "<{}>",
    "mongodb://user:{}@",
    "mongodb://user:{}@[::1/x",
    "mongodb://user:{}@<host>/",
    "https://user:{}@example.net:x/",
    "0123456789abcdef{}",
]
SECRETS = [variable for variable in VARIABLES if variable.is_secret]


@pytest.mark.parametrize("spoiler", SPOILERS)
@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_no_finding_shows_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoiler: str, suffix: str
) -> None:
    """Whatever is wrong with secrets, messages, error and traceback hold none of their text."""
    monkeypatch.chdir(tmp_path)
    value = spoiler.format(SENTINEL)
    for variable in SECRETS:
        monkeypatch.setenv(variable.name + suffix, value)
    (tmp_path / ".env").write_text(f"HARMONYHUB_ACCESS_PASSWORD='{SENTINEL}-other'\n")
    monkeypatch.setenv("HARMONYHUB_SPOTIFY_CLIENT_SECRT", SENTINEL)
    monkeypatch.setenv("SPOTIFY_CLIENT_SECRET", SENTINEL)
    with pytest.raises(ConfigurationError) as caught:
        read_settings()
    error = caught.value
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.findings)
    assert len(error.findings) > 2
    assert SENTINEL not in shown + str(error) + error.hint


@pytest.mark.parametrize("variable", [each for each in VARIABLES if not each.is_secret])
@pytest.mark.parametrize("spoiler", ["{}", "'{}'", "{} x", "//{}"])
def test_secret_pasted_into_a_neighbour_stays_hidden(
    tmp_path: Path, variable: object, spoiler: str
) -> None:
    """A secret that also stands in a variable that is shown is masked there."""
    name = variable.name  # type: ignore[attr-defined]
    secret = "0123456789abcdef0123456789abcdeF"
    environ = {"HARMONYHUB_SPOTIFY_CLIENT_SECRET": secret, name: spoiler.format(secret)}
    _, findings = load_settings(environ, folder=tmp_path)
    assert findings
    assert secret not in repr(findings)


def test_password_of_an_address_in_the_wrong_place_is_masked(tmp_path: Path) -> None:
    """An address with a password in a variable that is no secret shows without the password."""
    environ = {"HARMONYHUB_HOST": f"mongodb://user:{SENTINEL}@db/"}
    _, findings = load_settings(environ, folder=tmp_path)
    assert ["'mongodb://***@db/'"] == [finding.evidence for finding in findings]


def test_settings_show_no_secret(tmp_path: Path) -> None:
    """Settings printed, formatted, copied or turned into a dict show masks only."""
    environ = {
        "HARMONYHUB_ACCESS_PASSWORD": SENTINEL,
        "HARMONYHUB_MONGODB_URI": f"mongodb://user:{SENTINEL}@db/",
    }
    settings, _ = load_settings(environ, folder=tmp_path)
    assert settings is not None
    shown = f"{settings} {settings!r} {asdict(settings)} {copy.copy(settings)}"
    assert SENTINEL not in shown
    assert SENTINEL in settings.secret_values()


def test_secret_is_a_mask_in_every_format() -> None:
    """A secret's text forms are the mask; `reveal` alone gives the value."""
    secret = Secret(SENTINEL)
    forms = {str(secret), f"{secret}", f"{secret!s}", "{}".format(secret), "%s" % secret}  # noqa: UP031, UP032 - all ways to format
    assert {"***"} == forms
    assert "Secret(***)" == repr(secret)
    assert "   ***" == f"{secret:>6}"
    assert SENTINEL == secret.reveal()


def test_secrets_compare_by_value() -> None:
    """Equal values are equal secrets, and never equal to a plain string."""
    assert Secret("ä") == Secret("ä")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert 1 == len({Secret("a"), Secret("a")})


def test_fingerprint_follows_value_and_key() -> None:
    """A fingerprint is the same for the same value and key, and else another one."""
    prints = [
        Secret(value).fingerprint(key)
        for value, key in itertools.product(["one", "two"], [b"k", b"l"])
    ]
    assert 4 == len(set(prints))
    assert prints[0] == Secret("one").fingerprint(b"k")
    assert 8 == len(prints[0])
