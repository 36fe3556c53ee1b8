"""Every kind of fault that only shows live: named by its variable, and never proven wrongly."""

import asyncio
import base64
import gc
import random
import socket
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harmonyhub.checks.diagnosis import Facts, diagnose
from harmonyhub.checks.live import LIVE, check_live
from harmonyhub.checks.subject import Baseline, Subject, load_baseline
from harmonyhub.domain.findings import Finding
from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.domain.releases import (
    ConfigurationEntry,
    GateVerdict,
    Release,
    ReleaseState,
)
from harmonyhub.domain.upstreams import TokenState, UserToken
from harmonyhub.drills.catalogue import FAULTS
from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.faults import Fault, FaultClass, Stage
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault
from tests.tools.fakes import fresh_fake

# pymongo leaves a socket to the collector where it is closed while it connects.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

KEY = bytes(range(32))
AT_ONCE = 4  # faults; each opens clients of its own in one process, whose timeouts are seconds
LIVE_FAULTS = FAULTS.of(FaultClass.LIVE)
# The index, the decoder and the disk have no variable that a configuration could get wrong.
ASKED = tuple(each for each in LIVE if each.check.id[2] in "126")
SECRETS = {
    "HARMONYHUB_SPOTIFY_CLIENT_SECRET",
    "HARMONYHUB_MONGODB_URI",
    "HARMONYHUB_ENCRYPTION_KEY",
}


@dataclass
class World:
    """A good configuration with everything that it points to, and what worked before."""

    good: Configuration
    stage: Stage
    baseline: Baseline
    folder: Path
    n_read: int = 0

    def read(self, configuration: Configuration) -> Settings | None:
        """Read a configuration in a folder of its own; None where the reading refuses it."""
        self.n_read += 1
        folder = self.folder / str(self.n_read)
        configuration.write(folder)
        return load_settings(configuration.environ, folder=folder)[0]

    async def judge(self, fault: Fault) -> Diagnosis | None:
        """Make the live checks of a broken configuration and put them together."""
        settings = self.read(fault.configuration)
        assert settings is not None, f"{fault.kinds} is refused offline"
        subject = Subject(settings=settings, clock=lambda: int(time.time()), baseline=self.baseline)
        results = await check_live(subject, checks=ASKED)
        return diagnose(results, Facts(failing_since=0), confirmed_only=False)


def closed_port() -> int:
    """Find a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def world(
    store: Store, mongodb_uri: str, database_name: str, tmp_path: Path
) -> AsyncIterator[World]:
    """Stand a fake Spotify, a webhook and a database with consents around a good configuration."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as webhook:
        port = webhook.sockets[0].getsockname()[1]
        async with fresh_fake(seed=3) as fake:
            app = (await fake.control.apps())[0]
            former, app = app.client_secret, await fake.control.rotate_secret(app.client_id)
            other = await fake.control.add_app()
            good = Configuration(
                {
                    "HARMONYHUB_DATA_DIR": str(tmp_path / "data"),
                    "HARMONYHUB_MONGODB_URI": mongodb_uri,
                    "HARMONYHUB_MONGODB_DATABASE": database_name,
                    "HARMONYHUB_ENCRYPTION_KEY": base64.b64encode(KEY).decode(),
                    "HARMONYHUB_SPOTIFY_CLIENT_ID": app.client_id,
                    "HARMONYHUB_SPOTIFY_CLIENT_SECRET": app.client_secret.reveal(),
                    "HARMONYHUB_SPOTIFY_API_URL": fake.api_url,
                    "HARMONYHUB_SPOTIFY_ACCOUNTS_URL": fake.accounts_url,
                    "HARMONYHUB_ALERT_URLS": f"json://127.0.0.1:{port}/",
                }
            )
            stage = Stage(
                other_client_id=other.client_id,
                other_client_secret=other.client_secret.reveal(),
                former_secret=former.reveal(),
                closed_port=closed_port(),
            )
            baseline = await remember(good, uri=mongodb_uri, database=database_name)
            yield World(good, stage, baseline, tmp_path / "deploys")
            await store._database["meta"].delete_one({"_id": "vault-check"})
    gc.collect()


