"""An act: Spotify rejects everything for a day, and users go on reading their lists.

Two sites stand side by side, one healthy and one rejected, and every read is made at both, so
that what else the machine does falls on both alike. Clocks are virtual; reads, the web service,
MongoDB and the fake are real. Whether a read was served is told by the answer on the wire.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import msgspec
import numpy as np

from harmonyhub.domain.freshness import SourceState
from harmonyhub.drills.baseline import NaiveService
from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.faults_in_values import ACCOUNTS_URL, API_URL, MONGODB_URI
from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.drills.histories import give_histories
from harmonyhub.drills.process import FakeUser
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.scorecard import Figure
from harmonyhub.drills.site import Ground, Site
from harmonyhub.drills.unguarded import without_sealing, without_stored_reads
from harmonyhub.flows.sync import BATCH, sync_due
from harmonyhub.flows.watch import Watch
from harmonyhub.settings.keys import encryption_key, fingerprint_key
from harmonyhub.web.app import build_app
from harmonyhub.web.server import serve
from harmonyhub.wiring.house import House, system_clock

STEP_S = 900  # as often as a user is synchronized
READS_EACH, LEAST_READS = 4, 240  # by each user; by all, for a p95 that says something
READ_EVERY_S = 0.02  # of the real clock; reads start at their time, whatever became of others
SYNC_EVERY_S = 12 * 3600  # tokens end and are refreshed all the same, at a fraction of the work
TIMEOUT_S = 5.0


@dataclass(slots=True)
class VirtualClock:
    """A clock that stands until it is set."""

    now: int

    def __call__(self) -> int:
        """Tell unix seconds UTC."""
        return self.now


class _Source(msgspec.Struct):
    state: str


class _Freshness(msgspec.Struct):
    sources: list[_Source]


class _List(msgspec.Struct):
    items: list[msgspec.Raw]
    freshness: _Freshness


@dataclass(frozen=True, slots=True)
class Read:
    """One read as its reader saw it; `state` is what the answer says of Spotify."""

    user_id: str
    is_ok: bool
    latency_s: float
    state: str = ""

    @property
    def waited_s(self) -> float:
        """How long the reader waited; for ever, which is the timeout here, where nothing came."""
        return self.latency_s if self.is_ok else TIMEOUT_S


@dataclass(slots=True)
class Stand:
    """One of the two sites, with everything that runs there."""

    site: Site
    house: House
    clock: VirtualClock
    watch: Watch
    client: httpx2.AsyncClient
    user_ids: tuple[str, ...]
    reads: list[Read] = field(default_factory=list)

    async def advance(self) -> None:
        """Let a quarter of an hour pass: synchronize, probe, and look, as a worker does."""
        self.clock.now = await self.site.fake.control.advance(STEP_S)
        is_more = True
        while is_more:  # as the worker: at once again after a full round
            done = await sync_due(self.house, every_s=SYNC_EVERY_S)
            is_more = done.n_synced + done.n_kept_aside == BATCH
        if self.house.spotify is not None:
            await self.house.spotify.probe()
        await self.watch.look()

    async def read(self, user_id: str, *, due: float) -> Read:
        """Read a list over HTTP; late counts from when it was due."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(due - loop.time())
        is_ok, state = False, ""
        try:
            answer = await self.client.get(f"/api/v1/users/{user_id}/recommendations")
        except httpx2.HTTPError:
            return Read(user_id, is_ok, loop.time() - due, state)
        latency_s = loop.time() - due
        if answer.status_code == httpx2.codes.OK:
            shown = msgspec.json.decode(answer.content, type=_List)
            is_ok = bool(shown.items)
            state = ",".join(source.state for source in shown.freshness.sources)
        return Read(user_id, is_ok, latency_s, state)

    async def as_it_was(self) -> NaiveService:
        """Give the application of 2024 with these users signed in."""
        tokens, people = self.house.store.tokens, []
        for user_id in self.user_ids:
            token = await tokens.get(user_id)
            refresh, access = await tokens.secrets_of(user_id)
            assert token is not None  # noqa: S101 - settled by the drill
            assert access is not None  # noqa: S101 - as above
            people.append(
                FakeUser(
                    user_id=user_id,
                    client_id=token.client_id,
                    consented_at=token.consented_at,
                    access_expires_at=token.access_expires_at,
                    refresh_token=refresh,
                    access_token=access,
                )
            )
        return NaiveService(
            near_configuration(self.site).environ, people, client=self.site.spotify.client
        )


async def play_rejection(
    ground: Ground, *, seed: int, scale: Scale, guards: Guards
) -> Mapping[str, Figure]:
    """Play it."""
    rng = random.Random(f"rejection:{seed}")  # noqa: S311 - a drill, not a secret
    async with AsyncExitStack() as stack:
        if Guard.SEALING not in guards:
            stack.enter_context(without_sealing())
        healthy, rejected = [
            await stack.enter_async_context(stand(ground, name, seed=seed, n_users=scale.n_users))
            for name in ("healthy", "rejected")
        ]
        if Guard.STORED_READS not in guards:
            services = {
                one.house.settings.data_dir: await one.as_it_was() for one in (healthy, rejected)
            }
            stack.enter_context(without_stored_reads(services))
        await read_at_both(healthy, rejected, healthy.user_ids, rng=rng)
        healthy.reads.clear()  # the first read of each builds a profile
        rejected.reads.clear()
        how = await reject(rejected.site, seed=seed)
        n_steps = scale.virtual_hours * 3600 // STEP_S
        for readers in draw_readers(healthy.user_ids, n_steps=n_steps, rng=rng):
            await healthy.advance()
            await rejected.advance()
            await read_at_both(healthy, rejected, readers, rng=rng)
    return figures(healthy.reads, rejected.reads, note=f"{how}, {scale.virtual_hours} h")


