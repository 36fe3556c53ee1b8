"""A recommendation over HTTP with a 50,000-track index: latency at 50 requests/s, and the floor.

Run: python -m benchmarks.serving [--tracks N] [--rate N] [--seconds N] [--data FOLDER]. The floor
is `/livez` of the same process at the same rate in the same run, the CPU time that of the web
process. Also: memory at rest, time to the first page of a warm start, and `harmonyhub --help`
beside a bare interpreter. The folder of --data is filled where it is missing, and kept.
"""

import argparse
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
N_ASKING = 200
FIRST_RATE_PER_S = 20  # each reads a history; at more, a busy machine measures its own queue
START = 1_700_000_000


async def fill(house: House, n_tracks: int) -> None:
    """Store a long-tailed catalogue and its listeners, and train on them."""
    rng = np.random.default_rng(0)
    descriptions = [
        TrackDescription(
            title=f"Song number {n}", artists=(f"Band {n // 12}",), release=f"LP {n // 6}"
        )
        for n in range(n_tracks)
    ]
    ids = await house.store.tracks.resolve(descriptions)
    weights = 1 / np.arange(1, n_tracks + 1) ** 0.6
    weights /= weights.sum()
    for user in range(N_USERS):
        user_id = UserId(f"user-{user:04d}")
        await house.store.users.ensure(user_id, now=START)
        home = rng.integers(n_tracks)
        near = (home + rng.geometric(0.005, LISTENS_PER_USER // 2)) % n_tracks
        far = rng.choice(n_tracks, LISTENS_PER_USER - len(near), p=weights)
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


async def measure(url: str, paths: list[str], *, rate_per_s: int, seconds: int) -> np.ndarray:
    """Send requests at a fixed rate, whatever the answers take; give milliseconds, sorted.

    A request without its answer took infinitely long.
    """
    taken: list[float] = []

    async def ask(client: httpx2.AsyncClient, path: str) -> None:
        began = time.perf_counter()
        try:
            is_answered = (await client.get(url + path)).status_code == 200
        except httpx2.TransportError:
            is_answered = False
        taken.append(1_000 * (time.perf_counter() - began) if is_answered else np.inf)

    async with httpx2.AsyncClient(timeout=10) as client, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for number in range(rate_per_s * seconds):
            await asyncio.sleep(max(0.0, began + number / rate_per_s - time.perf_counter()))
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


def web_cpu_s(service: psutil.Process) -> float:
    """Return the CPU time of the web process, in seconds; the worker beside it makes lists too."""
    family = service.children(recursive=True)
    return sum(sum(one.cpu_times()[:2]) for one in family if "serve" in one.cmdline())


async def measure_requests(url: str, service: psutil.Process, *, rate: int, seconds: int) -> None:
    """Print the latency of lists, first as nobody asked before, and of the floor."""
    users = [
        f"/api/v1/users/user-{user:04d}/recommendations?list=for-you&n=20"
        for user in range(N_ASKING)
    ]
    rounds = (
        ("recommendation, first time", users, FIRST_RATE_PER_S, N_ASKING // FIRST_RATE_PER_S),
        ("recommendation", users, rate, seconds),
        ("floor /livez", ["/livez"], rate, seconds),
    )
    for name, paths, rate_per_s, lasts_s in rounds:
        before = web_cpu_s(service)
        taken = await measure(url, paths, rate_per_s=rate_per_s, seconds=lasts_s)
        cpu_ms = 1_000 * (web_cpu_s(service) - before) / len(taken)
        p50, p99 = np.percentile(taken, [50, 99], method="higher")
        n_lost = int(np.isinf(taken).sum())
        print(
            f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {cpu_ms:.1f} ms of CPU at {rate_per_s} "
            f"requests/s; {n_lost} of {len(taken)} without an answer",
            flush=True,
        )


async def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=N_TRACKS)
    parser.add_argument("--rate", type=int, default=RATE_PER_S, help="Requests a second.")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--data", type=Path, help="Folder to fill, or to use as it was filled.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, port = options.data or Path(scratch) / "data", free_port()
        is_filled = folder.exists()
        os.environ["HARMONYHUB_DATA_DIR"] = str(folder)
        if not is_filled:
            async with running_service(folder, port) as (service, _):
                print(
                    f"memory at rest, empty library: {memory_at_rest(service):.0f} MB (target 250)"
                )
            async with open_house(read_settings(), owner="benchmark") as house:
                await fill(house, options.tracks)
        async with running_service(folder, port) as (service, first_page_s):
            print(f"warm start to first page: {first_page_s:.2f} s (wanted 5)")
            print(f"memory at rest, {options.tracks:,} tracks: {memory_at_rest(service):.0f} MB")
            url = f"http://127.0.0.1:{port}"
            await measure_requests(url, service, rate=options.rate, seconds=options.seconds)
    bare = time_command(sys.executable, "-c", "pass")
    ours = time_command(sys.executable, "-m", "harmonyhub", "--help")
    print(f"--help: {ours:.3f} s, bare interpreter {bare:.3f} s, ratio {ours / bare:.1f}")


if __name__ == "__main__":
    asyncio.run(main())
