"""An act: faulty configurations and good ones are brought to the gate of a deploy."""

import asyncio
import random
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

import msgspec

from harmonyhub.domain.releases import GateVerdict, Release, ReleaseState
from harmonyhub.drills.catalogue import FAULTS
from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.faults import Fault, FaultClass
from harmonyhub.drills.good_deploys import World, draw_good, draw_worlds, world_as
from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.scorecard import Figure
from harmonyhub.drills.site import CLIENT_ID, CLIENT_SECRET, Ground, Site
from harmonyhub.drills.unguarded import without_gate
from harmonyhub.flows.watch import SPOTIFY
from harmonyhub.release import gate
from harmonyhub.release.describe import describe_release
from harmonyhub.release.gate import GateReport, decisive
from harmonyhub.settings.keys import encryption_key, fingerprint_key
from harmonyhub.settings.secret import Secret
from harmonyhub.wiring.house import House

AT_ONCE = 6
DEFINITE = FAULTS.of(FaultClass.OFFLINE, FaultClass.LIVE)
# Each gives a secret that Spotify refuses, or one of an app that is not ours.
WRONG_SECRETS = (
    "wrong-secret",
    "mistyped-secret",
    "revoked-secret",
    "other-secret",
    "other-app",
    "stale-environment",
)
TIMED_EACH = 5


@dataclass(frozen=True, slots=True)
class Judged:
    """A fault, and what the gate said of it."""

    fault: Fault
    verdict: GateVerdict
    named: frozenset[str]

    @property
    def is_named(self) -> bool:
        """Whether the verdict blames every fault, and nothing innocent."""
        return self.fault.is_named_by(self.named)


class Entrance:
    """The gate of a site where a release is live and people have given their consent."""

    def __init__(self, site: Site, house: House) -> None:
        self._site = site
        self._house = house
        self._key = fingerprint_key(encryption_key(house.settings))
        self._live: Release | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._n_judged = 0
        self.configuration = site.good

    async def go_live(self, configuration: Configuration) -> None:
        """Let a release with this configuration carry the traffic, and be accepted by Spotify."""
        self.configuration = configuration
        store, now = self._house.store, self._house.clock()
        release = await store.releases.append(
            describe_release(
                self._site.settings(configuration),
                fingerprint_key=self._key,
                folder=self._site.folder,
                verdict=GateVerdict.PASS,
                now=now,
                replaced=None if self._live is None else self._live.number,
            )
        )
        await store.releases.switch_live(release.number, now=now)
        await store.releases.set_state(release.number, ReleaseState.COMMITTED, now=now)
        self._live = await store.releases.live()
        accepted = {name: Secret(configuration[name]) for name in (CLIENT_ID, CLIENT_SECRET)}
        await store.known_good.remember(SPOTIFY, accepted, now=now, release=release.number)

    async def judge(self, configuration: Configuration) -> tuple[GateReport, float]:
        """Bring a configuration to the gate in a folder of its own; seconds to the verdict."""
        async with self._slots:
            self._n_judged += 1
            folder = self._site.folder / f"deploy{self._n_judged}"
            configuration.write(folder)
            started = time.monotonic()
            report = await gate.judge(
                configuration.environ,
                folder=folder,
                env_file=None,
                live=self._live,
                store=self._house.store,
                fingerprint_key=self._key,
            )
            took_s = time.monotonic() - started
            shutil.rmtree(folder)
        self._keep(report)
        return report, took_s

    def _keep(self, report: GateReport) -> None:
        """Write down what the gate said, to be searched for secrets."""
        said = [report.verdict, report.note, report.changed, msgspec.to_builtins(report.results)]
        with (self._site.folder / "verdicts.jsonl").open("ab") as file:
            file.write(msgspec.json.encode(said) + b"\n")


async def play_gate(
    ground: Ground, *, seed: int, scale: Scale, guards: Guards
) -> Mapping[str, Figure]:
    """Play it."""
    rng = random.Random(f"gate:{seed}")  # noqa: S311 - a drill, not a secret
    async with _opened(ground, seed=seed, n_users=scale.n_users) as (site, entrance):
        with nullcontext() if Guard.GATE in guards else without_gate():
            faults = [
                fault
                for number in range(scale.n_seeds)
                for fault in draw_faults(
                    site,
                    n=scale.n_kinds,
                    rng=random.Random(f"gate:{seed}:{number}"),  # noqa: S311
                )
            ]
            judged = await judge_faults(entrance, faults)
            timed = await time_wrong_secrets(
                site, entrance, n_each=min(TIMED_EACH, scale.n_seeds), rng=rng
            )
            blocked = await judge_good(site, entrance, n=scale.n_good, rng=rng)
    figures = {"gate.stopped": stopped(judged), "gate.good_blocked": blocked}
    return figures if timed is None else {**figures, "gate.verdict_s": timed}