async def remember(good: Configuration, *, uri: str, database: str) -> Baseline:
    """Put a committed release and a user's consent into the store, and read the baseline back."""
    async with await Store.connect(uri, database=database, vault=Vault(KEY)) as store:
        await store._database["meta"].delete_one({"_id": "vault-check"})
        await store.check_vault()
        entries = tuple(
            ConfigurationEntry(
                name=name,
                provenance="environment",
                fingerprint="",
                is_secret=name in SECRETS,
                text=text,
            )
            for name, text in good.environ.items()
        )
        await store.releases.append(
            Release(
                number=0,
                created_at=1,
                version="0.1.0",
                code_digest="",
                python="python",
                configuration=entries,
                configuration_fingerprint="",
                state=ReleaseState.COMMITTED,
                verdict=GateVerdict.PASS,
            )
        )
        token = UserToken(
            user_id="anna",
            client_id=good["HARMONYHUB_SPOTIFY_CLIENT_ID"],
            state=TokenState.ACTIVE,
            consented_at=1,
            access_expires_at=1,
        )
        await store.tokens.save(token, refresh_token=Secret("r" * 40), access_token=None)
        return await load_baseline(store)


def named(findings: Iterable[Finding]) -> set[str]:
    """Collect the variables that findings name."""
    return {each.variable for each in findings if each.variable is not None}


def chance(seed: int) -> random.Random:
    """Give the chance of a seed."""
    return random.Random(seed)  # noqa: S311 - a drill, not a secret


async def test_good_configuration_has_no_cause(world: World) -> None:
    """Unbroken, nothing is found: what is found else is the fault."""
    good = Fault(("none",), FaultClass.LIVE, (), world.good)
    assert await world.judge(good) is None


@dataclass
class Tally:
    """What became of the faults: how many, which were not named, what was proven wrongly."""

    n_faults: int = 0
    missed: list[tuple[tuple[str, ...], list[str]]] = field(default_factory=list)
    false_proofs: list[tuple[str, ...]] = field(default_factory=list)

    async def judge_all(self, faults: Iterable[Fault], world: World) -> None:
        """Judge faults side by side: most of a check waits for what does not answer."""
        free = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for fault in faults:
                group.create_task(self._judge(fault, world, free=free))

    async def _judge(self, fault: Fault, world: World, *, free: asyncio.Semaphore) -> None:
        async with free:
            diagnosis = await world.judge(fault)
        causes = diagnosis.causes if diagnosis else ()
        self.n_faults += 1
        if not fault.is_named_by(named(causes)):
            self.missed.append((fault.kinds, sorted(named(causes))))
        guilty = frozenset[str]().union(*fault.at_fault)
        if not named(each for each in causes if each.is_proven) <= guilty:
            self.false_proofs.append(fault.kinds)


@pytest.mark.slow
async def test_single_faults_are_named_and_proofs_are_true(world: World) -> None:
    """Of each kind with each chance: exactly what is at fault, and no innocent proven."""
    made = [
        LIVE_FAULTS.make(kind.id, world.good, stage=world.stage, rng=chance(seed))
        for kind in LIVE_FAULTS
        for seed in range(3)
    ]
    tally = Tally()
    await tally.judge_all([fault for fault in made if fault is not None], world)
    assert ([], []) == (tally.missed, tally.false_proofs)
    assert tally.n_faults >= 60


@pytest.mark.slow
async def test_double_faults_are_named_and_proofs_are_true(world: World) -> None:
    """Of two faults at once both are named in 95 %, and no innocent is ever proven."""
    drawn = [
        LIVE_FAULTS.draw_double(world.good, stage=world.stage, rng=chance(seed))
        for seed in range(40)
    ]
    tally = Tally()
    await tally.judge_all(drawn, world)
    assert [] == tally.false_proofs
    assert len(tally.missed) <= 0.05 * tally.n_faults, tally.missed


async def test_missing_credentials_do_not_hide_a_wrong_address(world: World) -> None:
    """Those that worked last show that the address is wrong too, which nobody asks without any."""
    address = f"http://127.0.0.1:{closed_port()}/v1"
    broken = world.good.without(
        "HARMONYHUB_SPOTIFY_CLIENT_ID", "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
    ).having({"HARMONYHUB_SPOTIFY_API_URL": address})
    settings = world.read(broken)
    assert settings is not None
    subject = Subject(settings=settings, clock=lambda: int(time.time()), baseline=world.baseline)
    found = [each.finding for each in await check_live(subject, checks=ASKED)]
    assert {
        "HARMONYHUB_SPOTIFY_API_URL",
        "HARMONYHUB_SPOTIFY_CLIENT_ID",
        "HARMONYHUB_SPOTIFY_CLIENT_SECRET",
    } == {each.variable for each in found if each is not None}
