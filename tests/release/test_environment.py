"""What a release's processes are started with."""

import stat
from pathlib import Path

import pytest

from harmonyhub.domain.releases import ConfigurationEntry, GateVerdict, Release, ReleaseState
from harmonyhub.release.describe import describe_release
from harmonyhub.release.environment import build_environment, clear_leftovers, operators_file
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.secret import Secret

ID, SECRET = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
KEY = b"k" * 32


def describe(environ: dict[str, str], folder: Path) -> tuple[Release, dict[str, Secret | str]]:
    """Make a release of an environment, and give its values as the ledger does."""
    settings, findings = load_settings(environ, folder=folder)
    assert settings is not None, findings
    release = describe_release(
        settings,
        fingerprint_key=KEY,
        folder=folder,
        verdict=GateVerdict.PASS,
        now=1,
        replaced=None,
    )
    values: dict[str, Secret | str] = {
        entry.name: Secret(entry.text) if entry.is_secret else entry.text
        for entry in release.configuration
        if entry.text is not None
    }
    return release, values


def build(
    release: Release, values: dict[str, Secret | str], folder: Path, *, is_pinned: bool = False
) -> dict[str, str]:
    """Build the environment beside an inherited one that holds variables of ours."""
    return build_environment(
        release,
        values,
        folder=folder,
        environ={"PATH": "/bin", "HARMONYHUB_PORT": "1", "SPOTIFY_CLIENT_ID": "x"},
        is_pinned=is_pinned,
        overrides={"HARMONYHUB_DATA_DIR": "/kept", "HARMONYHUB_RELEASE": "7"},
    )


def test_environment_loads_to_the_same_settings(tmp_path: Path) -> None:
    """A process that is started with it has the release's values; none of the keeper's shine in."""
    environ = {
        "HARMONYHUB_DATA_DIR": str(tmp_path),
        "HARMONYHUB_PORT": "8123",
        "HARMONYHUB_SPOTIFY_CLIENT_ID": ID,
        "HARMONYHUB_SPOTIFY_CLIENT_SECRET": SECRET,
        "HARMONYHUB_LOG_LEVEL": "debug",
    }
    release, values = describe(environ, tmp_path)
    made = build(release, values, tmp_path / "7")

    assert SECRET not in " ".join(made.values())
    assert "HARMONYHUB_PORT" not in made
    assert "SPOTIFY_CLIENT_ID" not in made
    settings, findings = load_settings(made, folder=tmp_path / "7")
    assert settings is not None, findings
    assert Secret(SECRET) == settings.spotify_client_secret
    assert (ID, "debug", 7) == (
        settings.spotify_client_id,
        settings.log_level,
        settings.release,
    )
    file = Path(made["HARMONYHUB_SPOTIFY_CLIENT_SECRET_FILE"])
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert 0o700 == stat.S_IMODE(file.parent.stat().st_mode)


@pytest.mark.parametrize("is_pinned", [False, True])
def test_operators_file_is_read_unless_the_release_came_back(
    tmp_path: Path, *, is_pinned: bool
) -> None:
    """A corrected secret file is seen by a fresh release; one that came back has its old value."""
    (tmp_path / "secret").write_text(SECRET)
    environ = {
        "HARMONYHUB_DATA_DIR": str(tmp_path),
        "HARMONYHUB_SPOTIFY_CLIENT_ID": ID,
        "HARMONYHUB_SPOTIFY_CLIENT_SECRET_FILE": "secret",
    }
    release, values = describe(environ, tmp_path)
    (tmp_path / "secret").write_text(ID[::-1])
    made = build(release, values, tmp_path / "7", is_pinned=is_pinned)
    path = Path(made["HARMONYHUB_SPOTIFY_CLIENT_SECRET_FILE"])
    assert (SECRET if is_pinned else ID[::-1]) == path.read_text()


@pytest.mark.parametrize(
    ("provenance", "path"),
    [
        ("file /run/secrets/a b (HARMONYHUB_X_FILE, environment)", Path("/run/secrets/a b")),
        ("file /x (y) (HARMONYHUB_X_FILE, .env line 7)", Path("/x (y)")),
        (".env line 7", None),
        ("environment", None),
        ("default", None),
    ],
)
def test_operators_file_is_read_from_the_provenance(provenance: str, path: Path | None) -> None:
    """Only a value that came from a file has one."""
    entry = ConfigurationEntry(name="X", provenance=provenance, fingerprint="", is_secret=True)
    assert path == operators_file(entry)


def test_secrets_of_releases_that_ended_are_removed(tmp_path: Path) -> None:
    """Only the folders of releases that run stay."""
    for name in ("1", "2", "proxy"):
        (tmp_path / name).mkdir()
    clear_leftovers(tmp_path, keep=[2])
    assert {"2", "proxy"} == {path.name for path in tmp_path.iterdir()}


def test_release_is_described_with_fingerprints(tmp_path: Path) -> None:
    """The same configuration has the same fingerprint wherever it listens; another one has not."""
    environ = {"HARMONYHUB_DATA_DIR": str(tmp_path), "HARMONYHUB_ACCESS_PASSWORD": "a password"}
    first, _ = describe(environ, tmp_path)
    second, _ = describe(environ | {"HARMONYHUB_PORT": "9999"}, tmp_path)
    third, _ = describe(environ | {"HARMONYHUB_ACCESS_PASSWORD": "b password"}, tmp_path)
    assert ReleaseState.CANDIDATE is first.state
    assert first.configuration_fingerprint == second.configuration_fingerprint
    assert first.configuration_fingerprint != third.configuration_fingerprint
    assert 64 == len(first.code_digest)
