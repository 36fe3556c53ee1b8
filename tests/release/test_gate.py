"""Verdicts of the gate, over a real MongoDB and a fake Spotify that is a process of its own."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harmonyhub.domain.findings import Finding, Owner, Result, Severity, Verdict
from harmonyhub.domain.releases import GateVerdict, Release, ReleaseState
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.release.describe import describe_release
from harmonyhub.release.gate import GateReport, decide, judge
from harmonyhub.settings.keys import fingerprint_key
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import system_clock
from tests.tools.fakes import fresh_fake

KEY = fingerprint_key(bytes(range(32)))
ID, SECRET = "HARMONYHUB_SPOTIFY_CLIENT_ID", "HARMONYHUB_SPOTIFY_CLIENT_SECRET"


@dataclass
class Scene:
    """A good configuration that is live, and the fake that knows its credentials."""

    store: Store
    fake: FakeSpotify
    folder: Path
    environ: dict[str, str]
    live: Release | None = None

    async def judge(self, **changes: str | None) -> GateReport:
        """Judge the configuration with some variables changed; None takes one away."""
        environ = {
            name: text for name, text in (self.environ | changes).items() if text is not None
        }
        return await judge(
            environ,
            folder=self.folder,
            env_file=None,
            live=self.live,
            store=self.store,
            fingerprint_key=KEY,
        )

    async def commit(self) -> None:
        """Let the configuration as it stands be the live release."""
        report = await self.judge()
        assert report.settings is not None
        release = describe_release(
            report.settings,
            fingerprint_key=KEY,
            folder=self.folder,
            verdict=report.verdict,
            now=system_clock(),
            replaced=None,
        )
        number = (await self.store.releases.append(release)).number
        await self.store.releases.switch_live(number, now=system_clock())
        await self.store.releases.set_state(number, ReleaseState.COMMITTED, now=system_clock())
        self.live = await self.store.releases.live()


@pytest.fixture
async def scene(store: Store, mongodb_uri: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """Give a configuration that passes, and is live."""
    async with fresh_fake() as fake:
        app = (await fake.control.apps())[0]
        scene = Scene(
            store,
            fake,
            tmp_path,
            {
                "HARMONYHUB_DATA_DIR": str(tmp_path),
                "HARMONYHUB_MONGODB_URI": mongodb_uri,
                "HARMONYHUB_MONGODB_DATABASE": store._database.name,
                "HARMONYHUB_ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                ID: app.client_id,
                SECRET: app.client_secret.reveal(),
                "HARMONYHUB_SPOTIFY_ACCOUNTS_URL": fake.accounts_url,
                "HARMONYHUB_SPOTIFY_API_URL": fake.api_url,
            },
        )
        await scene.commit()
        yield scene


async def test_good_configuration_passes(scene: Scene) -> None:
    """The live configuration passes unchanged, and with a change that is good."""
    report = await scene.judge()
    assert (GateVerdict.PASS, ()) == (report.verdict, report.changed), report.note
    report = await scene.judge(HARMONYHUB_LOG_FORMAT="json")
    assert (GateVerdict.PASS, ("HARMONYHUB_LOG_FORMAT",)) == (report.verdict, report.changed)


@pytest.mark.alone
async def test_wrong_secret_fails_within_three_seconds(scene: Scene) -> None:
    """A secret of the right shape that Spotify rejects is named, and its value is nowhere."""
    wrong = scene.environ[SECRET][::-1]
    started = time.monotonic()
    report = await scene.judge(**{SECRET: wrong})
    assert time.monotonic() - started < 3
    assert GateVerdict.FAIL is report.verdict
    assert (SECRET,) == report.changed
    assert SECRET in {result.finding.variable for result in report.results if result.finding}
    assert wrong not in repr(report)


async def test_wrong_settings_fail_without_asking_anybody(scene: Scene) -> None:
    """What can be seen offline is refused before a token is asked for."""
    n_before = len(await scene.fake.control.requests())
    report = await scene.judge(**{SECRET: None})
    assert GateVerdict.FAIL is report.verdict
    assert n_before == len(await scene.fake.control.requests())


@pytest.mark.parametrize("mode", [Mode.UNAVAILABLE, Mode.QUOTA])
async def test_upstream_that_is_down_holds_only_what_it_would_prove(
    scene: Scene, mode: Mode
) -> None:
    """With Spotify down unchanged credentials pass; a new secret, though right, is held."""
    await scene.fake.control.set(mode)
    assert GateVerdict.PASS is (await scene.judge(HARMONYHUB_LOG_FORMAT="json")).verdict
    app = await scene.fake.control.rotate_secret(scene.environ[ID])
    report = await scene.judge(**{SECRET: app.client_secret.reveal()})
    assert GateVerdict.HOLD is report.verdict
    assert report.note


async def test_open_door_of_the_keeper_is_refused(scene: Scene) -> None:
    """A configuration without a password does not pass where the keeper lets others in."""
    report = await judge(
        scene.environ,
        folder=scene.folder,
        env_file=None,
        live=scene.live,
        store=scene.store,
        fingerprint_key=KEY,
        public_host="0.0.0.0",
    )
    assert GateVerdict.FAIL is report.verdict
    assert "HH014" in report.note


def result(check_id: str, verdict: Verdict, owner: Owner) -> Result:
    """One result with an error."""
    finding = Finding(check_id, Severity.ERROR, owner, "broken", "mend it")
    return Result(check_id=check_id, verdict=verdict, finding=finding)


@pytest.mark.parametrize(
    ("one", "changed", "verdict"),
    [
        (result("HH101", Verdict.FAILED, Owner.OPERATOR), (), GateVerdict.FAIL),
        (result("HH101", Verdict.UNVERIFIED, Owner.UPSTREAM), (), GateVerdict.PASS),
        (result("HH101", Verdict.UNVERIFIED, Owner.UPSTREAM), (SECRET,), GateVerdict.HOLD),
        (result("HH105", Verdict.FAILED, Owner.QUOTA), (ID,), GateVerdict.HOLD),
        (result("HH201", Verdict.UNVERIFIED, Owner.NETWORK), (SECRET,), GateVerdict.PASS),
        (Result(check_id="HH104", verdict=Verdict.BLOCKED), (SECRET,), GateVerdict.PASS),
    ],
)
def test_decide(one: Result, changed: tuple[str, ...], verdict: GateVerdict) -> None:
    """A definite error of the operator's fails; doubt holds only what has changed."""
    assert verdict is decide([one], changed)


def test_warning_decides_nothing() -> None:
    """A warning of the operator's passes."""
    one = result("HH106", Verdict.FAILED, Owner.OPERATOR)
    assert one.finding is not None
    mild = replace(one, finding=replace(one.finding, severity=Severity.WARNING))
    assert GateVerdict.PASS is decide([mild], ())