async def reject(site: Site, *, seed: int) -> str:
    """Let Spotify reject everything, in one of the ways in which a wrong setting shows."""
    rng, control = random.Random(f"way:{seed}"), site.fake.control  # noqa: S311 - a drill
    how = rng.choice(("secret revoked", "app deleted", "consents of another app"))
    if how == "secret revoked":
        await control.rotate_secret((await control.apps())[0].client_id)
    else:
        await control.set(Mode.ID_DELETED if how == "app deleted" else Mode.FOREIGN_APP)
    return how


def draw_readers(user_ids: Sequence[str], *, n_steps: int, rng: random.Random) -> list[list[str]]:
    """Draw who reads in which step; everybody does as often."""
    steps: list[list[str]] = [[] for _ in range(n_steps)]
    n_each = max(READS_EACH, -(-LEAST_READS // len(user_ids)))
    for user_id in user_ids:
        for _ in range(n_each):
            rng.choice(steps).append(user_id)
    return steps


async def read_at_both(
    healthy: Stand, rejected: Stand, readers: Sequence[str], *, rng: random.Random
) -> None:
    """Make each read at both sites, one soon after the other.

    Who comes first changes with each read: who comes later may wait for who came before.
    """
    pair = rng.sample((healthy, rejected), 2)
    due = asyncio.get_running_loop().time()
    tasks: list[tuple[Stand, asyncio.Task[Read]]] = []
    async with asyncio.TaskGroup() as group:
        for user_id in readers:
            pair.reverse()
            for one in pair:
                due += READ_EVERY_S
                tasks.append((one, group.create_task(one.read(user_id, due=due))))
    for one, task in tasks:
        one.reads.append(task.result())


def figures(healthy: Sequence[Read], rejected: Sequence[Read], *, note: str) -> dict[str, Figure]:
    """Give what was measured."""
    known = {read.user_id for read in rejected}
    failed = {read.user_id for read in rejected if not read.is_ok}
    n_ok = sum(read.is_ok for read in rejected)
    n_told = sum(read.state == SourceState.REJECTED for read in rejected)
    well, ill = (
        float(np.percentile([read.waited_s for read in reads], 95)) for reads in (healthy, rejected)
    )
    took = f"{1000 * ill:.1f} ms against {1000 * well:.1f} ms"
    return {
        "users.served": Figure(100 * (1 - len(failed) / len(known)), len(known), note),
        "users.reads": Figure(
            100 * n_ok / len(rejected), len(rejected), f"{n_told} answers told of the rejection"
        ),
        "users.p95_ratio": Figure(ill / well, len(rejected), took),
    }


def near_configuration(site: Site) -> Configuration:
    """Give a configuration that leads past the toxic lines: none is harmed here, and each costs."""
    return site.good.having(
        {
            MONGODB_URI: site.server.uri,
            ACCOUNTS_URL: site.fake.accounts_url,
            API_URL: site.fake.api_url,
        }
    )


@asynccontextmanager
async def stand(ground: Ground, name: str, *, seed: int, n_users: int) -> AsyncIterator[Stand]:
    """Open a site whose users have lists, and serve it over HTTP."""
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(ground.site(name, seed=seed))
        clock = VirtualClock(system_clock())
        near = near_configuration(site)
        house = await stack.enter_async_context(site.house(near, clock=clock))
        user_ids = await site.settle_users(house, n_users)
        rng = random.Random(f"histories:{seed}")  # noqa: S311 - a drill, not a secret
        await give_histories(house, user_ids, rng=rng)
        client = await stack.enter_async_context(
            httpx2.AsyncClient(
                base_url=f"http://127.0.0.1:{house.settings.port}",
                auth=("drill", site.good["HARMONYHUB_ACCESS_PASSWORD"]),
                timeout=TIMEOUT_S,
                trust_env=False,
            )
        )
        key = fingerprint_key(encryption_key(house.settings))
        await stack.enter_async_context(_served(house))
        yield Stand(
            site=site,
            house=house,
            clock=clock,
            watch=Watch(house, owner=f"drill {name}", key=key, rng=random.Random(seed)),  # noqa: S311
            client=client,
            user_ids=user_ids,
        )


@asynccontextmanager
async def _served(house: House) -> AsyncIterator[None]:
    ready = asyncio.Event()
    settings = house.settings
    serving = asyncio.create_task(
        serve(build_app(house), host=settings.host, port=settings.port, on_ready=ready.set)
    )
    try:
        await ready.wait()
        yield
    finally:
        serving.cancel()
        await asyncio.wait([serving])
