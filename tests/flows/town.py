"""A house that is connected to a fake Spotify, and people who sign in there."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.listens import SourceKind
from harmonyhub.domain.upstreams import TokenState, UserToken
from harmonyhub.drills.process import FakeSpotify, FakeUser
from harmonyhub.flows.train import run_training
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.client import SpotifyClient
from harmonyhub.sources.spotify.tokens import Credentials, challenge_of
from harmonyhub.sources.starter.library import load_library
from harmonyhub.storage.listens import NewListen
from harmonyhub.storage.sign_ins import SignIn
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import House
from harmonyhub.wiring.spotify import Spotify
from tests.conftest import NOW, SetClock
from tests.tools.fakes import fresh_fake

REDIRECT_URI = "http://127.0.0.1/spotify/callback"
VERIFIER = Secret("v" * 64)


@dataclass
class Town:
    """A house that is connected to a fake Spotify."""

    house: House
    fake: FakeSpotify
    clock: SetClock
    client_id: str

    @property
    def spotify(self) -> Spotify:
        """Give the door to the fake."""
        assert self.house.spotify is not None
        return self.house.spotify

    async def sign_in(
        self, n_users: int, *, client_id: str | None = None, age_s: int = 86_400
    ) -> list[FakeUser]:
        """Let people consent to an app `age_s` ago, their access tokens ended."""
        app_id = client_id or self.client_id
        users = list(await self.fake.control.seed_users(n_users, prefix=app_id[:4]))
        for user in users:
            await self.house.store.users.ensure(UserId(user.user_id), now=self.clock())
            token = UserToken(
                user_id=user.user_id,
                client_id=app_id,
                state=TokenState.ACTIVE,
                consented_at=self.clock() - age_s,
                access_expires_at=self.clock(),
            )
            await self.house.store.tokens.save(
                token, refresh_token=user.refresh_token, access_token=user.access_token
            )
        return users

    async def sign_in_household(self, client_id: str, *user_ids: str) -> list[UserId]:
        """Let people consent to an app of their own; the access tokens are good for an hour."""
        for user_id in user_ids:
            code = await self.fake.control.issue_code(
                user_id,
                client_id=client_id,
                redirect_uri=REDIRECT_URI,
                challenge=challenge_of(VERIFIER),
            )
            sign_in = SignIn(
                user_id=user_id,
                client_id=client_id,
                is_public=True,
                redirect_uri=REDIRECT_URI,
                browser=Secret("cookie"),
                verifier=VERIFIER,
            )
            seen, granted = await self.spotify.sign_in(sign_in, Secret(code))
            assert granted is not None, seen
            token = UserToken(
                user_id=user_id,
                client_id=client_id,
                state=TokenState.ACTIVE,
                consented_at=self.clock() - 86_400,
                access_expires_at=self.clock() + granted.tokens.expires_in_s,
                is_public=True,
            )
            assert granted.tokens.refresh_token is not None
            await self.house.store.tokens.save(
                token,
                refresh_token=granted.tokens.refresh_token,
                access_token=granted.tokens.access_token,
            )
        return [UserId(user_id) for user_id in user_ids]

    async def n_calls(self) -> int:
        """Count what Spotify was asked."""
        return sum((await self.fake.control.counts()).values())


@asynccontextmanager
async def open_door(
    fake: FakeSpotify, *, store: Store, clock: Callable[[], int]
) -> AsyncIterator[Spotify]:
    """Open the door to a fake, with the credentials of its main app."""
    app, *_ = await fake.control.apps()
    spotify = Spotify(
        Credentials(app.client_id, app.client_secret),
        client=SpotifyClient(accounts_url=fake.accounts_url, api_url=fake.api_url, clock=clock),
        store=store,
        clock=clock,
        rng=random.Random(1),  # noqa: S311
        fingerprint_key=bytes(32),
    )
    yield spotify
    await spotify.aclose()


@asynccontextmanager
async def open_town(house: House, clock: SetClock) -> AsyncIterator[Town]:
    """Connect a house to a fake Spotify of seed 7."""
    async with (
        fresh_fake() as fake,
        open_door(fake, store=house.store, clock=clock) as spotify,
    ):
        client_id = spotify.credentials.client_id
        yield Town(replace(house, spotify=spotify), fake, clock, client_id)


@asynccontextmanager
async def open_trained_town(house: House, clock: SetClock) -> AsyncIterator[Town]:
    """Connect a house that three listeners of the starter catalogue have trained."""
    for number in range(3):
        await listen(house, UserId(f"local-{number}"), number)
    await run_training(house, on_progress=lambda _: None)
    async with open_town(house, clock) as town:
        yield town


async def listen(house: House, user: UserId, number: int) -> None:
    """Give a local listener plays of every third artist of the starter catalogue."""
    await house.store.users.ensure(user, now=NOW)
    artists = load_library()[number::3]
    ids = await house.store.tracks.resolve([one for artist in artists for one in artist.tracks])
    plays = [
        NewListen(number=place, track_id=id_, played_at=NOW - 3_600 * place)
        for place, id_ in enumerate(ids, start=1)
    ]
    await house.store.listens.add(
        user_id=user, ledger_id=LedgerId(user), source=SourceKind.LASTFM, listens=plays
    )
