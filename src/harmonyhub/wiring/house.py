"""Opens the house: settings in, store and in-memory state out, everything closed at the end."""

import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harmonyhub.settings.keys import encryption_key, fingerprint_key
from harmonyhub.settings.model import Settings
from harmonyhub.settings.place import place_id
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.client import SpotifyClient
from harmonyhub.sources.spotify.tokens import Credentials
from harmonyhub.storage.embedded import EmbeddedServer, borrow_or_start
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault
from harmonyhub.wiring.belonging import (
    refuse_other_database,
    refuse_other_key,
    remember_database,
)
from harmonyhub.wiring.company import Company
from harmonyhub.wiring.serving import Serving, SharedTastes, Tastes
from harmonyhub.wiring.spotify import Spotify
from harmonyhub.wiring.upstreams import SPOTIFY, KnownUpstreams

Clock = Callable[[], int]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class House:
    """Everything that a flow may need; built once per process.

    `clock` tells unix seconds UTC; uploads wait under `spool_dir` until their job took them;
    `place` is the id of the data folder, the same for all processes that see its files;
    `vault` seals what the store keeps secret; `spotify` is None where no app is configured;
    `server` is the embedded MongoDB where this process keeps it, `mongodb_uri` the address that
    the store was reached at.
    """

    settings: Settings
    store: Store
    serving: Serving
    tastes: Tastes
    shared_tastes: SharedTastes
    company: Company
    upstreams: KnownUpstreams
    clock: Clock
    spool_dir: Path
    vault: Vault
    place: str
    spotify: Spotify | None = None
    server: EmbeddedServer | None = None
    mongodb_uri: Secret | None = None


def system_clock() -> int:
    """Tell the time: unix seconds, UTC."""
    return int(time.time())


def furnish(
    settings: Settings,
    store: Store,
    server: EmbeddedServer | None = None,
    *,
    clock: Clock = system_clock,
) -> House:
    """Build the house around an open store; whoever has it closes `spotify` at the end.

    Raises
    ------
    ConfigurationError
        If the encryption key cannot be read or made.
    """
    key = encryption_key(settings)
    spool_dir = settings.data_dir / "spool"
    spool_dir.mkdir(parents=True, exist_ok=True)
    return House(
        settings=settings,
        store=store,
        serving=Serving(store),
        tastes=Tastes(store),
        shared_tastes=SharedTastes(store),
        company=Company(store),
        upstreams=KnownUpstreams(store, (SPOTIFY,) if settings.spotify_client_id else ()),
        clock=clock,
        spool_dir=spool_dir,
        vault=Vault(key),
        place=place_id(settings),
        spotify=_connect_spotify(settings, store, key=key, clock=clock),
        server=server,
    )


def _connect_spotify(
    settings: Settings, store: Store, *, key: bytes, clock: Clock
) -> Spotify | None:
    if settings.spotify_client_id is None or settings.spotify_client_secret is None:
        return None
    client = SpotifyClient(
        accounts_url=settings.spotify_accounts_url,
        api_url=settings.spotify_api_url,
        clock=clock,
    )
    return Spotify(
        Credentials(settings.spotify_client_id, settings.spotify_client_secret),
        client=client,
        store=store,
        clock=clock,
        rng=random.Random(),  # noqa: S311 - spreads retries, guards nothing
        fingerprint_key=fingerprint_key(key),
        release=settings.release,
    )


@asynccontextmanager
async def _find_mongodb(
    settings: Settings, *, owner: str, is_exclusive: bool, say: Say
) -> AsyncIterator[tuple[str, EmbeddedServer | None]]:
    if settings.mongodb_uri is not None:
        yield settings.mongodb_uri.reveal(), None
    elif is_exclusive:
        async with await EmbeddedServer.start(settings.data_dir, owner=owner, say=say) as server:
            yield server.uri, server
    else:
        async with borrow_or_start(settings.data_dir, owner=owner, say=say) as uri:
            yield uri, None


@asynccontextmanager
async def open_house(
    settings: Settings,
    *,
    owner: str,
    is_exclusive: bool = False,
    say: Say = lambda _: None,
    clock: Clock = system_clock,
) -> AsyncIterator[House]:
    """Open the store, migrate it, and close everything at the end.

    Parameters
    ----------
    owner : str
        What this process is called in messages to a second one ("harmonyhub up").
    is_exclusive : bool
        Whether to start the embedded server for this process's whole life, instead of borrowing
        the one that runs; has no effect where `HARMONYHUB_MONGODB_URI` is set.
    say : callable
        Told what takes time.
    clock : callable
        Tells unix seconds UTC; all of the house goes by it.
    """
    async with _find_mongodb(settings, owner=owner, is_exclusive=is_exclusive, say=say) as found:
        uri, server = found
        vault = Vault(encryption_key(settings))
        async with await Store.connect(
            uri, database=settings.mongodb_database, vault=vault
        ) as store:
            await refuse_other_database(settings, store)
            await store.migrate()
            await refuse_other_key(settings, store)
            await remember_database(settings, store)
            house = replace(furnish(settings, store, server, clock=clock), mongodb_uri=Secret(uri))
            try:
                yield house
            finally:
                if house.spotify is not None:
                    await house.spotify.aclose()
