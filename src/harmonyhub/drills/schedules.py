"""Plays schedules of faults against real HTTP and MongoDB, and counts what must never happen."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Self, TypeVar

from harmonyhub.domain.errors import HarmonyHubError, StoreUnavailableError
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.playlists import (
    PushedPlaylist,
    PushMode,
    PushOrder,
    first_plan,
    has_marker,
)
from harmonyhub.domain.upstreams import TokenState, UpstreamState, UserToken
from harmonyhub.drills.fake_spotify.catalogue import load_catalogue
from harmonyhub.drills.fake_spotify.library import Sizes
from harmonyhub.drills.fake_spotify.operations import REMOVED, match_operation
from harmonyhub.drills.fake_spotify.service import Service
from harmonyhub.drills.fake_spotify.world import World
from harmonyhub.drills.http import Answer, Misbehaviour, Request, listen
from harmonyhub.drills.losses import Losses
from harmonyhub.drills.schedule_plans import Restart, Schedule
from harmonyhub.flows.push_playlist import CLAIM_LOOK_S, push_playlist
from harmonyhub.settings.secret import Secret
from harmonyhub.wiring.house import House, furnish
from harmonyhub.wiring.spotify import Spotify
from harmonyhub.wiring.upstreams import SPOTIFY

Value = TypeVar("Value")

N_PATIENCE = 20
FASTER = 200  # pauses pass so many times as fast
LONGEST_S = 90.0  # of the real clock; a push that takes longer counts as one without end
N_BY_CODE = 6  # tracks without a known id, which have to be looked up
N_MUSIC = 360
SMALL = Sizes(n_saved_tracks=0, n_saved_albums=0, n_followed=0, n_playlists=3)
STARTED_AT = 1_760_000_000


@dataclass(slots=True)
class _Clock:
    """Unix seconds that pauses move."""

    now: float = STARTED_AT

    def __call__(self) -> int:
        return int(self.now)


@dataclass(slots=True)
class _Line:
    """What passes between house and fake: counted, and stopped at where a restart is due."""

    service: Service
    world: World
    n_calls: int = 0
    n_faults: int = 0
    n_removed: int = 0
    n_rotations: int = 0
    delivered: str = ""
    stop_at: int = 0
    is_stop_answered: bool = False
    stop: Callable[[], object] | None = None

    async def __call__(self, request: Request) -> Answer | Misbehaviour:
        self.n_calls += 1
        is_due = self.stop is not None and self.n_calls == self.stop_at
        if is_due and not self.is_stop_answered and self.stop is not None:
            self.stop()
            self.n_faults += 1
            return Misbehaviour.RESET
        answer = await self.service(request)
        self._note(request, answer)
        if is_due and self.stop is not None:
            self.stop()
        return answer

    def _note(self, request: Request, answer: Answer | Misbehaviour) -> None:
        self.n_removed += match_operation(request.method, request.path).name == REMOVED
        if isinstance(answer, Misbehaviour):
            self.n_faults += 1
            return
        self.n_faults += answer.status in {429, 503}
        if request.path == "/api/token" and answer.status == 200:
            token = json.loads(answer.body).get("refresh_token")
            self.n_rotations += token is not None
            self.delivered = token or self.delivered


@dataclass(slots=True)
class Stage:
    """A store of one lane of schedules, with the music that is pushed.

    Parameters
    ----------
    house : House
        Over a store that nothing else uses meanwhile; its clock and Spotify are replaced.
    """

    house: House
    tracks: Sequence[TrackId]
    uris: Sequence[str]

    @classmethod
    async def prepare(cls, house: House) -> Self:
        """Put the fake's music into the catalogue."""
        songs = list(load_catalogue().songs.values())
        songs = [one for one in songs if not one.name.endswith(" - Live")][:N_MUSIC]
        tracks = await house.store.tracks.resolve(
            [
                TrackDescription(
                    song.name,
                    (song.artist.name,),
                    isrc=song.isrc,
                    spotify_id=None if n < N_BY_CODE else song.id,
                )
                for n, song in enumerate(songs)
            ]
        )
        return cls(house, tracks, [f"spotify:track:{song.id}" for song in songs])

    async def play(self, schedule: Schedule) -> Losses:
        """Play one schedule to its end, and count."""
        losses = Losses(n_schedules=1)
        async with _open_scene(self, schedule) as scene:
            await patiently(scene.begin)
            try:
                async with asyncio.timeout(LONGEST_S):
                    end = await scene.go_through()
            except TimeoutError:
                losses.without_end += 1
                end = "no end"
            losses.ends[end] += 1
            await patiently(lambda: scene.count(losses, end=end))
            await patiently(lambda: self.clear(scene.user))
        if losses.n_bad:
            losses.seeds.append(schedule.seed)
        return losses

    async def clear(self, user: UserId) -> None:
        """Leave nothing of a schedule to the next."""
        store = self.house.store
        await store.tokens.forget(user)
        await store.kept_answers.forget(user)
        await store.pushed_playlists.forget(user)
        await store.resolutions.forget_all()
        await store.upstreams.update(SPOTIFY, lambda _: UpstreamState(name=SPOTIFY))


