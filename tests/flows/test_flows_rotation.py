"""New values for secrets: tried before they are written, and a new key that survives a crash."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harmonyhub.checks.encryption import RIGHT_KEY
from harmonyhub.domain.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    UnavailableError,
)
from harmonyhub.domain.releases import Instance
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.flows.rotation import find_secret_file, rotate_encryption_key, rotate_secret
from harmonyhub.flows.why import explain
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.storage import resealing
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault
from harmonyhub.wiring.house import open_house, system_clock
from tests.storage.conftest import ACCESS, REFRESH, SENTINEL, release, save, token
from tests.tools.fakes import fresh_fake

SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
KEY = "HARMONYHUB_ENCRYPTION_KEY"
OLD_KEY = bytes(range(32))
WRONG = "0123456789abcdef" * 2


def load(environment: dict[str, str], folder: Path) -> Settings:
    """Load settings that must be right."""
    settings, findings = load_settings(environment, folder=folder)
    assert settings is not None, findings
    return settings


@dataclass
class App:
    """An app of a fake Spotify whose secret stands in a file."""

    fake: FakeSpotify
    settings: Settings
    file: Path


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    """Give an app whose file holds the right secret."""
    async with fresh_fake(seed=3) as fake:
        first = (await fake.control.apps())[0]
        file = tmp_path / "secret"
        file.write_text(first.client_secret.reveal() + "\n", encoding="utf-8")
        file.chmod(0o640)
        environment = {
            "HARMONYHUB_DATA_DIR": str(tmp_path / "data"),
            "HARMONYHUB_SPOTIFY_CLIENT_ID": first.client_id,
            f"{SECRET}_FILE": str(file),
            "HARMONYHUB_SPOTIFY_API_URL": fake.api_url,
            "HARMONYHUB_SPOTIFY_ACCOUNTS_URL": fake.accounts_url,
        }
        yield App(fake, load(environment, tmp_path), file)


async def test_a_value_that_works_is_written_whole(app: App) -> None:
    """The file holds the new secret, has the rights that it had, and no draft lies beside it."""
    client_id = (await app.fake.control.apps())[0].client_id
    fresh = (await app.fake.control.rotate_secret(client_id)).client_secret
    said = await rotate_secret(app.settings, SECRET, fresh)
    assert "within a second" in said
    assert fresh.reveal() + "\n" == app.file.read_text()
    assert 0o640 == app.file.stat().st_mode & 0o777
    assert [app.file] == list(app.file.parent.glob("*secret*"))


async def test_a_link_to_the_file_stays_a_link(app: App, tmp_path: Path) -> None:
    """Where the variable names a link, the file behind it is replaced."""
    behind = tmp_path / "behind"
    app.file.rename(behind)
    app.file.symlink_to(behind)
    await rotate_secret(app.settings, SECRET, Secret(behind.read_text().strip()))
    assert (True, False) == (app.file.is_symlink(), behind.is_symlink())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_root_leaves_the_file_to_its_owner(app: App) -> None:
    """A service of another user can still read what root rotated."""
    os.chown(app.file, 12345, 12346)
    await rotate_secret(app.settings, SECRET, Secret(app.file.read_text().strip()))
    assert (12345, 12346) == (app.file.stat().st_uid, app.file.stat().st_gid)


async def test_a_value_that_spotify_rejects_is_not_written(app: App) -> None:
    """The refusal says so with evidence and without the value; the file stays."""
    before = app.file.read_text()
    with pytest.raises(ConfigurationError, match="nothing was written") as refused:
        await rotate_secret(app.settings, SECRET, Secret(WRONG))
    assert "HH101" in refused.value.message
    origins = {each.variable: each.provenance for each in refused.value.findings}
    assert "the new value" == origins[SECRET]
    assert WRONG not in refused.value.message + refused.value.hint
    assert before == app.file.read_text()


async def test_a_value_that_cannot_be_tried_is_not_called_wrong(app: App) -> None:
    """While Spotify is down nothing is written, and the exit status is that of a try again."""
    before = app.file.read_text()
    await app.fake.control.set(Mode.UNAVAILABLE)
    with pytest.raises(UnavailableError, match="could not be tried"):
        await rotate_secret(app.settings, SECRET, Secret(WRONG))
    assert before == app.file.read_text()


async def test_a_value_of_another_shape_is_refused_unasked(app: App) -> None:
    """What cannot be a secret of Spotify is refused in words that do not repeat it."""
    with pytest.raises(ConfigurationError, match="must be 32 characters") as refused:
        await rotate_secret(app.settings, SECRET, Secret("hunter2 hunter2"))
    assert "hunter2" not in refused.value.message + refused.value.hint


async def test_what_is_in_no_file_or_no_secret_is_told(app: App, tmp_path: Path) -> None:
    """A value in the environment, one that is not set and an unknown name have each their words."""
    direct = load({KEY: base64.b64encode(OLD_KEY).decode()}, tmp_path)
    with pytest.raises(ConfigurationError, match="comes from environment") as refused:
        find_secret_file(direct, KEY)
    assert f"{KEY}_FILE" in refused.value.hint
    with pytest.raises(ConfigurationError, match="is not set"):
        find_secret_file(app.settings, "HARMONYHUB_ALERT_URLS")
    with pytest.raises(NotFoundError, match="no secret HARMONYHUB_PORT"):
        find_secret_file(app.settings, "HARMONYHUB_PORT")


@dataclass
class Sealed:
    """A database with everything that is sealed, and settings whose key lies in a file."""

    settings: Settings
    key_file: Path
    uri: str

    def key(self) -> bytes:
        """Read the key in force."""
        return base64.b64decode(self.key_file.read_text())

    @property
    def next_file(self) -> Path:
        """Where the key waits that is to follow."""
        return self.key_file.with_name(self.key_file.name + ".next")

    async def open_all(self) -> tuple[object, ...]:
        """Open one of each kind with the key in force."""
        async with await Store.connect(
            self.uri, database=self.settings.mongodb_database, vault=Vault(self.key())
        ) as store:
            known_good = await store.known_good.load("spotify")
            return (
                await store.tokens.secrets_of("anna"),
                known_good and known_good.values,
                (await store.releases.configuration(1))["HARMONYHUB_SECRET"],
                await store.check_vault(),
            )


ALL = ((Secret(REFRESH), Secret(ACCESS)), {"A": Secret("a")}, Secret(SENTINEL), True)


@pytest.fixture(params=["encryption.key", "key of its own"])
async def sealed(
    request: pytest.FixtureRequest, store: Store, mongodb_uri: str, tmp_path: Path
) -> Sealed:
    """Fill the store with tokens, known good values and a release."""
    await store.check_vault()
    await save(store, token("anna"), token("bob"))
    await store.known_good.remember("spotify", {"A": Secret("a")}, now=1, release=1)
    await store.releases.append(release())
    key_file = tmp_path / request.param
    key_file.write_text(base64.b64encode(OLD_KEY).decode() + "\n")
    key_file.chmod(0o600)
    environment = {
        "HARMONYHUB_DATA_DIR": str(tmp_path),
        "HARMONYHUB_MONGODB_URI": mongodb_uri,
        "HARMONYHUB_MONGODB_DATABASE": store._database.name,
    }
    if request.param != "encryption.key":
        environment[f"{KEY}_FILE"] = str(key_file)
    return Sealed(load(environment, tmp_path), key_file, mongodb_uri)


def instance(name: str) -> Instance:
    """Give what a process tells of itself just now."""
    return Instance(
        name=name,
        release=None,
        configuration_fingerprint="f" * 16,
        drift=(),
        seen_at=system_clock(),
    )


async def rotate(sealed: Sealed) -> str:
    """Rotate the key, with nobody who listens."""
    return await rotate_encryption_key(sealed.settings, say=lambda _: None)


async def test_a_new_key_opens_everything(sealed: Sealed) -> None:
    """Tokens, known good values and releases open with the new key in the file, and no other."""
    said = await rotate(sealed)
    assert "5 documents are sealed again" in said
    assert OLD_KEY != sealed.key()
    assert ALL == await sealed.open_all()
    assert not sealed.next_file.exists()
    assert 0o600 == sealed.key_file.stat().st_mode & 0o777


async def test_a_service_that_runs_is_not_pulled_the_key_from(sealed: Sealed, store: Store) -> None:
    """Who told a moment ago that it is there stops the rotation, and nothing has changed."""
    await store.instances.beat(instance("host:1"))
    with pytest.raises(ConflictError, match="host:1"):
        await rotate(sealed)
    assert (OLD_KEY, False) == (sealed.key(), sealed.next_file.exists())
    assert ALL == await sealed.open_all()


async def test_a_service_started_meanwhile_keeps_its_key(
    sealed: Sealed, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What starts while all is sealed again has the old key; the next run seals what it wrote."""
    reseal = Store.reseal

    async def start_meanwhile(self: Store, old: Vault) -> int:
        n_sealed = await reseal(self, old)
        await store.instances.beat(instance("late:1"))
        await save(store, token("carol"))
        return n_sealed

    with monkeypatch.context() as patch:
        patch.setattr(Store, "reseal", start_meanwhile)
        with pytest.raises(ConflictError, match="late:1"):
            await rotate(sealed)
    assert OLD_KEY == sealed.key()
    await store._database["instances"].delete_many({})
    await rotate(sealed)
    assert ALL == await sealed.open_all()
    async with await Store.connect(
        sealed.uri, database=sealed.settings.mongodb_database, vault=Vault(sealed.key())
    ) as renewed:
        assert (Secret(REFRESH), Secret(ACCESS)) == await renewed.tokens.secrets_of("carol")


