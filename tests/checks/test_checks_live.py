"""The live checks against a real MongoDB and a fake Spotify that is a process of its own."""

import asyncio
import base64
import gc
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from harmonyhub.checks import mongodb
from harmonyhub.checks.live import LIVE, LIVE_CHECKS, LiveCheck, check_live
from harmonyhub.checks.masking import Masker
from harmonyhub.checks.subject import Scene, Subject
from harmonyhub.checks.verdicts import Results, exit_status, passed
from harmonyhub.domain.errors import BrokenCheckError
from harmonyhub.domain.findings import Check, Finding, Owner, Result, Severity, Verdict
from harmonyhub.drills.fake_spotify.modes import Mode, Surface
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault
from tests.tools.fakes import fresh_fake

# pymongo leaves a socket to the collector where it is closed while it connects.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CLIENT_ID = "HARMONYHUB_SPOTIFY_CLIENT_ID"
CLIENT_SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
URI = "HARMONYHUB_MONGODB_URI"
KEY = b"k" * 32


class House:
    """Good settings for a fake Spotify and the database of the tests, to be changed."""

    def __init__(self, fake: FakeSpotify, environ: dict[str, str], folder: Path) -> None:
        self.fake = fake
        self.environ = environ
        self._folder = folder

    def settings(self, **changes: str) -> Settings:
        """Load the settings with some variables changed."""
        settings, findings = load_settings({**self.environ, **changes}, folder=self._folder)
        assert settings is not None, findings
        return settings

    async def check(self, **changes: str) -> dict[str, Result]:
        """Make the live checks; the last result of each."""
        subject = Subject(settings=self.settings(**changes), clock=lambda: int(time.time()))
        return {each.check_id: each for each in await check_live(subject)}


@pytest.fixture
async def operated(
    store: Store, mongodb_uri: str, database_name: str, tmp_path: Path
) -> AsyncIterator[House]:
    """Give a good configuration that has worked: its credentials are the known good ones."""
    async with fresh_fake() as fake:
        app = (await fake.control.apps())[0]
        environ = {
            "HARMONYHUB_DATA_DIR": str(tmp_path),
            URI: mongodb_uri,
            "HARMONYHUB_MONGODB_DATABASE": database_name,
            "HARMONYHUB_ENCRYPTION_KEY": base64.b64encode(KEY).decode(),
            CLIENT_ID: app.client_id,
            CLIENT_SECRET: app.client_secret.reveal(),
            "HARMONYHUB_SPOTIFY_API_URL": fake.api_url,
            "HARMONYHUB_SPOTIFY_ACCOUNTS_URL": fake.accounts_url,
        }
        await store._database["meta"].delete_one({"_id": "vault-check"})
        async with await Store.connect(
            mongodb_uri, database=database_name, vault=Vault(KEY)
        ) as sealed:
            known = {name: Secret(environ[name]) for name in (CLIENT_ID, CLIENT_SECRET)}
            await sealed.known_good.remember("spotify", known, now=1, release=None)
        yield House(fake, environ, tmp_path)
        await store._database["meta"].delete_one({"_id": "vault-check"})
    gc.collect()


def test_checks_stand_after_what_they_need() -> None:
    """Ids are unique, and every need is made before."""
    seen: set[str] = set()
    for each in LIVE:
        assert set(each.check.needs) <= seen
        assert each.check.id not in seen
        seen.add(each.check.id)
    assert sorted(seen) == [check.id for check in LIVE_CHECKS]


async def test_good_configuration_passes(operated: House) -> None:
    """Where all is well the exit status is 0, and what was seen is said."""
    results = await operated.check()
    assert 0 == exit_status(results.values())
    assert {Verdict.PASSED, Verdict.SKIPPED} == {each.verdict for each in results.values()}
    assert "MongoDB answers in" in results["HH201"].note


@pytest.mark.alone
async def test_wrong_secret_is_proven_in_time_and_blocks_what_needs_it(operated: House) -> None:
    """A wrong secret: proven, 78, within 3 s; the API is blocked by it and MongoDB is fine."""
    started = time.monotonic()
    results = await operated.check(HARMONYHUB_SPOTIFY_CLIENT_SECRET="a" * 32)
    took_s = time.monotonic() - started
    finding = results["HH101"].finding
    assert finding is not None
    assert (CLIENT_SECRET, True) == (finding.variable, finding.is_proven)
    assert 78 == exit_status(results.values())
    assert ("HH101", "HH101") == (results["HH102"].blocked_by, results["HH104"].blocked_by)
    assert Verdict.PASSED is results["HH203"].verdict
    assert took_s < 3.0
    assert "a" * 32 not in repr(results)


