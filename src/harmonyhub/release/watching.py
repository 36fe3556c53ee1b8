"""Watches a release that has just taken the traffic: what would make it go back."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

from harmonyhub.domain.findings import Owner
from harmonyhub.domain.incidents import Incident
from harmonyhub.domain.releases import GateVerdict, Release
from harmonyhub.release.facts import KeeperFacts, TrafficFacts, load_keeper
from harmonyhub.release.gate import GateReport
from harmonyhub.release.journey import Journey
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import Clock

LOOK_EVERY_S = 0.25
SICK_S = 3.0  # one slow answer is no reason
JUDGE_EVERY_S = 5.0  # each asks the token endpoint
FEW_ERRORS = 3
ERROR_SHARE = 0.01


async def watch(
    store: Store,
    release: Release,
    *,
    clock: Clock,
    watch_s: float,
    before: TrafficFacts,
    journey: Callable[[], Awaitable[Journey]],
    judge_again: Callable[[], Awaitable[GateReport]] | None,
) -> str:
    """Watch a live release until it may stay.

    Parameters
    ----------
    before : TrafficFacts
        What the proxy had answered before the switch.
    journey : callable
        The synthetic journey through the proxy; the watch lasts until it has ended.
    judge_again : callable or None
        Judges the configuration; for a release that was let pass unverified.

    Returns
    -------
    str
        Why it must go back; empty where it may stay.
    """
    watcher = _Watcher(store, release, clock=clock, before=before)
    going = asyncio.ensure_future(journey())
    started = time.monotonic()
    judged_at = started
    try:
        while not going.done() or time.monotonic() - started < watch_s:
            problem = await watcher.look()
            if going.done() and not problem:
                problem = _what_failed(going.result())
            if not problem and judge_again and time.monotonic() - judged_at > JUDGE_EVERY_S:
                judged_at = time.monotonic()
                problem = _definite(await judge_again())
            if problem:
                return problem
            await asyncio.sleep(LOOK_EVERY_S)
        problem = _what_failed(going.result())
        if not problem and judge_again:
            problem = _definite(await judge_again())
        return problem
    finally:
        going.cancel()
        await asyncio.wait([going])


class _Watcher:
    """Looks at one release again and again."""

    def __init__(
        self, store: Store, release: Release, *, clock: Clock, before: TrafficFacts
    ) -> None:
        self._store = store
        self._release = release
        self._clock = clock
        self._before = before
        self._n_deaths: int | None = None
        self._sick_since: float | None = None

    async def look(self) -> str:
        """Say what is wrong with the release; empty where nothing is."""
        keeper = await load_keeper(self._store, now=self._clock())
        if keeper is None:
            return "the keeper does not answer"
        return (
            self._look_at_process(keeper)
            or describe_errors(self._before, keeper.traffic)
            or name_findings(await self._store.incidents.current(), since=self._release.live_at)
        )

    def _look_at_process(self, keeper: KeeperFacts) -> str:
        instance = keeper.instance(self._release.number)
        if instance is not None:
            if self._n_deaths is None:
                self._n_deaths = instance.n_deaths
            if instance.n_deaths > self._n_deaths:
                return f"its process ended with status {instance.last_status}"
        if instance is not None and instance.is_healthy:
            self._sick_since = None
            return ""
        self._sick_since = self._sick_since or time.monotonic()
        is_sick = time.monotonic() - self._sick_since > SICK_S
        return f"it has not answered for {SICK_S:.0f} s" if is_sick else ""


def describe_errors(before: TrafficFacts, now: TrafficFacts) -> str:
    """Say how many requests have failed since the switch, where these are too many."""
    n_bad = now.n_5xx + now.n_errors - before.n_5xx - before.n_errors
    n_requests = now.n_requests - before.n_requests
    if n_bad < FEW_ERRORS or n_bad <= ERROR_SHARE * n_requests:
        return ""
    return f"{n_bad} of {n_requests} requests failed at the proxy"


def name_findings(incidents: Iterable[Incident], *, since: int) -> str:
    """Name what the watch of the service found to be the operator's fault since the switch."""
    causes = [
        f"{cause.check_id} {cause.message}"
        for incident in incidents
        if incident.opened_at >= since
        for cause in incident.diagnosis.causes
        if cause.owner is Owner.OPERATOR
    ]
    return "; ".join(causes)


def _what_failed(journey: Journey) -> str:
    bad = [f"{step.name}: {step.seen}" for step in journey.steps if not step.is_good]
    return "; ".join(bad)


def _definite(report: GateReport) -> str:
    return report.note if report.verdict is GateVerdict.FAIL else ""
