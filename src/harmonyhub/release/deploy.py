"""A deploy: gate, candidate beside the live release, journey, switch, watch, commit or back."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harmonyhub.domain.errors import ConflictError
from harmonyhub.domain.releases import GateVerdict, Release, ReleaseState
from harmonyhub.release.describe import describe_release
from harmonyhub.release.facts import KeeperFacts, load_deploy, load_keeper
from harmonyhub.release.gate import GateReport, judge
from harmonyhub.release.journey import Journey, Step, run_journey
from harmonyhub.release.rollback import return_to
from harmonyhub.release.waiting import (
    SWITCH_S,
    BadReleaseError,
    beating,
    require_keeper,
    wait_for_switch,
    wait_until_healthy,
)
from harmonyhub.release.watching import watch
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be deployed, and how.

    Attributes
    ----------
    folder : Path
        Where `.env` and relative paths count from.
    mongodb_uri : Secret or None
        The embedded server, where the configuration names no other.
    accepts_unverified : bool
        Let a HOLD pass; it is recorded and watched.
    """

    environ: Mapping[str, str]
    folder: Path
    env_file: Path | None
    mongodb_uri: Secret | None
    fingerprint_key: bytes
    owner: str
    accepts_unverified: bool = False
    watch_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a deploy ended; `number` is None where nothing could be written into the ledger."""

    verdict: GateVerdict
    number: int | None
    note: str
    report: GateReport


class Deploy:
    """One deploy, from the gate to the end of its watch."""

    def __init__(
        self, store: Store, request: Request, *, clock: Clock, on_step: Callable[[Step], None]
    ) -> None:
        self._store = store
        self._request = request
        self._clock = clock
        self._on_step = on_step

    async def run(self) -> Outcome:
        """Deploy.

        Raises
        ------
        ConflictError
            If no keeper runs, or another deploy is on its way.
        """
        on_its_way = await load_deploy(self._store, now=self._clock())
        if on_its_way is not None:
            raise ConflictError(
                f"Another deploy is on its way ({on_its_way.owner}).", hint="Wait until it ends."
            )
        live = await self._store.releases.live()
        report = await self._judge(live)
        self._tell_gate(report, live)
        passes = report.verdict is GateVerdict.PASS or (
            report.verdict is GateVerdict.HOLD and self._request.accepts_unverified
        )
        if report.settings is None:
            return Outcome(report.verdict, None, report.note, report)
        release = self._describe(report, report.settings, live)
        if not passes:
            refused = replace(release, state=ReleaseState.REFUSED, note=report.note)
            number = (await self._store.releases.append(refused)).number
            return Outcome(report.verdict, number, report.note, report)
        async with beating(self._store, owner=self._request.owner, clock=self._clock):
            await require_keeper(self._store, now=self._clock())
            release = await self._store.releases.append(release)
            return await self._bring_up(release, report=report, settings=report.settings)

    async def _judge(self, live: Release | None) -> GateReport:
        keeper = await load_keeper(self._store, now=self._clock())
        request = self._request
        return await judge(
            request.environ,
            folder=request.folder,
            env_file=request.env_file,
            live=live,
            store=self._store,
            fingerprint_key=request.fingerprint_key,
            public_host=None if keeper is None else keeper.host,
            mongodb_uri=request.mongodb_uri,
            clock=self._clock,
        )

    def _tell_gate(self, report: GateReport, live: Release | None) -> None:
        against = "nothing is live yet" if live is None else f"against release {live.number}"
        seen = f"{report.verdict.value}: {report.note or f'{len(report.results)} checks'}"
        is_good = report.verdict is not GateVerdict.FAIL
        self._on_step(Step("check", seen, is_good=is_good, n_s=report.n_s))
        changed = ", ".join(report.changed) or "no variable"
        self._on_step(Step("diff", f"{changed} ({against})"))

    def _describe(self, report: GateReport, settings: Settings, live: Release | None) -> Release:
        release = describe_release(
            settings,
            fingerprint_key=self._request.fingerprint_key,
            folder=self._request.folder,
            verdict=report.verdict,
            now=self._clock(),
            replaced=live.number if live else None,
        )
        is_accepted = report.verdict is GateVerdict.HOLD and self._request.accepts_unverified
        return replace(release, accepted_unverified=is_accepted)

    async def _bring_up(
        self, release: Release, *, report: GateReport, settings: Settings
    ) -> Outcome:
        state = ReleaseState.REFUSED
        try:
            await self._prove(release, settings)
            state = ReleaseState.ROLLED_BACK
            release = await self._switch_and_watch(release, settings)
        except BadReleaseError as error:
            await self._go_back(release, state, str(error))
            return Outcome(GateVerdict.FAIL, release.number, str(error), report)
        await self._store.releases.set_state(
            release.number, ReleaseState.COMMITTED, now=self._clock()
        )
        self._on_step(Step("commit", f"release {release.number} stays"))
        return Outcome(GateVerdict.PASS, release.number, "", report)

    async def _prove(self, release: Release, settings: Settings) -> None:
        """See the candidate do its work beside the live release."""
        started = time.monotonic()
        instance = await wait_until_healthy(self._store, release.number, clock=self._clock)
        seen = f"release {release.number} answers on port {instance.port}"
        self._on_step(Step("candidate", seen, n_s=round(time.monotonic() - started, 3)))
        # The jobs are done by the live release's worker: they would prove nothing of this one.
        journey = await run_journey(
            f"http://127.0.0.1:{instance.port}",
            password=settings.access_password,
            has_worker=release.replaced is None,
            on_step=self._on_step,
        )
        if not journey.is_good:
            bad = next(step for step in journey.steps if not step.is_good)
            raise BadReleaseError(f"{bad.name}: {bad.seen}")

    async def _switch_and_watch(self, release: Release, settings: Settings) -> Release:
        before = await require_keeper(self._store, now=self._clock())
        started = time.monotonic()
        release = await self._store.releases.switch_live(release.number, now=self._clock())
        keeper = await self._wait_for_switch(release.number)
        if keeper is None:
            raise BadReleaseError(f"the proxy did not switch to it within {SWITCH_S:.0f} s")
        self._on_step(Step("switch", keeper.url, n_s=round(time.monotonic() - started, 3)))
        started = time.monotonic()
        problem = await watch(
            self._store,
            release,
            clock=self._clock,
            watch_s=self._request.watch_s,
            before=before.traffic,
            journey=self._journey_through(keeper, settings),
            judge_again=self._judge_again(release),
        )
        seen = problem or "no errors, and its worker analyses"
        n_s = round(time.monotonic() - started, 3)
        self._on_step(Step("watch", seen, is_good=not problem, n_s=n_s))
        if problem:
            raise BadReleaseError(problem)
        return release

    def _journey_through(
        self, keeper: KeeperFacts, settings: Settings
    ) -> Callable[[], Awaitable[Journey]]:
        async def go() -> Journey:
            return await run_journey(keeper.url, password=settings.access_password, has_worker=True)

        return go

    def _judge_again(self, release: Release) -> Callable[[], Awaitable[GateReport]] | None:
        if not release.accepted_unverified:
            return None

        async def again() -> GateReport:
            before = await self._store.releases.get(release.replaced) if release.replaced else None
            return await self._judge(before)

        return again

    async def _go_back(self, release: Release, state: ReleaseState, why: str) -> None:
        now = self._clock()
        current = await self._store.releases.get(release.number)
        before = current.replaced if current is not None and current.live_at else None
        if before is None:
            await self._store.releases.set_state(release.number, state, now=now, note=why)
            return
        started = time.monotonic()
        await return_to(self._store, before, leaving=release.number, note=why, now=now)
        if await self._wait_for_switch(before) is None:
            seen = f"release {before} is to serve, but the proxy has not switched yet"
            self._on_step(Step("rollback", seen, is_good=False))
            return
        n_s = round(time.monotonic() - started, 3)
        self._on_step(Step("rollback", f"release {before} serves again", n_s=n_s))

    async def _wait_for_switch(self, number: int) -> KeeperFacts | None:
        return await wait_for_switch(self._store, number, clock=self._clock)
