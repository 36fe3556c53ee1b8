"""Faults forced past the gate: a worker starts with each, and its alert is read at the sink."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

from harmonyhub.domain.errors import ConfigurationError, HarmonyHubError
from harmonyhub.domain.findings import describe
from harmonyhub.domain.releases import GateVerdict, Release, ReleaseState
from harmonyhub.domain.upstreams import UpstreamState
from harmonyhub.drills.alert_reading import Mailbox, read_alert, reading
from harmonyhub.drills.catalogue import FAULTS
from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.faults import Fault, FaultClass, Stage
from harmonyhub.drills.faults_in_values import ALERT_URLS, DATA_DIR, MONGODB_DATABASE, MONGODB_URI
from harmonyhub.drills.site import Site
from harmonyhub.flows.refusal import STAMP_FILE, tell_refusal_of
from harmonyhub.flows.watch import SPOTIFY, Watch
from harmonyhub.jobs.sync import run_sync
from harmonyhub.release.describe import describe_release
from harmonyhub.settings.keys import encryption_key, fingerprint_key
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.wiring.house import House, open_house

RELEASE = "HARMONYHUB_RELEASE"
ESCALATION_URLS = "HARMONYHUB_ALERT_ESCALATION_URLS"
WORKER = "the drill's worker"  # one name: the lease of the worker before it is its own
ALERT_S = 40.0  # far more than the target: a late alert is measured, not missed
N_USERS = 8
N_LANES = 4
GOOD = 1  # the number of the release that works
MANY = 1000

LIVE = FAULTS.of(FaultClass.LIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one fault.

    Attributes
    ----------
    seconds : float or None
        From the start of the worker to the alert; None: none came.
    is_refused : bool
        The worker did not even start.
    named : tuple of str
        The variables that the alert blames.
    """

    fault: Fault
    seconds: float | None
    is_refused: bool
    named: tuple[str, ...] = ()
    false_proven: tuple[str, ...] = ()

    @property
    def waits_for_mongodb(self) -> bool:
        """Whether the start waits for a MongoDB that may just elect a primary."""
        return self.is_refused and any(MONGODB_URI in names for names in self.fault.at_fault)

    @property
    def is_named(self) -> bool:
        """Whether the alert blames every fault, and nothing innocent."""
        return self.fault.is_named_by(self.named)


async def play_past_gate(
    site: Site, *, seed: int, n_single: int, n_double: int
) -> tuple[Told, ...]:
    """Start a worker with each of so many faults, one and two at a time, several side by side."""
    rng = random.Random(f"past-gate:{seed}")  # noqa: S311 - a drill, not a secret
    cases = asyncio.Queue[str | None]()
    for case in (*_choose_kinds(site, n_single, rng=rng), *[None] * n_double):
        cases.put_nowait(case)
    async with reading(site.sink) as mailbox, asyncio.TaskGroup() as group:
        lanes = [
            group.create_task(
                Lane(site, f"lane{number}", mailbox=mailbox).run(
                    cases,
                    rng=random.Random(rng.random()),  # noqa: S311 - a drill
                )
            )
            for number in range(min(N_LANES, cases.qsize()))
        ]
    return tuple(told for lane in lanes for told in lane.result())


def _make(kind_id: str | None, good: Configuration, *, stage: Stage, rng: random.Random) -> Fault:
    """Make a fault of one kind, or of two where none is given."""
    if kind_id is None:
        return LIVE.draw_double(good, stage=stage, rng=rng)
    fault = LIVE.make(kind_id, good, stage=stage, rng=rng)
    assert fault is not None  # noqa: S101 - chosen among those that fit
    return fault


def _choose_kinds(site: Site, n: int, *, rng: random.Random) -> Sequence[str]:
    """Choose kinds of the live class, each as often as any other."""
    stage = site.stage
    fitting = [kind.id for kind in LIVE if kind.breaks(site.good, stage, rng) is not None]
    return tuple(islice(cycle(rng.sample(fitting, len(fitting))), n))


