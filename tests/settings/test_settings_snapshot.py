"""A configuration kept as values: it starts again as it was, and differences have names."""

from pathlib import Path

from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.registry import VARIABLES
from harmonyhub.settings.secret import Secret
from harmonyhub.settings.snapshot import (
    changed_names,
    configuration_fingerprint,
    fingerprints,
    snapshot,
)

KEY = b"k" * 32
SECRET = "fedcba9876543210fedcba9876543210"
GOOD = {
    "HARMONYHUB_ACCESS_PASSWORD": "correct horse",
    "HARMONYHUB_ADMIN_TOKEN": "correct-horse-battery",
    "HARMONYHUB_ALERT_ESCALATE_AFTER_S": "60",
    "HARMONYHUB_ALERT_ESCALATION_URLS": "json://127.0.0.1:9/boss",
    "HARMONYHUB_ALERT_URLS": "json://127.0.0.1:9/team json://127.0.0.1:9/more",
    "HARMONYHUB_BASE_URL": "https://music.example.org/",
    "HARMONYHUB_DATA_DIR": "/srv/harmonyhub",
    "HARMONYHUB_MUSIC_DIR": "/srv/music",
    "HARMONYHUB_ENCRYPTION_KEY": "A" * 43 + "=",
    "HARMONYHUB_HOST": "0.0.0.0",
    "HARMONYHUB_LOG_FORMAT": "JSON",
    "HARMONYHUB_LOG_LEVEL": "debug",
    "HARMONYHUB_MONGODB_DATABASE": "music",
    "HARMONYHUB_MONGODB_URI": "mongodb://u:p%40ss@localhost/?replicaSet=rs0",
    "HARMONYHUB_PORT": "8001",
    "HARMONYHUB_RELEASE": "7",
    "HARMONYHUB_SPOTIFY_ACCOUNTS_URL": "http://127.0.0.1:9000/",
    "HARMONYHUB_SPOTIFY_API_URL": "http://127.0.0.1:9000/v1",
    "HARMONYHUB_SPOTIFY_CLIENT_ID": "0123456789abcdef0123456789abcdef",
    "HARMONYHUB_SPOTIFY_CLIENT_SECRET": SECRET,
    "HARMONYHUB_SPOTIFY_REDIRECT_URI": "https://music.example.org/spotify/callback",
}


def load(environ: dict[str, str], folder: Path) -> Settings:
    """Load settings that must be good."""
    settings, findings = load_settings(environ, folder=folder)
    assert [] == findings
    assert settings is not None
    return settings


def test_environment_of_a_snapshot_loads_the_same(tmp_path: Path) -> None:
    """Every variable set, written as texts and read again: the same settings."""
    assert {variable.name for variable in VARIABLES} == set(GOOD), "the test sets every variable"
    settings = load(GOOD, tmp_path)
    texts = {entry.name: entry.reveal() for entry in snapshot(settings)}
    again = load({name: text for name, text in texts.items() if text is not None}, tmp_path)
    assert settings == again
    assert set(GOOD) == set(texts)


def test_what_is_not_set_has_no_text(tmp_path: Path) -> None:
    """Defaults are left out, so that a release keeps what was set and nothing else."""
    entries = {each.name: each for each in snapshot(load({"HARMONYHUB_PORT": "8000"}, tmp_path))}
    assert {"HARMONYHUB_PORT"} == {name for name, each in entries.items() if each.text is not None}
    assert "environment" == entries["HARMONYHUB_PORT"].provenance


def test_snapshot_shows_no_secret(tmp_path: Path) -> None:
    """Entries print with masks; only `reveal` gives a secret."""
    entries = snapshot(load(GOOD, tmp_path))
    secrets = {each.name for each in entries if isinstance(each.text, Secret)}
    assert {variable.name for variable in VARIABLES if variable.is_secret} == secrets
    assert all(GOOD[name] not in repr(entries) for name in secrets)


def test_differences_have_names(tmp_path: Path) -> None:
    """Two configurations differ in exactly the variables that differ; unset is different too."""
    old = fingerprints(load(GOOD, tmp_path), KEY)
    changed = GOOD | {"HARMONYHUB_SPOTIFY_CLIENT_SECRET": SECRET[8:] + "0" * 8}
    del changed["HARMONYHUB_LOG_LEVEL"]
    new = fingerprints(load(changed, tmp_path), KEY)
    names = ("HARMONYHUB_LOG_LEVEL", "HARMONYHUB_SPOTIFY_CLIENT_SECRET")
    assert names == changed_names(old, new)
    assert "" == new["HARMONYHUB_LOG_LEVEL"]
    assert ("HARMONYHUB_PORT",) == changed_names({}, {"HARMONYHUB_PORT": "1", "HARMONYHUB_X": ""})
    assert {8} == {len(text) for text in old.values()}


def test_configuration_has_one_fingerprint(tmp_path: Path) -> None:
    """It follows every value but where a process listens and its release, and needs the key."""
    settings = load(GOOD, tmp_path)
    fingerprint = configuration_fingerprint(settings, KEY)
    elsewhere = {
        "HARMONYHUB_PORT": "9",
        "HARMONYHUB_HOST": "127.0.0.1",
        "HARMONYHUB_RELEASE": "8",
    }
    assert 16 == len(fingerprint)
    assert fingerprint == configuration_fingerprint(load(GOOD | elsewhere, tmp_path), KEY)
    other = load(GOOD | {"HARMONYHUB_MONGODB_DATABASE": "other"}, tmp_path)
    assert fingerprint != configuration_fingerprint(other, KEY)
    assert fingerprint != configuration_fingerprint(settings, b"other key")
