"""`harmonyhub up`: one process that keeps MongoDB, the web process and the worker."""

import asyncio
import os
import secrets
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from harmonyhub.cli.session import ProgressLine, say
from harmonyhub.domain.errors import ConflictError, UnavailableError

if TYPE_CHECKING:
    from harmonyhub.settings.model import Settings
    from harmonyhub.wiring.house import House

READY_S = 60.0
STOP_S = 10.0


def worker_name() -> str:
    """Name this process in leases, unique per process."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"


def run_everything(*, is_demo: bool, with_fake_spotify: bool = False) -> None:
    """Check, start, print the address, run until told to stop."""
    from harmonyhub.settings.load import use_demo_folder

    started = time.monotonic()
    if is_demo:
        use_demo_folder()

    async def run() -> None:
        if not with_fake_spotify:
            await _run(_check_start(), is_demo=is_demo, started=started)
            return
        from harmonyhub.cli.fake_spotify import describe_people, fake_spotify_beside

        async with fake_spotify_beside():
            settings = _check_start()
            await _run(settings, is_demo=is_demo, started=started, on_ready=describe_people)

    asyncio.run(run())


def _check_start() -> "Settings":
    from harmonyhub.checks.offline import refuse_bad_start
    from harmonyhub.settings.load import read_settings
    from harmonyhub.telemetry.logs import configure_logs

    settings = read_settings()
    configure_logs(settings)
    for warning in refuse_bad_start(settings):
        say(warning.message)
    return settings


async def until_told_to_stop(work: Coroutine[Any, Any, None]) -> None:
    """Run until SIGINT or SIGTERM comes or the work ends by itself; then cancel and wait."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


async def _run(
    settings: "Settings",
    *,
    is_demo: bool,
    started: float,
    on_ready: Callable[[], None] | None = None,
) -> None:
    from harmonyhub.wiring.house import open_house

    owner = "harmonyhub demo" if is_demo else "harmonyhub up"

    async def everything() -> None:
        async with open_house(settings, owner=owner, is_exclusive=True, say=say) as house:
            if settings.mongodb_uri is None:
                # This process alone may use the embedded server: whoever held a job is dead.
                await house.store.jobs.release_worker("")
            if is_demo:
                await _load_demo(house)
            await _keep_running(house, started=started, on_ready=on_ready)

    await until_told_to_stop(everything())
    click.echo("HarmonyHub has stopped.", err=True)


async def _load_demo(house: "House") -> None:
    from harmonyhub.flows.demo import load_demo

    say("loading the demo library, whose listeners are generated (once, under a minute)")
    line = ProgressLine()
    try:
        await load_demo(house, on_progress=line)
    finally:
        line.close()


async def _keep_running(
    house: "House", *, started: float, on_ready: Callable[[], None] | None
) -> None:
    from harmonyhub.jobs.background import run_background

    web = await _start_web()
    watch = asyncio.create_task(web.wait())
    tasks = [watch, asyncio.create_task(run_background(house, name=worker_name()))]
    if house.server is not None:
        tasks.append(asyncio.create_task(house.server.keep_alive(say)))
    try:
        address = await _wait_until_ready(house.settings, web)
        seconds = time.monotonic() - started
        click.secho(f"HarmonyHub is ready: {address}", bold=True)
        say(f"started in {seconds:.1f} s; Ctrl-C stops everything")
        if on_ready is not None:
            on_ready()
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()  # raises what ended it
        raise UnavailableError(
            f"The web process ended with status {web.returncode}.",
            hint="Its last lines above say why.",
        )
    finally:
        await _stop(web)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _start_web() -> asyncio.subprocess.Process:
    from harmonyhub.storage.parent_death import die_with_parent

    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "harmonyhub",
        "serve",
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches this process alone, which stops all in order
        preexec_fn=die_with_parent,
    )


async def _wait_until_ready(settings: "Settings", web: asyncio.subprocess.Process) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}"
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if web.returncode is not None:
            raise ConflictError(
                f"The web process ended with status {web.returncode}.",
                hint="Its last lines above say why.",
            )
        if await asyncio.to_thread(_answers, f"{address}/livez"):
            return address
        await asyncio.sleep(0.05)
    raise UnavailableError(
        f"The web process did not answer within {READY_S:.0f} s.", hint="Its log is above."
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()
