"""A recommendation over HTTP with a 50,000-track index: latency at 50 requests/s, and the floor.

The floor is `/livez` of the same process at the same rate in the same run. Also: memory at rest,
time to the first page of a warm start, and `harmonyhub --help` beside a bare interpreter.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import numpy as np
import psutil

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.listens import Ledger, LedgerState, SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.flows.train import run_training
from harmonyhub.settings.load import read_settings
from harmonyhub.storage.listens import NewListen
from harmonyhub.wiring.house import House, open_house

N_TRACKS = 50_000
N_USERS = 1_000
LISTENS_PER_USER = 150
RATE_PER_S = 50
SECONDS = 20
START = 1_700_000_000


async def fill(house: House) -> None:
    """Store a long-tailed catalogue and its listeners, and train on them."""
    rng = np.random.default_rng(0)
    descriptions = [
        TrackDescription(
            title=f"Song number {n}", artists=(f"Band {n // 12}",), release=f"LP {n // 6}"
        )
        for n in range(N_TRACKS)
    ]
    ids = await house.store.tracks.resolve(descriptions)
    weights = 1 / np.arange(1, N_TRACKS + 1) ** 0.6
    weights /= weights.sum()
    for user in range(N_USERS):
        user_id = UserId(f"user-{user:04d}")
        await house.store.users.ensure(user_id, now=START)
        home = rng.integers(N_TRACKS)
        near = (home + rng.geometric(0.005, LISTENS_PER_USER // 2)) % N_TRACKS
        far = rng.choice(N_TRACKS, LISTENS_PER_USER - len(near), p=weights)
        ledger = Ledger(
            id=LedgerId(f"bench-{user}"),
            user_id=user_id,
            file_name="generated",
            source=None,
            state=LedgerState.COMPLETE,
            started_at=START,
        )
        await house.store.listens.add(
            user_id=user_id,
            ledger_id=ledger.id,
            source=SourceKind.SPOTIFY_EXTENDED,
            listens=[
                NewListen(
                    number=number,
                    track_id=ids[track],
                    played_at=START + 300 * number,
                    played_ms=200_000,
                    is_skipped=None,
                )
                for number, track in enumerate(np.concatenate([near, far]), start=1)
            ],
        )
        await house.store.users.touch(user_id)
    await run_training(house, on_progress=lambda _: None)


async def measure(url: str, paths: list[str]) -> np.ndarray:
    """Send requests at a fixed rate, whatever the answers take; give milliseconds, sorted."""
    taken: list[float] = []

    async def ask(client: httpx2.AsyncClient, path: str) -> None:
        began = time.perf_counter()
        answer = await client.get(url + path)
        taken.append(1_000 * (time.perf_counter() - began))
        assert answer.status_code == 200, answer.text

    async with httpx2.AsyncClient(timeout=10) as client, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for number in range(RATE_PER_S * SECONDS):
            await asyncio.sleep(max(0.0, began + number / RATE_PER_S - time.perf_counter()))
            group.create_task(ask(client, paths[number % len(paths)]))
    return np.sort(taken)


@asynccontextmanager
async def running_service(folder: Path, port: int) -> AsyncIterator[tuple[psutil.Process, float]]:
    """Run `harmonyhub up`; gives its process and the seconds until the first page came."""
    environment = os.environ | {
        "HARMONYHUB_DATA_DIR": str(folder),
        "HARMONYHUB_PORT": str(port),
    }
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "harmonyhub",
        "up",
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with httpx2.AsyncClient(timeout=10) as client:
            while True:
                try:
                    if (await client.get(f"http://127.0.0.1:{port}/")).status_code == 200:
                        break
                except httpx2.TransportError:
                    await asyncio.sleep(0.02)
        yield psutil.Process(process.pid), time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()


def memory_at_rest(service: psutil.Process) -> float:
    """Add up the memory of all Python processes of the service (PSS), in MB."""
    family = [service, *service.children(recursive=True)]
    ours = [process for process in family if "mongod" not in process.name()]
    return sum(process.memory_full_info().pss for process in ours) / 1e6


def time_command(*command: str) -> float:
    """Take the median wall time of seven runs, in seconds."""
    taken = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def free_port() -> int:
    """Find a TCP port on loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, port = Path(scratch) / "data", free_port()
        os.environ["HARMONYHUB_DATA_DIR"] = str(folder)
        async with running_service(folder, port) as (service, _):
            print(f"memory at rest, empty library: {memory_at_rest(service):.0f} MB (target 250)")
        async with open_house(read_settings(), owner="benchmark") as house:
            await fill(house)
        async with running_service(folder, port) as (service, first_page_s):
            print(f"warm start to first page: {first_page_s:.2f} s (target 5)")
            print(f"memory at rest, {N_TRACKS:,} tracks: {memory_at_rest(service):.0f} MB")
            url = f"http://127.0.0.1:{port}"
            users = [
                f"/api/v1/users/user-{user:04d}/recommendations?list=for-you&n=20"
                for user in range(200)
            ]
            await measure(url, users)  # the first request of a user reads their history
            for name, paths in (("recommendation", users), ("floor /livez", ["/livez"])):
                taken = await measure(url, paths)
                p50, p99 = np.percentile(taken, [50, 99])
                print(f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms at {RATE_PER_S} requests/s")
    bare = time_command(sys.executable, "-c", "pass")
    ours = time_command(sys.executable, "-m", "harmonyhub", "--help")
    print(f"--help: {ours:.3f} s, bare interpreter {bare:.3f} s, ratio {ours / bare:.1f}")


if __name__ == "__main__":
    asyncio.run(main())