@asynccontextmanager
async def _opened(
    ground: Ground, *, seed: int, n_users: int
) -> AsyncIterator[tuple[Site, Entrance]]:
    async with ground.site("gate", seed=seed) as site, site.house() as house:
        await house.store.check_vault()
        await site.settle_users(house, n_users)
        entrance = Entrance(site, house)
        await entrance.go_live(site.good)
        yield site, entrance


def draw_faults(site: Site, *, n: int, rng: random.Random) -> list[Fault]:
    """Draw so many kinds of definite classes, and make a fault of each."""
    stage = site.stage
    kinds = rng.sample(DEFINITE.kinds, len(DEFINITE.kinds))
    made = (DEFINITE.make(kind.id, site.good, stage=stage, rng=rng) for kind in kinds)
    return [fault for fault in made if fault is not None][:n]


async def judge_faults(entrance: Entrance, faults: Sequence[Fault]) -> list[Judged]:
    """Bring faults to the gate, several at once."""

    async def judge(fault: Fault) -> Judged:
        report, _ = await entrance.judge(fault.configuration)
        causes = decisive(report.results, report.changed, verdict=report.verdict)
        named = frozenset(cause.variable for cause in causes if cause.variable)
        return Judged(fault, report.verdict, named)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(judge(fault)) for fault in faults]
    return [task.result() for task in tasks]


def stopped(judged: Sequence[Judged]) -> Figure:
    """Give the share of faults that do not pass, and how many of each kind do."""
    kinds = {kind for one in judged for kind in one.fault.kinds}
    failed = [one for one in judged if one.verdict is GateVerdict.FAIL]
    n_held = sum(one.verdict is GateVerdict.HOLD for one in judged)
    passed = Counter(
        kind for one in judged if one.verdict is GateVerdict.PASS for kind in one.fault.kinds
    )
    note = f"{len(kinds)} kinds; {n_held} on hold, since nobody answers there"
    if failed:
        share = 100 * sum(one.is_named for one in failed) / len(failed)
        note += f"; of those refused {share:.1f} % by the right variable"
    if passed:
        note += f"; passed: {', '.join(kind for kind, _ in passed.most_common(5))}"
    return Figure(100 * (1 - passed.total() / len(judged)), len(judged), note)


async def time_wrong_secrets(
    site: Site, entrance: Entrance, *, n_each: int, rng: random.Random
) -> Figure | None:
    """Bring wrong secrets to the gate one after the other; None where it does not refuse all."""
    stage, times = site.stage, []
    for kind_id in WRONG_SECRETS * n_each:
        fault = DEFINITE.make(kind_id, site.good, stage=stage, rng=rng)
        assert fault is not None  # noqa: S101 - the good configuration has credentials
        report, took_s = await entrance.judge(fault.configuration)
        if report.verdict is not GateVerdict.FAIL:
            return None
        times.append(took_s)
    return Figure(max(times), len(times), f"{len(WRONG_SECRETS)} kinds of wrong secret")


async def judge_good(site: Site, entrance: Entrance, *, n: int, rng: random.Random) -> Figure:
    """Bring good deploys to the gate, a few at once, in a world that changes between them."""
    worlds, blocked = Counter[World](), list[str]()
    for world, size in draw_worlds(n, at_once=AT_ONCE):
        async with world_as(world, site, entrance.configuration, rng=rng) as start:
            deploys = [draw_good(start, site, rng=rng) for _ in range(size)]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(entrance.judge(deploy)) for deploy in deploys]
        worlds[world] += size
        reports = [task.result()[0] for task in tasks]
        blocked += [
            f"{world}: {report.note}"
            for report in reports
            if report.verdict is not GateVerdict.PASS
        ]
        if start is not entrance.configuration:
            await entrance.go_live(start)
    note = ", ".join(f"{count} {world.value}" for world, count in worlds.items())
    return Figure(len(blocked), n, "; ".join([note, *blocked[:3]]))