@dataclass(slots=True)
class _Scene:
    stage: Stage
    schedule: Schedule
    world: World
    line: _Line
    clock: _Clock
    user: UserId
    open_door: Callable[[], Spotify]
    n_at_work: int = 0
    n_restarts: int = 0

    @property
    def order(self) -> PushOrder:
        """The push that meets the faults."""
        there, n = self.schedule.n_there, self.schedule.n_tracks
        return self._order_of(slice(there, there + n))

    def _order_of(self, part: slice) -> PushOrder:
        return PushOrder(
            user_id=self.user,
            about="discover",
            key="discover",
            title="Discover",
            mode=self.schedule.mode,
            track_ids=tuple(self.stage.tracks[part]),
        )

    async def begin(self) -> None:
        """Let somebody consent, and push what is there before."""
        client_id = self.world.main_app.client_id
        consent = self.world.consent(
            self.user,
            client_id=client_id,
            consented_at=self.clock() - 86_400,
            is_public=self.schedule.is_public,
            rotation=self.schedule.rotation,
        )
        self.line.delivered = consent.token
        token = UserToken(
            user_id=self.user,
            client_id=client_id,
            state=TokenState.ACTIVE,
            consented_at=consent.consented_at,
            access_expires_at=0,
            is_public=self.schedule.is_public,
        )
        await self.stage.house.store.tokens.save(
            token, refresh_token=Secret(consent.token), access_token=None
        )
        if self.schedule.n_there:
            await self._push(self._order_of(slice(0, self.schedule.n_there)))
        self.world.strikes = [replace(one) for one in self.schedule.strikes]

    async def go_through(self) -> str:
        """Meet the faults, restart where it is due, and at last finish in peace; how it ended."""
        for restart in self.schedule.restarts:
            await self._push_until(restart)
        works = [self._push_and_refresh() for _ in range(self.schedule.n_workers)]
        for problem in await asyncio.gather(*works, return_exceptions=True):
            if isinstance(problem, BaseException) and not isinstance(problem, HarmonyHubError):
                raise problem
        self.world.strikes = []
        self.clock.now += 7200
        for _ in range(2):  # what is open after an outage is asked for by the person
            try:
                await patiently(lambda: self._push(self.order))
            except HarmonyHubError as error:
                self.clock.now += 7200
                said = error.message
            else:
                return "done"
        return said

    async def count(self, losses: Losses, *, end: str) -> None:
        """Compare what is there with what was wanted."""
        store = self.stage.house.store
        token = await store.tokens.get(self.user)
        stored = (await store.tokens.secrets_of(self.user))[0].reveal() if token else ""
        newest = self.line.delivered
        if stored != newest:
            losses.tokens_lost += 1
        is_alive = newest in self.world.consents
        is_aside = token is not None and token.state is not TokenState.ACTIVE
        losses.consents_set_aside_wrongly += is_alive and is_aside
        marker = first_plan(self.order, now=0).marker
        made = [
            one
            for one in self.world.library_of(self.user).playlists
            if has_marker(one.description, marker)
        ]
        losses.duplicate_playlists += max(0, len(made) - 1)
        held = [[f"spotify:track:{item.id}" for item in one.items] for one in made]
        losses.duplicate_items += sum(len(uris) - len(set(uris)) for uris in held)
        if end == "done":
            losses.wrong_contents += self._wanted() not in held
        elif is_alive and end != "no end":
            losses.without_reason += 1
        losses.removed_endpoints += self.line.n_removed
        losses.n_calls += self.line.n_calls
        losses.n_faults += self.line.n_faults
        losses.n_restarts += self.n_restarts
        losses.n_rotations += self.line.n_rotations

    def _wanted(self) -> list[str]:
        there, n = self.schedule.n_there, self.schedule.n_tracks
        start = 0 if self.schedule.mode is PushMode.APPEND else there
        return list(self.stage.uris[start : there + n])

    async def _push_until(self, restart: Restart) -> None:
        """Begin, and stop at a call; the next begins with a new door."""
        task = asyncio.create_task(self._push(self.order))
        self.line.stop_at = self.line.n_calls + restart.n_calls
        self.line.is_stop_answered = restart.is_answered
        self.line.stop = task.cancel
        with suppress(HarmonyHubError, asyncio.CancelledError):
            await task
        self.line.stop = None
        self.n_restarts += task.cancelled()
        if restart.is_killed:
            plan = first_plan(self.order, now=self.clock())
            await self.stage.house.store.pushed_playlists.claim(
                self.user, plan.id, now=self.clock()
            )

    async def _push_and_refresh(self) -> None:
        door = self.open_door()
        ends = await asyncio.gather(
            self._push(self.order), door.refresh_user(self.user), return_exceptions=True
        )
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _push(self, order: PushOrder) -> PushedPlaylist:
        house = replace(self.stage.house, spotify=self.open_door(), clock=self.clock)
        self.n_at_work += 1
        try:
            return await push_playlist(house, order, on_progress=lambda _: None, pause=self._pause)
        finally:
            self.n_at_work -= 1

    async def _pause(self, seconds: float) -> None:
        """Let time pass, but for a worker that waits for another who is alive."""
        if seconds == CLAIM_LOOK_S and self.n_at_work > 1:
            await asyncio.sleep(0.05)
            return
        self.clock.now += seconds
        await asyncio.sleep(seconds / FASTER)


