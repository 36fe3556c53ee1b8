"""What files and environment say now, against what this process uses."""

import base64
from pathlib import Path

from harmonyhub.flows.reloading import Drift, Sources
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings

KEY = b"k" * 32
SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
ONE, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2


class Place:
    """A folder with a `.env` and the file of a secret, and the sources that look at them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.write_secret(ONE)
        self.write_env(PORT="8000")
        settings, findings = self.survey()
        assert settings is not None, findings
        self.sources = Sources(settings, key=KEY, survey=self.survey)

    def survey(self) -> tuple[Settings | None, list]:  # type: ignore[type-arg]
        """Read them as a process does."""
        return load_settings({}, folder=self._folder)

    def write_secret(self, text: str) -> None:
        """Write the file of the secret."""
        path = self._folder / "secret"
        path.write_text(text + "\n")
        path.chmod(0o600)

    def write_env(self, **variables: str) -> None:
        """Write `.env`."""
        variables |= {
            "DATA_DIR": str(self._folder / "data"),
            "ENCRYPTION_KEY": base64.b64encode(bytes(32)).decode(),
            "SPOTIFY_CLIENT_ID": "a" * 32,
            "SPOTIFY_CLIENT_SECRET_FILE": str(self._folder / "secret"),
        }
        path = self._folder / ".env"
        path.write_text("".join(f"HARMONYHUB_{name}={text}\n" for name, text in variables.items()))
        path.chmod(0o600)


def test_what_did_not_change_is_no_drift(tmp_path: Path) -> None:
    """The same values written again differ in nothing."""
    place = Place(tmp_path)
    place.write_secret(ONE)
    assert () == place.sources.look().changed


def test_secrets_and_plain_values_that_changed_are_named(tmp_path: Path) -> None:
    """A rewritten file of a secret and an edited `.env` are both seen."""
    place = Place(tmp_path)
    place.write_secret(OTHER)
    place.write_env(PORT="8001")
    assert ("HARMONYHUB_PORT", SECRET) == place.sources.look().changed


def test_what_was_taken_over_is_no_drift_any_more(tmp_path: Path) -> None:
    """After the new secret is in use, only what needs a restart remains."""
    place = Place(tmp_path)
    place.write_secret(OTHER)
    place.write_env(PORT="8001")
    drift = place.sources.look()
    assert drift.settings is not None
    place.sources.take(drift.settings, frozenset({SECRET}))
    assert ("HARMONYHUB_PORT",) == place.sources.look().changed


def test_values_are_new_once(tmp_path: Path) -> None:
    """A value is tried once; another one, or the former one again, is tried anew."""
    place = Place(tmp_path)
    tried = []
    for text in (ONE, ONE, OTHER, OTHER, ONE):
        place.write_secret(text)
        tried.append(place.sources.is_new(place.sources.look()))
    assert [True, False, True, False, True] == tried


def test_what_is_spoilt_changes_nothing_and_is_told(tmp_path: Path) -> None:
    """Values that are no settings are findings, never a change to take over."""
    place = Place(tmp_path)
    place.write_secret("abc")
    drift = place.sources.look()
    assert (None, ()) == (drift.settings, drift.changed)
    assert [SECRET] == [finding.variable for finding in drift.findings]
    assert not place.sources.is_new(drift)
    assert not place.sources.is_new(Drift(settings=None))