class Lane:
    """A service of its own on a site: a database with users, a release that works, contacts."""

    def __init__(self, site: Site, name: str, *, mailbox: Mailbox) -> None:
        self._site = site
        self._name = name
        self._mailbox = mailbox
        self._folder = site.folder / name
        self._n_cases = 0

    async def run(self, cases: "asyncio.Queue[str | None]", *, rng: random.Random) -> list[Told]:
        """Let the good release run for a moment, then play cases as long as there are any."""
        settings = _load(self._configuration(), self._folder)
        told = []
        async with open_house(settings, owner=WORKER) as house:
            await house.store.check_vault()
            await self._site.settle_users(house, N_USERS)
            await self._append(house, settings)
            key = fingerprint_key(encryption_key(settings))
            await Watch(house, owner=WORKER, key=key).look()
            while not cases.empty():
                told.append(await self._play(house, cases.get_nowait(), rng=rng))
        return told

    async def _play(self, house: House, kind_id: str | None, *, rng: random.Random) -> Told:
        """Deploy a fault past the gate and read what is told; None: two faults at once."""
        self._n_cases += 1
        number = len(await house.store.releases.latest(MANY)) + 1
        good = self._configuration().having({RELEASE: str(number)})
        other = f"{good[MONGODB_DATABASE]}_{self._n_cases}"
        fault = _make(kind_id, good, stage=replace(self._site.stage, other_database=other), rng=rng)
        settings = _load(fault.configuration, self._folder / f"case{self._n_cases}")
        release = await self._append(house, settings)
        try:
            return await self._start(fault, settings)
        finally:
            await self._take_back(house, release)

    def _configuration(self) -> Configuration:
        """Give the good configuration, with contacts that no case had yet."""
        sink = self._site.sink
        return self._site.good.having(
            {
                DATA_DIR: str(self._folder / "data"),
                MONGODB_DATABASE: f"{self._site.database}_{self._name}",
                ALERT_URLS: sink.address(self._contacts[0]),
                ESCALATION_URLS: sink.address(self._contacts[1]),
            }
        )

    @property
    def _contacts(self) -> tuple[str, str]:
        return f"{self._name}-{self._n_cases}-first", f"{self._name}-{self._n_cases}-second"

    async def _start(self, fault: Fault, settings: Settings) -> Told:
        """Start a worker as `harmonyhub work` does, until an alert has arrived."""
        began = time.time()
        worker = asyncio.create_task(_work(settings))
        message = await self._mailbox.wait_for_alert(self._contacts, timeout_s=ALERT_S)
        is_refused = worker.done()
        worker.cancel()
        await asyncio.wait([worker])
        if message is None:
            return Told(fault=fault, seconds=None, is_refused=is_refused)
        alert = read_alert(message)
        guilty = {name for names in fault.at_fault for name in names}
        return Told(
            fault=fault,
            seconds=message.at - began,
            is_refused=is_refused,
            named=tuple(sorted(alert.named)),
            false_proven=tuple(sorted(alert.proven - guilty)),
        )

    async def _append(self, house: House, settings: Settings) -> Release:
        """Write a release into the ledger and let it carry the traffic."""
        described = describe_release(
            settings,
            fingerprint_key=fingerprint_key(encryption_key(house.settings)),
            folder=self._folder,
            verdict=GateVerdict.PASS,
            now=house.clock(),
            replaced=house.settings.release,
        )
        release = await house.store.releases.append(described)
        return await house.store.releases.switch_live(release.number, now=house.clock())

    async def _take_back(self, house: House, release: Release) -> None:
        """Leave the database as the good release left it."""
        store, now = house.store, house.clock()
        (house.settings.data_dir / STAMP_FILE).unlink(missing_ok=True)  # told once an hour
        await store.releases.switch_live(GOOD, now=now)
        await store.releases.set_state(GOOD, ReleaseState.COMMITTED, now=now)
        await store.releases.set_state(release.number, ReleaseState.ROLLED_BACK, now=now)
        await store.upstreams.update(SPOTIFY, lambda _: UpstreamState(name=SPOTIFY))
        for incident in await store.incidents.current():
            await store.incidents.resolve(incident.id, now=now, text="the drill goes on")
        assert house.spotify is not None  # noqa: S101 - the good configuration has it
        credentials = house.spotify.credentials
        await store.tokens.restore(credentials.client_id)
        await house.spotify.probe()  # remembers the credentials as those that worked last


async def _work(settings: Settings) -> None:
    """Do what `harmonyhub work` does, but for the jobs; where it cannot start, tell that."""
    key = fingerprint_key(encryption_key(settings))
    try:
        async with open_house(settings, owner=WORKER) as house, asyncio.TaskGroup() as tasks:
            watch = Watch(house, owner=WORKER, key=key, survey=lambda: (settings, []))
            tasks.create_task(watch.run())
            tasks.create_task(run_sync(house))
    except HarmonyHubError as error:
        contacts = (settings.alert_urls, settings.alert_escalation_urls)
        addresses = tuple(address for address in contacts if address is not None)
        await tell_refusal_of(error, settings=settings, addresses=addresses)


def _load(configuration: Configuration, folder: Path) -> Settings:
    configuration.write(folder)
    settings, findings = load_settings(configuration.environ, folder=folder)
    if settings is None:
        raise ConfigurationError("\n".join(map(describe, findings)))
    return settings
