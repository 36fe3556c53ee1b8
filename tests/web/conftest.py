"""A real service for the tests of this room: the app on granian, over the run's MongoDB."""

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.listens import SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.flows import train
from harmonyhub.flows.imports import open_ledger
from harmonyhub.flows.train import run_training
from harmonyhub.settings.load import load_settings
from harmonyhub.storage.listens import NewListen
from harmonyhub.storage.store import Store
from harmonyhub.web.app import build_app
from harmonyhub.web.server import serve
from harmonyhub.wiring.house import House, furnish

NOW = 1_760_000_000
DAY = 86_400
PASSWORD = "correct horse battery"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _make_house(store: Store, folder: Path, **variables: str) -> House:
    environ = {"HARMONYHUB_DATA_DIR": str(folder)} | {
        f"HARMONYHUB_{name.upper()}": value for name, value in variables.items()
    }
    settings, findings = load_settings(environ, folder=folder)
    assert settings is not None, findings
    return dataclasses.replace(furnish(settings, store), clock=lambda: NOW)


@asynccontextmanager
async def _served(house: House, port: int | None = None) -> AsyncIterator[str]:
    port = port or _free_port()
    is_ready = asyncio.Event()
    task = asyncio.create_task(
        serve(build_app(house), host="127.0.0.1", port=port, on_ready=is_ready.set)
    )
    try:
        await asyncio.wait(
            [task, asyncio.create_task(is_ready.wait())], return_when=asyncio.FIRST_COMPLETED
        )
        yield f"http://127.0.0.1:{port}"
    finally:
        task.cancel()
        await asyncio.wait([task])


@dataclass(frozen=True)
class Library:
    """What the seeded house holds: `tracks` of `titles`, played by `local` and six others."""

    titles: Sequence[str]
    tracks: Sequence[TrackId]


@pytest.fixture
def free_port() -> int:
    """Give a port that nobody listens on."""
    return _free_port()


@pytest.fixture
def served() -> Callable[..., AbstractAsyncContextManager[str]]:
    """Give what serves a house, on a free port or a given one, and tells its address."""
    return _served


@pytest.fixture
def house(store: Store, tmp_path: Path) -> House:
    """Give a house with the settings of a fresh machine."""
    return _make_house(store, tmp_path)


@pytest.fixture
def guarded_house(store: Store, tmp_path: Path) -> House:
    """Give a house that asks for the password "correct horse battery"."""
    return _make_house(store, tmp_path, access_password=PASSWORD)


@pytest.fixture
async def library(house: House, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Give the house seven listeners, thirty tracks and a trained model."""
    monkeypatch.setattr(train, "load_library", list)  # two thousand tracks that nobody plays
    titles = ["<script>alert(1)</script>", *(f"Song {number}" for number in range(1, 30))]
    tracks = await house.store.tracks.resolve(
        [
            TrackDescription(title=title, artists=(f"Band {n % 6}",), tags=("folk",))
            for n, title in enumerate(titles)
        ]
    )
    for listener in range(7):
        user = UserId("local" if listener == 0 else f"friend-{listener}")
        ledger = await open_ledger(house, user_id=user, file_name="seed.json")
        chosen = tracks[:12] if listener == 0 else tracks[listener : listener + 15]
        await house.store.listens.add(
            user_id=user,
            ledger_id=ledger.id,
            source=SourceKind.LISTENBRAINZ,
            listens=[
                NewListen(number=n + 1, track_id=track, played_at=NOW - DAY * (n + 1))
                for n, track in enumerate(chosen)
            ],
        )
        await house.store.users.touch(user)
    await run_training(house, on_progress=lambda _: None)
    return Library(titles=titles, tracks=tracks)


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """Give an HTTP client of the served house."""
    async with _served(house) as url, httpx2.AsyncClient(base_url=url, timeout=10) as client:
        yield client