async def test_a_rotation_that_broke_off_is_told_and_goes_on(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash half way `why` names it, the same command goes on, and all opens."""

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(resealing.RENEWALS, "release_ledger", crash)
        with pytest.raises(KeyboardInterrupt):
            await rotate(sealed)
    assert (OLD_KEY, True) == (sealed.key(), sealed.next_file.exists())
    async with open_house(sealed.settings, owner="tests") as house:
        fresh = (await explain(house)).fresh
    assert fresh is not None
    (cause,) = [each for each in fresh.causes if each.check_id == RIGHT_KEY.id]
    assert KEY == cause.variable
    assert "goes on" in cause.fix

    await rotate(sealed)
    assert ALL == await sealed.open_all()
    assert not sealed.next_file.exists()


async def test_a_crash_before_the_last_step_is_made_good(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all is sealed and only the file still holds the old key, the next run ends it."""

    def crash() -> Path:
        raise KeyboardInterrupt

    replace = Path.replace

    def replace_all_but_the_key(path: Path, target: Path) -> Path:
        return crash() if path == sealed.next_file else replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_all_but_the_key)
        with pytest.raises(KeyboardInterrupt):
            await rotate(sealed)
    assert OLD_KEY == sealed.key()
    await rotate(sealed)
    assert ALL == await sealed.open_all()