async def patiently(work: Callable[[], Awaitable[Value]]) -> Value:
    """Do again what a machine under load did not let MongoDB finish in time."""
    for _ in range(N_PATIENCE):
        with suppress(StoreUnavailableError):
            return await work()
        await asyncio.sleep(1)
    return await work()


@asynccontextmanager
async def _open_scene(stage: Stage, schedule: Schedule) -> AsyncIterator[_Scene]:
    clock = _Clock()
    world = World(schedule.seed, clock=lambda: clock.now, token_life_s=schedule.access_life_s)
    service = Service(world)
    line = _Line(service, world)
    user = UserId(f"listener-{schedule.seed}")
    world.settle(user, allowed_by=world.main_app)
    world.make_library(user, SMALL)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(listen(line, now=world.shown_time))
        url = f"http://127.0.0.1:{port}"
        settings = replace(
            stage.house.settings,
            spotify_client_id=world.main_app.client_id,
            spotify_client_secret=Secret(world.main_app.secret),
            spotify_accounts_url=url,
            spotify_api_url=f"{url}/v1",
        )

        def open_door() -> Spotify:
            door = furnish(settings, stage.house.store, clock=clock).spotify
            assert door is not None  # noqa: S101 - an app is configured
            stack.push_async_callback(door.aclose)
            return door

        yield _Scene(stage, schedule, world, line, clock, user, open_door)


async def play_all(stages: Sequence[Stage], schedules: Sequence[Schedule]) -> Losses:
    """Play schedules, as many at once as there are stages."""
    losses, left = Losses(), list(reversed(schedules))

    async def play_some(stage: Stage) -> None:
        while left:
            losses.add(await stage.play(left.pop()))

    async with asyncio.TaskGroup() as lanes:
        for stage in stages:
            lanes.create_task(play_some(stage))
    return losses
