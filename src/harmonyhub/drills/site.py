"""A place to break things: MongoDB, a fake Spotify, a sink, and a configuration that works."""

import base64
import random
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.domain.findings import describe
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.upstreams import TokenState, UserToken
from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.faults import Stage
from harmonyhub.drills.process import FakeApp, FakeSpotify
from harmonyhub.drills.sink import Sink
from harmonyhub.drills.toxic import Toxics
from harmonyhub.drills.traces import keep_messages, kept_traces
from harmonyhub.release.instance import free_port
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.embedded import EmbeddedServer
from harmonyhub.wiring.house import Clock, House, open_house, system_clock

N_USERS = 200
CLIENT_ID = "HARMONYHUB_SPOTIFY_CLIENT_ID"
CLIENT_SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that one act needs, of its own but for the MongoDB server.

    Attributes
    ----------
    good : Configuration
        Works as it is; every secret in it is a sentinel, to be searched for afterwards.
    closed_port : int
        Held as long as the site stands, so that nobody ever listens there.
    database : str
        Of this act alone, in the server behind `mongodb`.
    secrets : dict
        Of the ground: everything that must be found nowhere afterwards, by a name.
    """

    folder: Path
    fake: FakeSpotify
    sink: Sink
    spotify: Toxics
    mongodb: Toxics
    server: EmbeddedServer
    good: Configuration
    other: FakeApp
    closed_port: int
    former_secret: Secret = field(repr=False)
    database: str
    secrets: dict[str, str] = field(repr=False)

    @property
    def stage(self) -> Stage:
        """What faults may point to."""
        return Stage(
            other_client_id=self.other.client_id,
            other_client_secret=self.other.client_secret.reveal(),
            former_secret=self.former_secret.reveal(),
            closed_port=self.closed_port,
            other_database=f"{self.database}_staging",
        )

    def settings(self, configuration: Configuration | None = None) -> Settings:
        """Load the settings of a configuration that can be loaded."""
        environ = (configuration or self.good).environ
        settings, findings = load_settings(environ, folder=self.folder)
        if settings is None:
            raise ConfigurationError("\n".join(map(describe, findings)))
        return settings

    @asynccontextmanager
    async def house(
        self, configuration: Configuration | None = None, *, clock: Clock = system_clock
    ) -> AsyncIterator[House]:
        """Open a house of a configuration in this process."""
        settings = self.settings(configuration)
        async with open_house(settings, owner="harmonyhub drill", clock=clock) as house:
            yield house

    async def settle_users(self, house: House, n_users: int = N_USERS) -> tuple[str, ...]:
        """Let people consent to the app and listen: their tokens lie in the vault."""
        people = await self.fake.control.seed_users(n_users)
        for person in people:
            self.secrets[f"refresh token of {person.user_id}"] = person.refresh_token.reveal()
            await house.store.users.ensure(UserId(person.user_id), now=house.clock())
            await house.store.tokens.save(
                UserToken(
                    user_id=person.user_id,
                    client_id=person.client_id,
                    state=TokenState.ACTIVE,
                    consented_at=person.consented_at,
                    access_expires_at=person.access_expires_at,
                ),
                refresh_token=person.refresh_token,
                access_token=person.access_token,
            )
        return tuple(person.user_id for person in people)

    def sentinels(self) -> Mapping[str, str]:
        """Give every secret of the good configuration, by the name of its variable."""
        return {name: self.good[name] for name in SECRET_NAMES if name in self.good}


SECRET_NAMES = (
    "HARMONYHUB_ACCESS_PASSWORD",
    "HARMONYHUB_ADMIN_TOKEN",
    "HARMONYHUB_ENCRYPTION_KEY",
    CLIENT_SECRET,
)


@dataclass(frozen=True, slots=True)
class Ground:
    """The MongoDB server of a drill; sites stand on it, each with a database of its own.

    `secrets` are those of all its sites so far, to be searched for at the end.
    """

    folder: Path
    server: EmbeddedServer
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[Self]:
        """Start MongoDB in a folder of the drill's own."""
        async with (
            kept_traces(_make(folder)),
            await EmbeddedServer.start(folder / "mongodb", owner="drill") as server,
        ):
            yield cls(folder, server)

    @asynccontextmanager
    async def site(self, name: str, *, seed: int) -> AsyncIterator[Site]:
        """Prepare a site; its processes end with the context."""
        folder = _make(self.folder / name)
        async with AsyncExitStack() as stack:
            fake = await stack.enter_async_context(FakeSpotify.start(seed=seed))
            sink = await stack.enter_async_context(Sink.start())
            spotify = await stack.enter_async_context(Toxics.start(urlsplit(fake.url).port or 0))
            mongodb = await stack.enter_async_context(Toxics.start(self.server.socket))
            app = (await fake.control.apps())[0]
            former = app.client_secret
            app = await fake.control.rotate_secret(app.client_id)
            other = await fake.control.add_app()
            database = f"drill_{name}"
            site = Site(
                folder=folder,
                fake=fake,
                sink=sink,
                spotify=spotify,
                mongodb=mongodb,
                server=self.server,
                other=other,
                closed_port=stack.enter_context(_held_port()),
                former_secret=former,
                database=database,
                good=_configuration(
                    folder,
                    app=app,
                    spotify=spotify,
                    mongodb=mongodb,
                    sink=sink,
                    database=database,
                    seed=seed,
                ),
                secrets=self.secrets,
            )
            await self._learn_secrets(site)
            yield site
            await self._learn_secrets(site)  # rotated ones
            await keep_messages(sink, folder / "messages.json")

    async def _learn_secrets(self, site: Site) -> None:
        apps = await site.fake.control.apps()
        every = [site.former_secret, *(app.client_secret for app in apps)]
        for variable, text in site.sentinels().items():
            self.secrets[f"{variable} of {site.folder.name}"] = text
        for secret in every:
            known = secret.reveal()
            if known not in self.secrets.values():
                self.secrets[f"client secret {len(self.secrets)}"] = known