async def test_a_wrong_key_makes_no_new_one(sealed: Sealed) -> None:
    """With a key that is not the database's nothing is made and nothing changed."""
    sealed.key_file.write_text(base64.b64encode(bytes(32)).decode() + "\n")
    settings = sealed.settings
    if settings.encryption_key is not None:
        environment = {
            "HARMONYHUB_DATA_DIR": str(settings.data_dir),
            "HARMONYHUB_MONGODB_URI": sealed.uri,
            "HARMONYHUB_MONGODB_DATABASE": settings.mongodb_database,
            f"{KEY}_FILE": str(sealed.key_file),
        }
        sealed.settings = load(environment, settings.data_dir)
    with pytest.raises(ConfigurationError, match="not the key that this database"):
        await rotate(sealed)
    assert not sealed.next_file.exists()


async def test_a_killed_rotation_loses_nothing(sealed: Sealed) -> None:
    """A real process killed while it seals leaves a state that the same command ends."""
    environment = {
        "PATH": os.environ["PATH"],
        "HARMONYHUB_DATA_DIR": str(sealed.settings.data_dir),
        "HARMONYHUB_MONGODB_URI": sealed.uri,
        "HARMONYHUB_MONGODB_DATABASE": sealed.settings.mongodb_database,
    }
    if sealed.settings.encryption_key is not None:
        environment[f"{KEY}_FILE"] = str(sealed.key_file)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "harmonyhub", "secrets", "rotate", KEY),
        env=environment,
        cwd=sealed.settings.data_dir,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    while b"sealing" not in await process.stderr.readline():
        assert not process.stderr.at_eof()
    process.send_signal(signal.SIGKILL)
    await process.wait()
    if sealed.next_file.exists():  # else it had ended before the signal came
        await rotate(sealed)
    assert OLD_KEY != sealed.key()
    assert ALL == await sealed.open_all()
