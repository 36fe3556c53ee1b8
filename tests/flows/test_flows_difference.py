"""Two configurations side by side: names and values, of secrets fingerprints only."""

from pathlib import Path

import pytest

from harmonyhub.domain.errors import ConfigurationError, NotFoundError
from harmonyhub.flows.difference import Change, compare, key_of_fingerprints
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from tests.storage.conftest import release

KEY = b"k" * 32
ID, SECRET = "HARMONYHUB_SPOTIFY_CLIENT_ID", "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
ONE, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that is worked in, with no variable set."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, **variables: str) -> str:
    """Write a file of variables, named without their prefix, and give its name."""
    path.write_text("".join(f"HARMONYHUB_{name}={text}\n" for name, text in variables.items()))
    return str(path)


def lines(changes: tuple[Change, ...]) -> list[str]:
    """Give the changes as they are printed."""
    return [change.as_text() for change in changes]


async def test_files_are_compared_by_value_and_place(folder: Path) -> None:
    """What differs is told with both values and their lines; what is alike is not."""
    old = write(folder / "old.env", PORT="8000", LOG_LEVEL="debug", BASE_URL="https://a.example")
    new = write(folder / "new.env", LOG_LEVEL="debug", PORT="8001", LOG_FORMAT="json")
    assert [
        "HARMONYHUB_BASE_URL: https://a.example (from old.env line 3) -> not set",
        "HARMONYHUB_LOG_FORMAT: not set -> json (from new.env line 3)",
        "HARMONYHUB_PORT: 8000 (from old.env line 1) -> 8001 (from new.env line 2)",
    ] == lines(await compare(old, new, key=KEY))


async def test_secrets_are_told_by_fingerprints(folder: Path) -> None:
    """A changed secret differs in its keyed fingerprint; no value is anywhere."""
    old = write(folder / "old.env", SPOTIFY_CLIENT_SECRET=ONE)
    new = write(folder / "new.env", SPOTIFY_CLIENT_SECRET=OTHER)
    (change,) = await compare(old, new, key=KEY)
    assert change.old is not None
    assert f"secret {Secret(ONE).fingerprint(KEY)}" == change.old.shown
    for secret in (ONE, OTHER):
        assert secret not in f"{change.as_text()} {change.as_json()}"


async def test_a_secret_in_the_place_of_an_id_is_not_shown(folder: Path) -> None:
    """Where id and secret were swapped on one side, the other side gives the secret away."""
    old = write(folder / "old.env", SPOTIFY_CLIENT_ID=ONE, SPOTIFY_CLIENT_SECRET=OTHER)
    new = write(folder / "new.env", SPOTIFY_CLIENT_ID=OTHER, SPOTIFY_CLIENT_SECRET=ONE)
    changes = await compare(old, new, key=KEY)
    assert [ID, SECRET] == [change.variable for change in changes]
    assert OTHER not in " ".join(lines(changes))


async def test_one_value_written_two_ways_is_one_value(folder: Path) -> None:
    """Capitals and a path from the home folder count as the settings take them."""
    old = write(folder / "old.env", LOG_LEVEL="DEBUG", DATA_DIR="~/x", PORT="08000")
    new = write(folder / "new.env", LOG_LEVEL="debug", DATA_DIR=f"{Path.home()}/x", PORT="08000")
    assert () == await compare(old, new, key=KEY)


@pytest.mark.usefixtures("folder")
async def test_a_release_is_compared_with_now(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values in force and those of the ledger meet, its sealed secrets too."""
    await store.releases.append(release())
    texts = await store.releases.configuration(1)
    assert () == await compare("1", "1", key=KEY, ledger=store.releases)
    monkeypatch.setenv("HARMONYHUB_PORT", "8123")
    monkeypatch.setenv(SECRET, ONE)
    changes = {
        each.variable: each for each in await compare("1", ".", key=KEY, ledger=store.releases)
    }
    assert {*texts, "HARMONYHUB_PORT", SECRET} >= set(changes)
    now = changes["HARMONYHUB_PORT"].new
    assert now is not None
    assert ("environment", "8123") == (now.provenance, now.shown)
    said = " ".join(lines(tuple(changes.values())))
    for secret in (ONE, *(text.reveal() for text in texts.values() if isinstance(text, Secret))):
        assert secret not in said


async def test_what_is_not_there_is_told(folder: Path, store: Store) -> None:
    """No such file, no such release, and a file that is none of variables, each in words."""
    (folder / "photo").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(NotFoundError, match="no file nowhere"):
        await compare("nowhere", ".", key=KEY)
    with pytest.raises(NotFoundError, match="no release 7"):
        await compare(".", "7", key=KEY, ledger=store.releases)
    with pytest.raises(ConfigurationError, match="cannot be compared"):
        await compare("photo", ".", key=KEY)


def test_without_settings_fingerprints_serve_once() -> None:
    """Where no key is known, secrets can be told apart, and nobody can compare them later."""
    first, second = key_of_fingerprints(None), key_of_fingerprints(None)
    assert 32 == len(first)
    assert first != second