@contextmanager
def _held_port() -> Iterator[int]:
    """Hold a port without listening: whoever connects is refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def _make(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _configuration(
    folder: Path,
    *,
    app: FakeApp,
    spotify: Toxics,
    mongodb: Toxics,
    sink: Sink,
    database: str,
    seed: int,
) -> Configuration:
    rng = random.Random(f"site:{folder.name}:{seed}")  # noqa: S311 - a drill, not a secret
    key = base64.b64encode(rng.randbytes(32)).decode()
    return Configuration(
        {
            "HARMONYHUB_DATA_DIR": str(folder / "data"),
            "HARMONYHUB_PORT": str(free_port()),
            "HARMONYHUB_BASE_URL": "https://music.example.net",
            "HARMONYHUB_ACCESS_PASSWORD": f"Sentinel-{rng.randbytes(12).hex()}-pW",
            "HARMONYHUB_ENCRYPTION_KEY": key,
            "HARMONYHUB_ADMIN_TOKEN": f"Sentinel-{rng.randbytes(12).hex()}-aT",
            "HARMONYHUB_MONGODB_URI": f"mongodb://127.0.0.1:{mongodb.port}/?directConnection=true",
            "HARMONYHUB_MONGODB_DATABASE": database,
            CLIENT_ID: app.client_id,
            CLIENT_SECRET: app.client_secret.reveal(),
            "HARMONYHUB_SPOTIFY_REDIRECT_URI": "https://music.example.net/spotify/callback",
            "HARMONYHUB_SPOTIFY_API_URL": f"http://127.0.0.1:{spotify.port}/v1",
            "HARMONYHUB_SPOTIFY_ACCOUNTS_URL": f"http://127.0.0.1:{spotify.port}",
            "HARMONYHUB_ALERT_URLS": sink.address("first"),
            "HARMONYHUB_ALERT_ESCALATION_URLS": sink.address("second"),
        }
    )
