"""A running service on a site: `serve` and `work` as processes, secrets in files."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.upstreams import UpstreamState
from harmonyhub.drills.children import stop
from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.fake_spotify.journal import Entry
from harmonyhub.drills.faults_in_values import CLIENT_ID, CLIENT_SECRET, PORT
from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.drills.runtime_faults import Hands, heal, write_right_credentials
from harmonyhub.drills.site import Site
from harmonyhub.flows.sync import SYNC_EVERY_S
from harmonyhub.flows.watch import SPOTIFY
from harmonyhub.release.instance import free_port
from harmonyhub.settings.load import foreign_environment, process_environment
from harmonyhub.storage.parent_death import die_with_parent
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault

TOKEN_CALLS = frozenset({"app-token", "refresh", "accounts"})
LOOK_S = 0.05
START_S = 40.0
CALM_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service as the drill holds it; `store` reads its database past the toxic line."""

    site: Site
    hands: Hands
    store: Store
    configuration: Configuration
    user_ids: tuple[str, ...]

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        site: Site,
        *,
        guards: Guards,
        n_users: int,
        commands: Sequence[str] = ("work", "serve"),
    ) -> AsyncIterator[Self]:
        """Run it as long as the context is open; ready when Spotify has accepted it."""
        configuration = _with_secret_files(site.good)
        configuration.write(site.folder)
        async with AsyncExitStack() as stack:
            async with site.house() as house:
                await house.store.check_vault()
                user_ids = await site.settle_users(house, n_users)
                for number, user_id in enumerate(user_ids):  # as if it ran since long
                    at = house.clock() - number * SYNC_EVERY_S // n_users
                    await house.store.tokens.mark_synced(user_id, at)
                vault = house.vault
            service = cls(
                site=site,
                hands=_hands(site),
                store=await stack.enter_async_context(_connect(site, vault)),
                configuration=configuration,
                user_ids=user_ids,
            )
            for number, name in enumerate(commands):
                log = site.folder / f"{name}-{number}.log"
                await stack.enter_async_context(_process(name, service, log=log, guards=guards))
            await service.wait_until_accepted(since=0.0, timeout_s=START_S)
            yield service

    async def token_calls(self, *, since: float) -> list[Entry]:
        """List the token calls that reached the fake."""
        entries = await self.site.fake.control.requests(since=since)
        return [entry for entry in entries if entry.operation in TOKEN_CALLS]

    async def wait_until_accepted(self, *, since: float, timeout_s: float) -> float:
        """Wait for a token call that the fake accepts; when it was."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    for call in await self.token_calls(since=since):
                        if call.outcome == "ok":
                            return call.at
                    await asyncio.sleep(LOOK_S)
        except TimeoutError as error:
            raise UnavailableError(
                f"The service in {self.site.folder.name} did not reach the fake Spotify.",
                hint="Its log lies beside its data folder.",
            ) from error

    async def state(self) -> UpstreamState:
        """Give what its processes together know of Spotify."""
        return await self.store.upstreams.load(SPOTIFY)

    async def heal(self) -> float:
        """Write the right credentials into their files after the world is healed; when."""
        await heal(self.hands)
        written_at = time.time()
        await write_right_credentials(self.hands)
        return written_at

    async def count_tokens(self) -> int:
        """Count the refresh tokens that are still there and can be opened."""
        n_tokens = 0
        for user_id in self.user_ids:
            if await self.store.tokens.get(user_id) is not None:
                refresh, _ = await self.store.tokens.secrets_of(user_id)
                n_tokens += bool(refresh.reveal())
        return n_tokens

    async def calm_down(self) -> None:
        """Leave everything as before the first fault: what is held for hours is let go."""
        await self.heal()
        await self.store.upstreams.update(SPOTIFY, lambda _: UpstreamState(name=SPOTIFY))
        await self.wait_until_accepted(since=time.time(), timeout_s=CALM_S)
        for _ in range(round(CALM_S / LOOK_S)):
            if not await self.store.incidents.current():  # the watch itself has closed them
                return
            await asyncio.sleep(LOOK_S)


def _with_secret_files(good: Configuration) -> Configuration:
    """Let the service take Spotify's credentials from files, which it reads again."""
    changed = good.having({PORT: str(free_port())})
    for name in (CLIENT_ID, CLIENT_SECRET):
        changed = changed.naming_file(name, f"{good[name]}\n".encode())
    return changed


def _hands(site: Site) -> Hands:
    return Hands(
        spotify=site.fake.control,
        client=site.spotify.client,
        spotify_line=site.spotify.control_url,
        mongodb_line=site.mongodb.control_url,
        mongodb_pid=site.server.pid,
        secret_files={name: str(site.folder / name.lower()) for name in (CLIENT_ID, CLIENT_SECRET)},
    )


@asynccontextmanager
async def _connect(site: Site, vault: Vault) -> AsyncIterator[Store]:
    store = await Store.connect(site.server.uri, database=site.database, vault=vault)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def _process(
    command: str, service: Service, *, log: Path, guards: Guards
) -> AsyncIterator[None]:
    """Run one command of the product, with some of its guards off if so asked."""
    off = ",".join(guard.value for guard in Guard if guard not in guards)
    module = ["harmonyhub.drills.unguarded", off] if off else ["harmonyhub"]
    environ = foreign_environment(process_environment())
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *module,
            command,
            env={**environ, **service.configuration.environ},
            cwd=service.site.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        try:
            yield
        finally:
            await stop(process)
