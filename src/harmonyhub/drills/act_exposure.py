"""An act without a figure of its own: lets the product show, say and log all that it ever does.

A service runs into a rejected secret and then crashes; its pages, logs and dumps, and what the
commands say of its configuration and of broken ones, are left in files for the search for secrets.
"""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.findings import describe
from harmonyhub.drills.catalogue import FAULTS
from harmonyhub.drills.children import stop
from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.drills.injector import ALL_FILE
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.scorecard import Figure
from harmonyhub.drills.site import Ground, Site
from harmonyhub.settings.load import (
    foreign_environment,
    load_settings,
    process_environment,
)
from harmonyhub.storage.parent_death import die_with_parent

N_USERS = 10
START_S, ALERT_S, COMMAND_S = 30.0, 20.0, 60.0
POLL_S = 0.05
ALERT_URLS, MONGODB_URI = "HARMONYHUB_ALERT_URLS", "HARMONYHUB_MONGODB_URI"
PAGES = (
    *("/", "/discover", "/status", "/import", "/search?q=river", "/nowhere"),
    *("/api/v1/users", "/api/v1/users/listener-1/recommendations", "/api/v1/openapi.json"),
    *("/metrics", "/admin/v1/state", "/livez", "/readyz"),
)
COMMANDS = (
    ("check", "--live"),
    ("why",),
    ("doctor",),
    ("diff", f"old/{ALL_FILE}", f"new/{ALL_FILE}"),
    ("incident", "export"),
    ("releases",),
)


async def play_exposure(
    ground: Ground,
    *,
    seed: int,
    scale: Scale,  # noqa: ARG001 - one shape for all acts
    guards: Guards,
) -> Mapping[str, Figure]:
    """Play it; `play_secrets` says what was found."""
    if Guard.SEALING not in guards:
        return {}  # the application of 2024 had none of these pages and commands
    rng = random.Random(f"exposure:{seed}")  # noqa: S311 - a drill, not a secret
    async with ground.site("exposure", seed=seed) as site:
        good = _with_more_secrets(site, rng)
        async with site.house(good) as house:
            await site.settle_users(house, N_USERS)
        _show_faults(site, good, rng)
        serve, work = _running(site, good, "serve"), _running(site, good, "work")
        async with serve as web, work as worker:
            await _wait_until_ready(good)
            await site.fake.control.rotate_secret((await site.fake.control.apps())[0].client_id)
            told = await site.sink.wait_for(lambda _: True, timeout_s=ALERT_S)
            await _keep_pages(site, good)
            await _run_commands(site, good, rng)
            for process in (web, worker):
                process.send_signal(signal.SIGABRT)  # faulthandler writes what each thread did
                await process.wait()
        if told is None:
            raise UnavailableError(
                "No alert came, so that none could be searched.", hint="See exposure/work.log."
            )
    return {}


def _with_more_secrets(site: Site, rng: random.Random) -> Configuration:
    """Give a configuration whose alert address holds a password too."""
    password = f"Sentinel-{rng.randbytes(12).hex()}-uR"
    site.secrets["password in an alert URL"] = password
    address = site.sink.address("first").replace("://", f"://drill:{password}@")
    return site.good.having({ALERT_URLS: address})


def _show_faults(site: Site, good: Configuration, rng: random.Random) -> None:
    """Write down what the checks say of every kind of broken configuration."""
    for kind in FAULTS.kinds:
        fault = FAULTS.make(kind.id, good, stage=site.stage, rng=rng)
        if fault is None:
            continue
        folder = site.folder / "faults" / kind.id
        fault.configuration.write(folder)
        _, findings = load_settings(fault.configuration.environ, folder=folder)
        text = "\n".join(describe(finding) for finding in findings)
        (folder / "findings.txt").write_text(text, encoding="utf-8")


async def _keep_pages(site: Site, good: Configuration) -> None:
    """Ask for every page as the operator, as a listener and as a stranger."""
    password = good["HARMONYHUB_ACCESS_PASSWORD"]
    admin = {"Authorization": f"Bearer {good['HARMONYHUB_ADMIN_TOKEN']}"}
    visitors: Mapping[str, httpx2.AsyncClient] = {
        "operator": httpx2.AsyncClient(base_url=_address(good), headers=admin, trust_env=False),
        "listener": httpx2.AsyncClient(
            base_url=_address(good), auth=("listener", password), trust_env=False
        ),
        "stranger": httpx2.AsyncClient(base_url=_address(good), trust_env=False),
    }
    for visitor, client in visitors.items():
        async with client:
            for number, page in enumerate(PAGES):
                answer = await client.get(page)
                text = f"{page} {answer.status_code} {dict(answer.headers)}\n{answer.text}"
                path = site.folder / f"page-{visitor}-{number}.txt"
                await asyncio.to_thread(path.write_text, text, encoding="utf-8")


async def _run_commands(site: Site, good: Configuration, rng: random.Random) -> None:
    """Run the commands that speak of the configuration, and a check of wrong passwords."""
    password = f"Sentinel-{rng.randbytes(12).hex()}-mP"
    site.secrets["password in the address of MongoDB"] = password
    refused = good.having(
        {MONGODB_URI: good[MONGODB_URI].replace("://", f"://harmonyhub:{password}@")}
    )
    for name, configuration in (("old", good), ("new", refused)):
        configuration.write(site.folder / name, env_file=ALL_FILE, is_all_in_file=True)
    async with asyncio.timeout(COMMAND_S), asyncio.TaskGroup() as group:
        for command in COMMANDS:
            group.create_task(_run(site, good, command, log=f"said-{command[0]}.txt"))
        group.create_task(_run(site, refused, ("check", "--live"), log="said-refused.txt"))
        group.create_task(_run(site, refused, ("why",), log="said-why-refused.txt"))


async def _run(
    site: Site, configuration: Configuration, command: tuple[str, ...], *, log: str
) -> None:
    async with _running(site, configuration, *command, log=log) as process:
        await process.wait()


@asynccontextmanager
async def _running(
    site: Site, configuration: Configuration, *command: str, log: str | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command of the product; all that it says goes into a file of the site's folder."""
    own = {"PYTHONFAULTHANDLER": "1", "HARMONYHUB_LOG_LEVEL": "debug"}
    others = foreign_environment(process_environment())
    path = site.folder / (log or f"{command[0]}.log")
    with path.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "harmonyhub",
            *command,
            env={**others, **configuration.environ, **own},
            cwd=site.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        try:
            yield process
        finally:
            await stop(process)


async def _wait_until_ready(good: Configuration) -> None:
    try:
        async with (
            asyncio.timeout(START_S),
            httpx2.AsyncClient(base_url=_address(good), trust_env=False) as client,
        ):
            while not await _is_ready(client):  # noqa: ASYNC110 - another process: nothing to await
                await asyncio.sleep(POLL_S)
    except TimeoutError as error:
        raise UnavailableError(
            "The service did not get ready.", hint="Its log is exposure/serve.log."
        ) from error


async def _is_ready(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False


def _address(configuration: Configuration) -> str:
    return f"http://127.0.0.1:{configuration['HARMONYHUB_PORT']}"