@pytest.mark.parametrize(
    ("mode", "surface", "check_id", "owner", "status"),
    [
        (Mode.UNAVAILABLE, None, "HH103", Owner.UPSTREAM, 75),
        (Mode.CAPTIVE_PORTAL, None, "HH103", Owner.NETWORK, 75),
        (Mode.HANG, None, "HH103", Owner.NETWORK, 75),
        (Mode.QUOTA, Surface.API, "HH105", Owner.QUOTA, 75),
        (Mode.PREMIUM_LAPSED, None, "HH104", Owner.OPERATOR, 78),
        (Mode.SECRET_REVOKED, None, "HH101", Owner.OPERATOR, 78),
    ],
)
async def test_each_failure_has_its_check_and_owner(
    operated: House,
    *,
    mode: Mode,
    surface: Surface | None,
    check_id: str,
    owner: Owner,
    status: int,
) -> None:
    """What fails at Spotify is told by its own check, by its owner, and by the exit status."""
    await operated.fake.control.set(mode, surface=surface, seconds=7200)
    results = await operated.check()
    finding = results[check_id].finding
    assert finding is not None
    assert (owner, status) == (finding.owner, exit_status(results.values()))


@pytest.mark.alone
async def test_a_hanging_spotify_ends_in_time(operated: House) -> None:
    """Where Spotify takes a request and never answers, the checks end within 4.5 s."""
    await operated.fake.control.set(Mode.HANG)
    started = time.monotonic()
    results = await operated.check()
    assert time.monotonic() - started < 4.5
    assert Verdict.PASSED is not results["HH103"].verdict


@pytest.mark.parametrize(("seconds", "severity"), [(90, Severity.WARNING), (-4000, Severity.ERROR)])
async def test_clock_that_is_off(operated: House, seconds: int, severity: Severity) -> None:
    """Half a minute is a warning, five minutes an error; no variable is to blame."""
    await operated.fake.control.set(Mode.CLOCK_SKEW, seconds=seconds)
    finding = (await operated.check())["HH106"].finding
    assert finding is not None
    assert (severity, None) == (finding.severity, finding.variable)


