"""The operator's commands as processes: what they say, how they end, and no secret in any of it."""

import base64
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harmonyhub.drills.process import FakeSpotify
from harmonyhub.drills.sink import Sink
from tests.journeys.conftest import clean_environment, free_port, wait_until
from tests.tools.fakes import fresh_fake, fresh_sink
from tests.tools.processor_time import numpy_s, processor_s

SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
WRONG = "0123456789abcdef" * 2
PASSWORD = "correct-horse-staple"
KEY = base64.b64encode(b"sentinel of the operator's test!").decode()
Said = subprocess.CompletedProcess[str]


@dataclass
class Desk:
    """A folder with `.env`, and everything that commands said there."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def set(self, **variables: str) -> None:
        """Write variables into `.env`; an empty one is taken out."""
        self.variables |= {f"HARMONYHUB_{name}": text for name, text in variables.items()}
        lines = [f"{name}={text}\n" for name, text in self.variables.items() if text]
        path = self.folder / ".env"
        path.write_text("".join(lines))
        path.chmod(0o600)

    def hub(self, *arguments: str, typed: str = "") -> Said:
        """Run one command and keep what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "harmonyhub", *arguments],
            env=clean_environment() | {"HOME": str(self.folder)},
            cwd=self.folder,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert "Traceback" not in done.stderr
        self.said.append(f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done

    def hubs(self, *commands: Sequence[str]) -> list[Said]:
        """Run commands side by side: they mostly wait for what does not answer."""
        with ThreadPoolExecutor() as pool:
            return list(pool.map(lambda command: self.hub(*command), commands))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a place where nothing is set but its data folder and its key."""
    desk = Desk(tmp_path)
    desk.set(DATA_DIR=str(tmp_path / "data"), ENCRYPTION_KEY=KEY)
    return desk


@pytest.mark.slow
def test_check_is_quick_and_needs_no_service(desk: Desk) -> None:
    """Offline it costs less than importing numpy two and a half times."""

    def check() -> None:
        done = desk.hub("check")
        assert (0, True) == (done.returncode, "All checks passed" in done.stdout), done.stdout

    assert processor_s(check) < 2.5 * numpy_s()


@pytest.mark.slow
def test_a_wrong_setting_ends_every_command_with_78(desk: Desk) -> None:
    """All commands that need sound settings name the variable and where it was set."""
    desk.set(SPOTIFY_CLIENT_ID="f" * 32, SPOTIFY_CLIENT_SECRET=PASSWORD)
    for command in (
        ["check"],
        ["check", "--live"],
        ["check", "--format", "github"],
        ["check", "--format", "junit"],
        ["doctor"],
        ["why"],
        ["why", "--json"],
        ["alert", "test"],
        ["incident", "list"],
        ["secrets", "rotate", SECRET],
        ["work"],
    ):
        done = desk.hub(*command)
        said = done.stdout + done.stderr
        assert (78, True) == (done.returncode, SECRET in said), (command, said)
        assert ".env line 4" in said
    results = json.loads(desk.hub("check", "--json").stdout)["results"]
    assert ["HH009"] == [each["check_id"] for each in results if each["verdict"] == "failed"]
    assert PASSWORD not in "".join(desk.said)


@pytest.mark.slow
def test_a_dead_mongodb_is_said_in_every_command(desk: Desk) -> None:
    """What needs the store ends with 75 and a way on; `why` says which variable it is."""
    desk.set(MONGODB_URI=f"mongodb://harmony:{PASSWORD}@127.0.0.1:9/?serverSelectionTimeoutMS=500")
    why, as_json, *others = desk.hubs(
        ["why"], ["why", "--json"], ["incident", "list"], ["diff", "1", "."], ["check", "--live"]
    )
    assert (75, True) == (why.returncode, "HARMONYHUB_MONGODB_URI, from .env" in why.stdout)
    assert "Ruled out:" in why.stdout
    fresh = json.loads(as_json.stdout)["fresh"]
    assert ["HH201"] == [each["check_id"] for each in fresh["causes"]]
    assert [75, 75, 75] == [each.returncode for each in others]
    assert PASSWORD not in "".join(desk.said)


@pytest.mark.slow
def test_files_are_compared_while_the_settings_are_wrong(desk: Desk) -> None:
    """A diff is wanted most when nothing starts: it needs neither sound settings nor a store."""
    (desk.folder / "old.env").write_text(f"{SECRET}={WRONG}\nHARMONYHUB_PORT=8000\n")
    desk.set(PORT="eight", SPOTIFY_CLIENT_SECRET=PASSWORD)
    done = desk.hub("diff", "old.env", ".")
    assert 0 == done.returncode
    assert "HARMONYHUB_PORT: 8000 (from old.env line 2) -> eight" in done.stdout
    changes = json.loads(desk.hub("diff", "old.env", ".", "--json").stdout)["changes"]
    assert {"HARMONYHUB_PORT", SECRET} < {change["variable"] for change in changes}
    for secret in (WRONG, PASSWORD, KEY):
        assert secret not in "".join(desk.said)
    assert not list(desk.folder.rglob("mongodb*"))


@pytest.mark.slow
def test_a_secret_without_a_place_is_not_asked_for(desk: Desk) -> None:
    """An unknown name, and a value that stands in `.env` itself, end before anybody types."""
    desk.set(ACCESS_PASSWORD=PASSWORD)
    assert 66 == desk.hub("secrets", "rotate", "HARMONYHUB_PORT").returncode
    done = desk.hub("secrets", "rotate", "HARMONYHUB_ACCESS_PASSWORD", typed="x")
    assert (78, True) == (done.returncode, "HARMONYHUB_ACCESS_PASSWORD_FILE" in done.stderr)
    (desk.folder / "photo").write_bytes(b"\xff\xd8\xff")
    (desk.folder / "password").write_text(PASSWORD)
    (desk.folder / "password").chmod(0o600)
    desk.set(ACCESS_PASSWORD="", ACCESS_PASSWORD_FILE=str(desk.folder / "password"))
    rotate = ("secrets", "rotate", "HARMONYHUB_ACCESS_PASSWORD", "--from-file", "photo")
    assert 65 == desk.hub(*rotate).returncode
    assert PASSWORD not in "".join(desk.said)


@pytest.mark.slow
def test_an_alert_is_tested_without_mongodb(desk: Desk) -> None:
    """Nobody set is 78; an address that nobody answers at is 75, told without the address."""
    assert 78 == desk.hub("alert", "test").returncode
    desk.set(
        ALERT_URLS=f"json://anna:{PASSWORD}@127.0.0.1:9/x",
        MONGODB_URI="mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=500",
    )
    done = desk.hub("alert", "test")
    assert 75 == done.returncode
    assert "first contact: 0 of 1 addresses took the message" in done.stdout
    assert "not in the metrics" in done.stderr
    assert PASSWORD not in "".join(desk.said)


@asynccontextmanager
async def upstream(desk: Desk) -> AsyncIterator[tuple[FakeSpotify, Sink]]:
    """Run a Spotify and a sink, and set everything that leads to them."""
    async with fresh_fake(seed=11) as fake, fresh_sink() as sink:
        app = (await fake.control.apps())[0]
        file = desk.folder / "secret"
        file.write_text(app.client_secret.reveal() + "\n")
        file.chmod(0o600)
        desk.set(
            SPOTIFY_CLIENT_ID=app.client_id,
            SPOTIFY_CLIENT_SECRET_FILE=str(file),
            SPOTIFY_API_URL=fake.api_url,
            SPOTIFY_ACCOUNTS_URL=fake.accounts_url,
            ALERT_URLS=sink.address("first").replace("://", f"://anna:{PASSWORD}@"),
        )
        yield fake, sink


@contextmanager
def service(desk: Desk) -> Iterator[Path]:
    """Run `harmonyhub up` and give its log."""
    log = desk.folder / "up.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "harmonyhub", "up"],
            env=clean_environment() | {"HOME": str(desk.folder)},
            cwd=desk.folder,
            stdout=file,
            stderr=file,
        )
    try:
        wait_until(lambda: "is ready" in log.read_text(), "the service")
        yield log
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


@pytest.mark.slow
async def test_from_a_revoked_secret_to_the_postmortem(desk: Desk) -> None:
    """Check, alert, why, doctor, rotate, export: each says its part, and none a secret."""
    desk.set(PORT=str(free_port()))
    async with upstream(desk) as (fake, sink):
        assert 0 == desk.hub("check", "--live").returncode
        with service(desk) as log:
            await recover(desk, fake, log)
        told = [f"{each.title}\n{each.body}" for each in await sink.messages(contact="first")]
    assert 3 == len(told)
    for secret in (
        WRONG,
        PASSWORD,
        KEY,
        (desk.folder / "data" / "admin.token").read_text().strip(),
    ):
        assert secret not in "".join([*desk.said, *told, log.read_text()])


def assert_unsaid(desk: Desk, log: Path, *secrets: str) -> None:
    """See that no command and no line of the log holds one of these."""
    for secret in secrets:
        assert secret not in "".join([*desk.said, log.read_text()])


async def recover(desk: Desk, fake: FakeSpotify, log: Path) -> None:
    """Go the operator's way from the revoked secret to the end."""
    assert 0 == desk.hub("doctor").returncode
    assert "Nothing is wrong." in desk.hub("why").stdout
    assert 0 == desk.hub("alert", "test").returncode

    client_id = desk.variables["HARMONYHUB_SPOTIFY_CLIENT_ID"]
    old = (desk.folder / "secret").read_text().strip()
    new = (await fake.control.rotate_secret(client_id)).client_secret.reveal()
    wait_until(lambda: desk.hub("incident", "list", "--json").stdout.count('"id"') == 1, "it")
    why = desk.hub("why")
    assert (78, True) == (why.returncode, f"{SECRET}, from file" in why.stdout)
    assert 78 == desk.hub("doctor").returncode

    refused = desk.hub("secrets", "rotate", SECRET, typed=WRONG + "\n")
    assert (78, True) == (refused.returncode, "nothing was written" in refused.stderr)
    assert 0 == desk.hub("secrets", "rotate", SECRET, typed=new + "\n").returncode
    wait_until(lambda: desk.hub("why").returncode == 0, "the end")
    postmortem = desk.hub("incident", "export").stdout
    assert f"a new value of {SECRET} was accepted and taken over" in postmortem

    desk.set(LOG_LEVEL="debug")
    doctor = desk.hub("doctor")
    assert "changed, not loaded: HARMONYHUB_LOG_LEVEL, in use from default" in doctor.stdout
    assert "HARMONYHUB_LOG_LEVEL" in desk.hub("doctor", "--json").stdout
    assert_unsaid(desk, log, old, new)
