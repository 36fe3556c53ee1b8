"""The injector: another process breaks a deploy or a running service, and tells at the end."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.faults import FaultClass
from harmonyhub.drills.injector import DeployScene, Injection, RunScene, Truth
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.drills.runtime_faults import Hands, heal, write_right_credentials
from harmonyhub.drills.toxic import Toxic, Toxics
from harmonyhub.settings.load import load_settings
from tests.drills.conftest import STAGE

CLIENT_ID = "HARMONYHUB_SPOTIFY_CLIENT_ID"
SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"


def read_all(folder: Path) -> list[str]:
    """Read every file under a folder."""
    return [path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()]


def read_modes(folder: Path) -> set[int]:
    """Read who may read the files of a folder."""
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


async def draw_deploy(configuration: Configuration, folder: Path, *, seed: int) -> Truth:
    """Let an injector break a deploy and tell; the folder holds what it wrote."""
    scene = DeployScene(
        configuration=configuration,
        stage=STAGE,
        folder=str(folder / "deploy"),
        classes=(FaultClass.OFFLINE,),
    )
    async with Injection.start(scene, seed=seed, folder=folder) as injection:
        environ = injection.environ()
        settings, findings = load_settings(environ, folder=injection.folder)
        truth = await injection.reveal()
    assert settings is None
    assert truth.is_named_by([findings[0].variable or ""])
    return truth


async def test_a_deploy_is_broken_and_told(good: Configuration, tmp_path: Path) -> None:
    """What the injector wrote is refused, for the variable that it tells at the end."""
    truths = [
        await draw_deploy(good, tmp_path / f"{number}", seed=seed)
        for number, seed in enumerate((4, 5, 4))
    ]
    assert truths[0].kinds == truths[2].kinds
    assert truths[0].kinds != truths[1].kinds


async def test_one_file_holds_the_same_fault(good: Configuration, tmp_path: Path) -> None:
    """`all.env` alone, without any environment, is refused too."""
    await draw_deploy(good, tmp_path, seed=6)
    folder = tmp_path / "deploy"
    settings, _ = load_settings({}, folder=folder, env_file=folder / "all.env")
    assert settings is None


async def test_it_says_nothing_before_the_end(good: Configuration, tmp_path: Path) -> None:
    """What stands on the machine before the end does not say which kind of fault it is."""
    truth = await draw_deploy(good, tmp_path, seed=4)
    written = read_all(tmp_path)
    assert written
    assert not any(kind in text for kind in truth.kinds for text in written)


@pytest.fixture
async def toxics(fake: FakeSpotify) -> AsyncIterator[Toxics]:
    """Give a proxy process in front of the fake."""
    async with Toxics.start(httpx2.URL(fake.url).port or 0) as toxics:
        yield toxics


@pytest.fixture
def hands(fake: FakeSpotify, toxics: Toxics, tmp_path: Path) -> Hands:
    """Give hands on a fake behind a proxy, with two secret files."""
    return Hands(
        spotify=fake.control,
        client=toxics.client,
        spotify_line=toxics.control_url,
        mongodb_line=toxics.control_url,
        mongodb_pid=0,
        secret_files={name: str(tmp_path / name) for name in (CLIENT_ID, SECRET)},
    )


async def run_one(fake: FakeSpotify, hands: Hands, folder: Path, *, fault_id: str) -> Truth:
    """Let an injector break what runs, within a tenth of a second, and tell."""
    scene = RunScene(
        spotify_url=fake.url,
        spotify_line=hands.spotify_line,
        mongodb_line=hands.mongodb_line,
        mongodb_pid=hands.mongodb_pid,
        secret_files=dict(hands.secret_files),
        within_s=0.1,
        only=(fault_id,),
    )
    async with Injection.start(scene, seed=1, folder=folder) as injection:
        return await injection.reveal()


async def test_a_running_service_is_broken_and_told(
    fake: FakeSpotify, hands: Hands, tmp_path: Path
) -> None:
    """A revoked secret is done to the fake, told with its time, and is worth a page."""
    before, began = (await fake.control.apps())[0], time.time()
    truth = await run_one(fake, hands, tmp_path, fault_id="secret-revoked")
    assert (("secret-revoked",), ((SECRET,),), True) == (
        truth.kinds,
        truth.at_fault,
        truth.is_paged,
    )
    assert began <= truth.applied_at <= time.time()
    assert before.client_secret != (await fake.control.apps())[0].client_secret


async def test_a_quota_is_nobodys_page(fake: FakeSpotify, hands: Hands, tmp_path: Path) -> None:
    """A spent quota names no variable and wakes nobody."""
    truth = await run_one(fake, hands, tmp_path, fault_id="quota")
    assert ((), False) == (truth.at_fault, truth.is_paged)


async def test_another_apps_credentials_come_in_their_files(
    fake: FakeSpotify, hands: Hands, tmp_path: Path
) -> None:
    """The other app's secret stands in the file, and is one that Spotify accepts."""
    await run_one(fake, hands, tmp_path, fault_id="other-app")
    written = {text.strip() for text in read_all(tmp_path) if not text.startswith("{")}
    _, other = await fake.control.apps()
    assert {other.client_id, other.client_secret.reveal()} == written


async def test_the_right_credentials_can_be_written_back(hands: Hands, tmp_path: Path) -> None:
    """Act 4 writes what the dashboard shows now, readable by the owner alone."""
    app = (await hands.spotify.apps())[0]
    await write_right_credentials(hands)
    written = {text.strip() for text in read_all(tmp_path)}
    assert {app.client_id, app.client_secret.reveal()} == written
    assert {0o600} == read_modes(tmp_path)


async def test_healing_ends_modes_and_harms(hands: Hands, toxics: Toxics) -> None:
    """After `heal` no mode is on, and the line lets requests through again."""
    url = f"http://127.0.0.1:{toxics.port}/v1/me"
    await hands.spotify.set(Mode.UNAVAILABLE)
    assert 503 == (await hands.client.get(url)).status_code
    await toxics.set(Toxic.CUT)
    await heal(hands)
    assert 401 == (await hands.client.get(url)).status_code
