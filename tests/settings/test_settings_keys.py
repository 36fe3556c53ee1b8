"""Keys that the house makes itself: once, for this user only, and never replaced."""

import base64
import multiprocessing
from pathlib import Path

import pytest

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.settings.keys import admin_token, encryption_key, fingerprint_key
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.shapes import decode_key

KEY = bytes(range(32))


def load(folder: Path, **values: str) -> Settings:
    """Load settings with a data folder below `folder`."""
    environ = {f"HARMONYHUB_{name}": value for name, value in values.items()}
    environ["HARMONYHUB_DATA_DIR"] = str(folder / "data")
    settings, findings = load_settings(environ, folder=folder)
    assert [] == findings
    assert settings is not None
    return settings


def test_variables_count_before_files(tmp_path: Path) -> None:
    """With the variables set their values are used, and no file is made."""
    text = base64.b64encode(KEY).decode()
    settings = load(tmp_path, ENCRYPTION_KEY=text, ADMIN_TOKEN="correct-horse-battery")
    assert KEY == encryption_key(settings)
    assert "correct-horse-battery" == admin_token(settings).reveal()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["encryption.key", "admin.token"])
def test_file_is_made_once_and_for_this_user(tmp_path: Path, name: str) -> None:
    """The first call makes folder and file, mode 0600; later ones read it; no draft stays."""
    settings = load(tmp_path)
    make = encryption_key if name == "encryption.key" else admin_token
    first = make(settings)
    path = tmp_path / "data" / name
    assert 0o600 == path.stat().st_mode & 0o777
    assert first == make(settings)
    assert [path] == list((tmp_path / "data").iterdir())


def test_two_machines_make_two_keys(tmp_path: Path) -> None:
    """Keys are random: another data folder gets another one."""
    assert encryption_key(load(tmp_path / "a")) != encryption_key(load(tmp_path / "b"))


def _make(folder: Path, barrier: object, answers: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    answers.put(encryption_key(load(folder)))  # type: ignore[attr-defined]


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    """Web process and worker start together: one key, not two."""
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(4), context.Queue()
    processes = [context.Process(target=_make, args=(tmp_path, barrier, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    keys = {answers.get(timeout=20) for _ in processes}
    for process in processes:
        process.join()
    assert {encryption_key(load(tmp_path))} == keys


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"not a key\n", base64.b64encode(KEY[:31])])
def test_damaged_key_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    """A damaged key file is an error that says what to do; it is not replaced, nor shown."""
    settings = load(tmp_path)
    path = tmp_path / "data" / "encryption.key"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"encryption\.key does not hold a key") as caught:
        encryption_key(settings)
    assert "from a backup" in caught.value.hint
    assert content == path.read_bytes()


def test_damaged_token_is_refused(tmp_path: Path) -> None:
    """A token file cut short is an error, not a weak token."""
    settings = load(tmp_path)
    path = tmp_path / "data" / "admin.token"
    path.parent.mkdir()
    path.write_text("short\n")
    with pytest.raises(ConfigurationError, match="16 or more characters"):
        admin_token(settings)


def test_folder_that_cannot_be_written_names_the_variable(tmp_path: Path) -> None:
    """A file in place of the data folder: the error names the way around it."""
    settings = load(tmp_path)
    (tmp_path / "data").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be read or made") as caught:
        encryption_key(settings)
    assert "HARMONYHUB_ENCRYPTION_KEY" in caught.value.hint


def test_fingerprint_key_is_derived() -> None:
    """It follows the encryption key and is not that key."""
    assert fingerprint_key(KEY) == fingerprint_key(KEY)
    assert fingerprint_key(KEY) != fingerprint_key(KEY[::-1])
    assert KEY != fingerprint_key(KEY)


def test_url_safe_base64_is_the_same_key() -> None:
    """Both alphabets of base64 are read: tools print either."""
    key = b"\xfb\xff" * 16
    assert key == decode_key(base64.b64encode(key).decode())
    assert key == decode_key(base64.urlsafe_b64encode(key).decode())
