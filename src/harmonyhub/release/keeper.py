"""The keeper: what runs is what the ledger says, whatever dies or restarts."""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence

import httpx2
import msgspec

from harmonyhub.domain.errors import ConfigurationError, HarmonyHubError, UnavailableError
from harmonyhub.domain.releases import Release
from harmonyhub.release.environment import build_environment, clear_leftovers
from harmonyhub.release.facts import KEEPER, InstanceFacts, KeeperFacts, TrafficFacts, load_deploy
from harmonyhub.release.instance import Instance
from harmonyhub.release.plan import (
    HEARTBEAT_LOST_S,
    Change,
    Wanted,
    came_back,
    plan,
    settle_abandoned,
)
from harmonyhub.release.proxy import Proxy, Traffic
from harmonyhub.release.rollback import load_ledger, return_to
from harmonyhub.settings.model import Settings
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import Clock

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.2
DRAIN_S = 60.0  # a long upload may end where it began; then its connection is cut
SAY_AGAIN_S = 60
FOLDER = "releases"  # in the data folder


class Keeper:
    """Keeps the processes of the releases, and tells the proxy which one gets the requests.

    Parameters
    ----------
    environ : mapping
        What the releases inherit; none of our variables in it counts.
    """

    def __init__(
        self, settings: Settings, store: Store, *, clock: Clock, environ: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._environ = environ
        self._folder = (settings.data_dir / FOLDER).resolve()
        self._proxy = Proxy(
            host=settings.host, port=settings.port, folder=(settings.data_dir / "proxy").resolve()
        )
        self._instances: dict[int, Instance] = {}
        self._draining_since: dict[int, float] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._total = Traffic()
        self._silent_since: int | None = None
        self._said: dict[str, int] = {}
        self._reported: tuple[int, KeeperFacts] | None = None

    async def run(self, *, on_ready: Callable[[], None] = lambda: None) -> None:
        """Keep everything until cancelled; then stop it all.

        Raises
        ------
        ConfigurationError
            If HAProxy is not installed.
        ConflictError
            If something else listens on the public address.
        """
        clear_leftovers(self._folder, keep=())
        await self._proxy.start()
        on_ready()
        try:
            async with httpx2.AsyncClient(trust_env=False) as client:
                while True:
                    await self._look_safely(client)
                    # `wait_for` of Python 3.11, which libraries use, can swallow a cancellation.
                    if (task := asyncio.current_task()) and task.cancelling():
                        raise asyncio.CancelledError
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await asyncio.gather(*(each.stop() for each in self._instances.values()))
            await asyncio.gather(*self._stopping)
            await self._proxy.stop()
            clear_leftovers(self._folder, keep=())

    async def _look_safely(self, client: httpx2.AsyncClient) -> None:
        """Look, and go on whatever comes: with the keeper all releases would end."""
        try:
            await self._look(client)
        except HarmonyHubError as error:
            self._say_once(f"nothing changes for now: {error.message} {error.hint}")
        except Exception as error:
            kind = type(error).__name__
            if self._say_once(f"nothing changes for now, by a fault of ours: {kind}"):
                log.exception("the fault:")

    async def _look(self, client: httpx2.AsyncClient) -> None:
        if not self._proxy.is_alive:
            log.error("HAProxy has ended; starting it again")
            await self._proxy.start()
        try:
            ledger = await load_ledger(self._store)
            changes = settle_abandoned(ledger, is_watched=await self._is_watched())
        except UnavailableError:
            # Without the ledger nothing new begins, and what runs is kept running.
            await self._keep_running(client, working=self._proxy.serving)
            raise
        if changes:
            for change in changes:
                await self._settle(change)
            return
        wanted = plan(ledger)
        await self._start_missing(wanted, ledger)
        await self._keep_running(client, working=wanted.working)
        await self._route(wanted)
        await self._end_unwanted(wanted)
        await self._tell()

    async def _is_watched(self) -> bool:
        """Whether a deploy is on its way, or fell silent only just now."""
        now = self._clock()
        if await load_deploy(self._store, now=now) is not None:
            self._silent_since = None
            return True
        if self._silent_since is None:
            self._silent_since = now
        return now - self._silent_since < HEARTBEAT_LOST_S

    async def _settle(self, change: Change) -> None:
        log.warning("release %d is %s: %s", change.number, change.state.value, change.note)
        now = self._clock()
        if change.back_to is None:
            await self._store.releases.set_state(
                change.number, change.state, now=now, note=change.note
            )
        else:
            await return_to(
                self._store, change.back_to, leaving=change.number, note=change.note, now=now
            )

    async def _start_missing(self, wanted: Wanted, ledger: Sequence[Release]) -> None:
        for release in ledger:
            number = release.number
            if number not in wanted.run or number in self._instances:
                continue
            try:
                self._instances[number] = await self._make(
                    release, is_pinned=came_back(release, ledger)
                )
            except ConfigurationError as error:
                self._say_once(f"release {number} cannot be started: {error.message} {error.hint}")

    async def _make(self, release: Release, *, is_pinned: bool) -> Instance:
        values = await self._store.releases.configuration(release.number)
        folder = self._folder / str(release.number)
        environment = await asyncio.to_thread(
            build_environment,
            release,
            values,
            folder=folder,
            environ=self._environ,
            is_pinned=is_pinned,
            overrides={
                "HARMONYHUB_DATA_DIR": str(self._folder.parent),
                "HARMONYHUB_RELEASE": str(release.number),
            },
        )
        return Instance(python=release.python, environment=environment, folder=folder)

    async def _keep_running(self, client: httpx2.AsyncClient, *, working: int | None) -> None:
        await asyncio.gather(
            *(
                instance.keep(client, is_working=number == working)
                for number, instance in self._instances.items()
            )
        )

    async def _route(self, wanted: Wanted) -> None:
        number = wanted.serving
        if number is None or number == self._proxy.serving:
            return
        instance = self._instances.get(number)
        if instance is not None and instance.is_healthy:
            await self._proxy.serve(number, port=instance.port)
            log.info("release %d gets the requests", number)

    async def _end_unwanted(self, wanted: Wanted) -> None:
        self._total, by_release = await self._proxy.traffic()
        now = asyncio.get_running_loop().time()
        for number in [*self._instances]:
            if number in wanted.run or number == self._proxy.serving:
                self._draining_since.pop(number, None)
                continue
            since = self._draining_since.setdefault(number, now)
            n_open = by_release.get(number, Traffic()).n_open
            if n_open == 0 or now - since > DRAIN_S:
                await self._end(number, is_cut=n_open > 0)

    async def _end(self, number: int, *, is_cut: bool) -> None:
        await self._proxy.forget(number, is_cut=is_cut)
        self._draining_since.pop(number, None)
        task = asyncio.create_task(self._stop_and_clear(number, self._instances.pop(number)))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def _stop_and_clear(self, number: int, instance: Instance) -> None:
        await instance.stop()
        if number not in self._instances:  # a rollback may have started it again by now
            clear_leftovers(self._folder, keep=self._instances)

    def _say_once(self, message: str) -> bool:
        """Log what every look finds again, at most once a minute; tell whether it was logged."""
        now = self._clock()
        is_due = now - self._said.get(message, 0) >= SAY_AGAIN_S
        if is_due:
            self._said[message] = now
            log.error(message)
        return is_due

    async def _tell(self) -> None:
        now = self._clock()
        facts = self._facts()
        if self._reported is None or self._reported != (now, facts):
            await self._store.reports.put(KEEPER, msgspec.to_builtins(facts), now=now)
            self._reported = (now, facts)

    def _facts(self) -> KeeperFacts:
        return KeeperFacts(
            pid=os.getpid(),
            host=self._settings.host,
            port=self._settings.port,
            serving=self._proxy.serving,
            instances={
                str(number): InstanceFacts(
                    port=each.port,
                    pid=each.web.pid,
                    is_healthy=each.is_healthy,
                    n_deaths=each.web.n_deaths,
                    last_status=each.web.last_status,
                )
                for number, each in self._instances.items()
            },
            traffic=TrafficFacts(self._total.n_requests, self._total.n_5xx, self._total.n_errors),
        )
