"""A data folder belongs to one database and one key; a start with others is refused by name."""

import base64
from pathlib import Path

import pytest

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.storage.store import Store
from harmonyhub.wiring.belonging import FILE
from harmonyhub.wiring.house import open_house


@pytest.fixture
def databases(bare_store: Store) -> tuple[str, str]:
    """Give the names of two databases that are dropped at the end."""
    name = bare_store._database.name
    return name, f"{name}_staging"


def settings_for(
    folder: Path, uri: str, *, database: str, key: bytes = bytes(range(32))
) -> Settings:
    """Give the settings of a start."""
    settings, findings = load_settings(
        {
            "HARMONYHUB_DATA_DIR": str(folder),
            "HARMONYHUB_MONGODB_URI": uri,
            "HARMONYHUB_MONGODB_DATABASE": database,
            "HARMONYHUB_ENCRYPTION_KEY": base64.b64encode(key).decode(),
        },
        folder=folder,
    )
    assert settings is not None, findings
    return settings


async def start(settings: Settings) -> None:
    """Open the house and close it."""
    async with open_house(settings, owner="a test"):
        pass


async def test_another_database_is_refused_by_name(
    mongodb_uri: str, databases: tuple[str, str], tmp_path: Path, bare_store: Store
) -> None:
    """A wrong database name stops the start, and nothing is written to that database."""
    ours, other = databases
    await start(settings_for(tmp_path, mongodb_uri, database=ours))
    with pytest.raises(ConfigurationError) as refused:
        await start(settings_for(tmp_path, mongodb_uri, database=other))
    assert [("HH202", "HARMONYHUB_MONGODB_DATABASE")] == [
        (finding.check_id, finding.variable) for finding in refused.value.findings
    ]
    assert other not in await bare_store._client.list_database_names()
    await start(settings_for(tmp_path, mongodb_uri, database=ours))


@pytest.mark.slow
async def test_a_move_on_purpose_is_possible(
    mongodb_uri: str, databases: tuple[str, str], tmp_path: Path, bare_store: Store
) -> None:
    """Without the file of the data folder another database is taken."""
    ours, other = databases
    await start(settings_for(tmp_path, mongodb_uri, database=ours))
    (tmp_path / FILE).unlink()
    await start(settings_for(tmp_path, mongodb_uri, database=other))
    await bare_store._client.drop_database(other)


async def test_another_key_is_refused_by_name(
    mongodb_uri: str, databases: tuple[str, str], tmp_path: Path
) -> None:
    """A key that does not open what is stored stops the start."""
    ours, _ = databases
    await start(settings_for(tmp_path, mongodb_uri, database=ours))
    with pytest.raises(ConfigurationError) as refused:
        await start(settings_for(tmp_path, mongodb_uri, database=ours, key=bytes(32)))
    assert [("HH206", "HARMONYHUB_ENCRYPTION_KEY")] == [
        (finding.check_id, finding.variable) for finding in refused.value.findings
    ]


async def test_a_damaged_note_stops_nothing(
    mongodb_uri: str, databases: tuple[str, str], tmp_path: Path
) -> None:
    """A file that says nothing is written anew."""
    ours, _ = databases
    (tmp_path / FILE).write_text("not json")
    await start(settings_for(tmp_path, mongodb_uri, database=ours))
    assert "identity" in (tmp_path / FILE).read_text()