@pytest.mark.slow
async def test_a_busy_machine_still_names_the_address(
    operated: House, mongodb_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of another replica set is proven wrong, though the counter-check is late."""
    answers = mongodb._answers

    async def answer_late(scene: Scene, uri: str) -> bool:
        await asyncio.sleep(2.5)
        return await answers(scene, uri)

    monkeypatch.setattr(mongodb, "_answers", answer_late)
    other = mongodb_uri.replace("directConnection=true", "replicaSet=other")
    assert other != mongodb_uri
    finding = (await operated.check(HARMONYHUB_MONGODB_URI=other))["HH201"].finding
    assert finding is not None
    assert (URI, True) == (finding.variable, finding.is_proven)


@pytest.mark.alone
async def test_dead_mongodb_ends_in_time_and_leaves_spotify_checked(operated: House) -> None:
    """Nobody listens: unverified within 4 s, its dependents blocked, Spotify still looked at."""
    started = time.monotonic()
    results = await operated.check(HARMONYHUB_MONGODB_URI="mongodb://127.0.0.1:9/?replicaSet=rs0")
    assert time.monotonic() - started < 4.0
    assert Verdict.UNVERIFIED is results["HH201"].verdict
    assert "HH201" == results["HH301"].blocked_by
    assert Verdict.PASSED is results["HH101"].verdict
    assert 75 == exit_status(results.values())


async def test_other_encryption_key_is_found(operated: House) -> None:
    """The check value decides, and the variable is named."""
    await operated.check()  # the first who looks at a new database decides which key it is
    other = base64.b64encode(b"o" * 32).decode()
    results = await operated.check(HARMONYHUB_ENCRYPTION_KEY=other)
    finding = results["HH206"].finding
    assert finding is not None
    assert "HARMONYHUB_ENCRYPTION_KEY" == finding.variable


async def test_broken_check_is_told_after_all_others(operated: House) -> None:
    """A check of ours that breaks raises at the end, with what the others found."""

    async def breaks(_: Scene) -> Results:
        raise ZeroDivisionError

    async def works(_: Scene) -> Results:
        return passed(right, "fine")

    wrong = Check("HH998", Severity.ERROR, "broken")
    right = Check("HH999", Severity.ERROR, "fine")
    subject = Subject(settings=operated.settings(), clock=lambda: 0)
    with pytest.raises(BrokenCheckError, match="HH998") as caught:
        await check_live(subject, checks=[LiveCheck(wrong, breaks), LiveCheck(right, works)])
    assert ["HH999"] == [each.check_id for each in caught.value.results]
    assert 1 == caught.value.exit_status


def test_secrets_are_masked_in_every_form() -> None:
    """As it is, URL-encoded, in hex, and in base64 at any place: nothing of it stays."""
    secret = "S3ntinel/with+odd=chars%"
    raw = secret.encode()
    texts = [secret, quote(secret, safe=""), raw.hex(), raw.hex().upper()]
    texts += [base64.b64encode(b"x" * n + raw + b"y" * n).decode() for n in range(4)]
    masker = Masker([secret])
    for text in texts:
        finding = Finding(
            check_id="HH101",
            severity=Severity.ERROR,
            owner=Owner.OPERATOR,
            message=text,
            fix=text,
            evidence=text,
            provenance=text,
        )
        result = Result(check_id="HH101", verdict=Verdict.FAILED, finding=finding, note=text)
        shown = repr(masker.mask_result(result))
        assert text not in shown
        assert shown.count("***") == 5


@pytest.mark.slow
async def test_no_result_shows_a_secret(operated: House) -> None:
    """Whatever fails, no result holds a secret of the settings or of what worked before."""
    sentinel = "5e" * 16
    uri = f"mongodb://hub:{sentinel}@127.0.0.1:9/?replicaSet=rs0"
    results = await operated.check(
        HARMONYHUB_SPOTIFY_CLIENT_SECRET=sentinel,
        HARMONYHUB_MONGODB_URI=uri,
        HARMONYHUB_ALERT_URLS=f"json://127.0.0.1:9/{sentinel}",
    )
    shown = repr(results)
    pair = base64.b64encode(f"{operated.environ[CLIENT_ID]}:{sentinel}".encode()).decode()
    for form in (sentinel, sentinel.encode().hex(), pair, operated.environ[CLIENT_SECRET]):
        assert form not in shown


LOOK_AT_MODULES = """
import asyncio, os, sys, time
from pathlib import Path
from harmonyhub.checks.live import LiveCheck, check_live
from harmonyhub.checks.subject import Subject
from harmonyhub.checks.verdicts import passed
from harmonyhub.domain.findings import Check, Severity
from harmonyhub.settings.load import load_settings

CHECK = Check("HH999", Severity.ERROR, "Never found.")

async def look(scene):
    return passed(CHECK, " ".join(name for name in ("apprise", "httpx2") if name in sys.modules))

settings, _ = load_settings(os.environ, folder=Path(os.environ["HARMONYHUB_DATA_DIR"]))
subject = Subject(settings=settings, clock=lambda: int(time.time()))
(result,) = asyncio.run(check_live(subject, checks=[LiveCheck(CHECK, look)]))
print(result.note)
"""


def test_libraries_are_loaded_before_any_clock_runs(tmp_path: Path) -> None:
    """What takes our own time to load must not look like a Spotify that does not answer."""
    environ = {
        "HARMONYHUB_DATA_DIR": str(tmp_path),
        "HARMONYHUB_ALERT_URLS": "json://127.0.0.1:9/hook",
        CLIENT_ID: "a" * 32,
        CLIENT_SECRET: "b" * 32,
        "HARMONYHUB_SPOTIFY_REDIRECT_URI": "http://127.0.0.1:8000/spotify/callback",
        "HARMONYHUB_ENCRYPTION_KEY": base64.b64encode(KEY).decode(),
    }
    done = subprocess.run(
        [sys.executable, "-c", LOOK_AT_MODULES],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "apprise httpx2" == done.stdout.strip(), done.stderr
