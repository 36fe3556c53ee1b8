"""What worked last is kept sealed, and lets a refused start name all that is wrong."""

from dataclasses import replace

import pytest

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.flows.last_good import (
    FILE,
    PLAIN_FILE,
    keep_last_good,
    load_last_good,
    load_plain_last_good,
)
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.wiring.house import House

OTHER_KEY = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHgA="
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def settings(house: House) -> Settings:
    """Give the settings of the house with a secret among them."""
    folder, key = house.settings.data_dir, house.settings.encryption_key
    folder.mkdir(exist_ok=True)
    environ = {
        "HARMONYHUB_DATA_DIR": str(folder),
        "HARMONYHUB_SPOTIFY_CLIENT_ID": SECRET[::-1],
        "HARMONYHUB_SPOTIFY_CLIENT_SECRET": SECRET,
    }
    if key is not None:
        environ["HARMONYHUB_ENCRYPTION_KEY"] = key.reveal()
    settings, _ = load_settings(environ, folder=folder)
    assert settings is not None
    return settings


async def test_what_was_kept_comes_back(house: House, settings: Settings) -> None:
    """Values and identity are those of the house; what was not set has its default."""
    await keep_last_good(house, settings)
    before = load_last_good(settings)
    assert before is not None
    assert await house.store.identity() == before.identity
    assert SECRET == before.value("HARMONYHUB_SPOTIFY_CLIENT_SECRET")
    assert "harmonyhub" == before.value("HARMONYHUB_MONGODB_DATABASE")


async def test_nothing_of_a_secret_lies_in_the_file(house: House, settings: Settings) -> None:
    """The file is sealed, and only its owner may read it."""
    await keep_last_good(house, settings)
    path = settings.data_dir / FILE
    assert SECRET.encode() not in path.read_bytes()
    assert 0o600 == path.stat().st_mode & 0o777


async def test_without_the_key_it_is_known_whether_the_secret_stayed(
    house: House, settings: Settings
) -> None:
    """What is no secret can be read, and the secret itself only by who still has it."""
    await keep_last_good(house, settings)
    name = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
    same = load_plain_last_good(settings)
    other = load_plain_last_good(replace(settings, spotify_client_secret=Secret("f" * 32)))
    assert same is not None
    assert other is not None
    assert (SECRET, None) == (same.value(name), other.value(name))
    assert SECRET[::-1] == other.value("HARMONYHUB_SPOTIFY_CLIENT_ID")
    data = (settings.data_dir / PLAIN_FILE).read_bytes()
    assert SECRET.encode() not in data


async def test_another_key_does_not_open_it(house: House, settings: Settings) -> None:
    """With another encryption key it is a configuration error, not nothing."""
    await keep_last_good(house, settings)
    with pytest.raises(ConfigurationError):
        load_last_good(replace(settings, encryption_key=Secret(OTHER_KEY)))


def test_before_the_first_time_there_is_nothing(settings: Settings) -> None:
    """A data folder where nothing was kept gives None."""
    assert load_last_good(settings) is None
