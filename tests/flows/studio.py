"""A house beside a fake Spotify, with a connected listener and tracks that are known there."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx2

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.jobs import Progress
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.playlists import PushedPlaylist, PushMode, PushOrder
from harmonyhub.domain.upstreams import TokenState, UserToken
from harmonyhub.drills.fake_libraries import FakePlaylist, FakeTrack
from harmonyhub.drills.fake_spotify.service import Service
from harmonyhub.drills.fake_spotify.world import World
from harmonyhub.drills.http import listen
from harmonyhub.drills.process import Control, FakeSpotify
from harmonyhub.flows.push_playlist import push_playlist
from harmonyhub.wiring.house import House
from tests.conftest import SetClock
from tests.flows.town import open_door


@dataclass
class Studio:
    """A house, its fake Spotify, and `user` who is connected; pauses move the clock."""

    house: House
    fake: FakeSpotify
    clock: SetClock
    user: UserId
    music: Sequence[FakeTrack]
    told: list[Progress] = field(default_factory=list)
    paused_s: float = 0.0

    async def add_tracks(self, n: int, *, has_ids: bool = True, start: int = 0) -> list[TrackId]:
        """Put tracks of the fake's music into the catalogue, with Spotify's ids or by ISRC."""
        return await self.house.store.tracks.resolve(
            [
                TrackDescription(
                    one.title,
                    (one.artist,),
                    isrc=one.isrc,
                    spotify_id=one.id if has_ids else None,
                    duration_s=one.duration_ms / 1000,
                )
                for one in self.music[start : start + n]
            ]
        )

    def order(
        self,
        track_ids: Sequence[TrackId],
        *,
        mode: PushMode = PushMode.CREATE,
        key: str = "discover:2024-08-14",
        is_anew: bool = False,
    ) -> PushOrder:
        """Order a playlist of these tracks."""
        return PushOrder(
            user_id=self.user,
            about="discover",
            key=key,
            title="Discover, 14 August 2024",
            mode=mode,
            track_ids=tuple(track_ids),
            is_anew=is_anew,
        )

    async def push(self, order: PushOrder) -> PushedPlaylist:
        """Send a playlist."""
        return await push_playlist(
            self.house, order, on_progress=self.told.append, pause=self.pause
        )

    async def pause(self, seconds: float) -> None:
        """Let time pass fifty times as fast."""
        self.paused_s += seconds
        whole = int(self.paused_s)
        self.paused_s -= whole
        self.clock.now += whole
        await asyncio.sleep(seconds / 50)

    async def asked(self, n_calls: int, task: "asyncio.Task[PushedPlaylist]") -> None:
        """Wait until the fake was asked so many times in all, or a push has ended."""
        for _ in range(5000):
            if task.done() or len(await self.fake.control.requests()) >= n_calls:
                return
            await asyncio.sleep(0.002)

    async def ours(self) -> list[FakePlaylist]:
        """Read the playlists with our mark, as the fake keeps them."""
        library = await self.fake.control.library(self.user)
        return [one for one in library.playlists if "HarmonyHub" in one.description]

    def uris(self, n: int, *, start: int = 0) -> list[str]:
        """Give the URIs that `add_tracks` with the same numbers comes to."""
        return [one.uri for one in self.music[start : start + n]]


@asynccontextmanager
async def served_here(*, seed: int) -> AsyncIterator[FakeSpotify]:
    """Serve a fake Spotify from this process, over HTTP all the same: it is there at once."""
    world = World(seed, clock=time.time)
    async with (
        listen(Service(world), now=world.shown_time) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield FakeSpotify(f"http://127.0.0.1:{port}", os.getpid(), Control(client))


@asynccontextmanager
async def open_studio(house: House, clock: SetClock) -> AsyncIterator[Studio]:
    """Start a fake Spotify of seed 7 and connect a listener."""
    async with served_here(seed=7) as fake:
        (app,) = await fake.control.apps()
        (person,) = await fake.control.seed_users(1)
        await house.store.tokens.save(
            UserToken(
                user_id=person.user_id,
                client_id=app.client_id,
                state=TokenState.ACTIVE,
                consented_at=clock() - 86_400,
                access_expires_at=clock(),
            ),
            refresh_token=person.refresh_token,
            access_token=person.access_token,
        )
        music = [one for one in await fake.control.catalogue() if not one.title.endswith(" - Live")]
        async with open_door(fake, store=house.store, clock=clock) as spotify:
            yield Studio(
                replace(house, spotify=spotify), fake, clock, UserId(person.user_id), music
            )
