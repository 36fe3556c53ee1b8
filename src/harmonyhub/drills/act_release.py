"""An act: releases behind a real proxy, while users come all the time.

Faulty deploys, a good one, some that turn bad once they have the traffic, and a rollback by hand.
What became of each is told by the users' answers, the proxy and the exit statuses.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.releases import GateVerdict
from harmonyhub.drills.children import stop
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.faults_in_values import ESCALATE_AFTER_S, LOG_LEVEL
from harmonyhub.drills.guards import Guards
from harmonyhub.drills.injector import DeployScene, Injection
from harmonyhub.drills.kept_service import KeptService, wait_until
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.scorecard import Figure
from harmonyhub.drills.site import Ground, Site
from harmonyhub.drills.steady_load import Load

N_USERS = 24
SHORT_WATCH, LONG_WATCH = "--watch-s=1", "--watch-s=20"
SWITCH_S = 60.0
DEPLOYS = 3  # until one is neither held nor refused
ENOUGH = 40  # requests before a restart


class Way(StrEnum):
    """How a release turns bad once it has the traffic."""

    REVOKED = "its secret is revoked"
    KILLED = "its process is killed"


WAYS = tuple(Way)


async def play_release(
    ground: Ground, *, seed: int, scale: Scale, guards: Guards
) -> Mapping[str, Figure]:
    """Play it."""
    async with ground.site("release", seed=seed) as site:
        async with site.house() as house:
            await house.store.check_vault()
            await site.settle_users(house, N_USERS)
        if guards == Guards.none():
            return await play_restart(site)
        async with KeptService.start(site, guards=guards) as service:
            act = ReleaseAct(service, seed=seed)
            await act.deploy({}, what="the first release")
            async with Load.on(service.url, password=service.password) as act.load:
                for number in range(scale.n_faulty_releases):
                    await act.deploy_fault(number)
                await act.deploy({LOG_LEVEL: "warning"}, what="a good release")
                for number in range(scale.n_bad_releases):
                    await act.deploy_turning_bad(number)
                await act.roll_back()
        return act.figures()


@dataclass(slots=True)
class ReleaseAct:
    """What was done so far, and what was seen.

    Attributes
    ----------
    n_met : int
        Requests that a release got which must not have any.
    kills : list of pair of float
        From the death of a process to the way back: what is asked then cannot be answered.
    rollbacks_s : list of float
        From the moment when a release turned bad to the proxy's way back.
    stayed : list of str
        How releases turned bad that nobody took back.
    """

    service: KeptService
    seed: int
    load: Load = field(default_factory=Load)
    n_faulty: int = 0
    n_stopped: int = 0
    n_met: int = 0
    kills: list[tuple[float, float]] = field(default_factory=list)
    rollbacks_s: list[float] = field(default_factory=list)
    stayed: list[str] = field(default_factory=list)

    async def deploy(self, changes: Mapping[str, str], *, what: str) -> None:
        """Deploy a configuration that is good, and see that it stays.

        Raises
        ------
        UnavailableError
            If it does not.
        """
        environ = self.service.good.having(changes).environ
        for _ in range(DEPLOYS):  # a HOLD says: deploy again later
            status = await self.service.do("deploy", SHORT_WATCH, environ=environ)
            if status != GateVerdict.HOLD.exit_status:
                break
        if status != 0:
            raise UnavailableError(
                f"The deploy of {what} ended with status {status}: {self.service.last_word()}",
                hint="Play again where this machine has less to do.",
            )

    async def deploy_fault(self, number: int) -> None:
        """Deploy a fault that another process draws, and see who gets the requests."""
        site = self.service.site
        scene = DeployScene(
            configuration=self.service.good,
            stage=site.stage,
            folder=str(site.folder / f"faulty{number}"),
        )
        before = await self.service.slots()
        async with Injection.start(
            scene, seed=1000 * self.seed + number, folder=site.folder / f"injector{number}"
        ) as injection:
            status = await self.service.do(
                "deploy", SHORT_WATCH, environ=injection.environ(), folder=injection.folder
            )
        self.n_faulty += 1
        self.n_stopped += status != 0
        self.n_met += sum(
            slot.n_requests - before[name].n_requests
            for name, slot in (await self.service.slots()).items()
            if not before[name].is_serving
        )

    async def deploy_turning_bad(self, number: int) -> None:
        """Deploy a release that is good until it has the traffic, and wait for the way back."""
        service, spotify = self.service, self.service.site.fake.control
        environ = service.good.having({ESCALATE_AFTER_S: str(600 + number)}).environ
        before = await service.serving()
        async with service.running("deploy", LONG_WATCH, environ=environ) as deploying:

            async def has_switched() -> bool:
                return (await service.serving()).isdisjoint(before)

            async def is_back_or_stays() -> bool:
                return deploying.returncode == 0 or await service.serving() == before

            await wait_until(has_switched, timeout_s=SWITCH_S, what="the switch")
            began, way = time.monotonic(), WAYS[number % len(WAYS)]
            if way is Way.KILLED:
                os.kill(await service.pid_of_web(), signal.SIGKILL)
            else:
                await spotify.set(Mode.SECRET_REVOKED)
            await wait_until(is_back_or_stays, timeout_s=SWITCH_S, what="the way back")
            took_s = time.monotonic() - began
        if deploying.returncode == 0:
            self.stayed.append(way.value)
        else:
            self.rollbacks_s.append(took_s)
        if way is Way.KILLED:
            self.kills.append((began, began + took_s))
        await spotify.clear()

    async def roll_back(self) -> None:
        """Return to the release before by hand.

        Raises
        ------
        UnavailableError
            If the proxy does not switch.
        """
        before = await self.service.serving()
        status = await self.service.do("rollback", environ=self.service.good.environ)
        if status != 0 or await self.service.serving() == before:
            raise UnavailableError(
                f"`harmonyhub rollback` ended with status {status}: {self.service.last_word()}",
                hint="Play again where this machine has less to do.",
            )

    def figures(self) -> dict[str, Figure]:
        """Give what was measured; a release that stayed although it is bad has no time."""
        killed = [
            failure
            for failure in self.load.failures
            if any(failure.ended_at > began and failure.sent_at < end for began, end in self.kills)
        ]
        n_failed = len(self.load.failures) - len(killed) + self.n_met
        notes = [f"{self.n_stopped} of {self.n_faulty} faulty deploys stopped"]
        if self.n_met:
            notes.append(f"{self.n_met} requests met one")
        if self.kills:
            notes.append(f"{len(killed)} more failed while a process was killed")
        if failures := Counter(failure.what for failure in self.load.failures):
            notes.append(", ".join(f"{n} x {what}" for what, n in failures.most_common(3)))
        failed = Figure(n_failed, self.load.n_sent, "; ".join(notes))
        if self.stayed or not self.rollbacks_s:
            return {"switch.failed_requests": failed}
        return {
            "switch.failed_requests": failed,
            "recovery.rollback_s": Figure(max(self.rollbacks_s), len(self.rollbacks_s)),
        }


async def play_restart(site: Site) -> dict[str, Figure]:
    """Deploy as it was done in 2024: the process ends, and starts with what is configured now."""
    service = KeptService(site, Guards.none())
    first, second = service.good, service.good.having({LOG_LEVEL: "warning"})
    async with AsyncExitStack() as processes:
        process = await _serve(service, first.environ, processes)
        async with Load.on(service.url, password=service.password) as load:
            await wait_until(lambda: _has_sent(load, ENOUGH), timeout_s=SWITCH_S, what="requests")
            await stop(process)
            await _serve(service, second.environ, processes)
    return {"switch.failed_requests": Figure(len(load.failures), load.n_sent, "one restart")}


async def _serve(
    service: KeptService, environ: Mapping[str, str], processes: AsyncExitStack
) -> asyncio.subprocess.Process:
    log = service.site.folder / "serve.log"
    process = await service.run("serve", environ=environ, log=log)
    processes.push_async_callback(stop, process)
    await wait_until(service.is_alive, timeout_s=SWITCH_S, what="the service")
    return process


async def _has_sent(load: Load, n: int) -> bool:
    return load.n_sent >= n
