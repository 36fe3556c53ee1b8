"""Prometheus and Alertmanager as they are shipped, watching a service and telling the sink."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import yaml

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.drills.children import stop
from harmonyhub.release.instance import free_port
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.parent_death import die_with_parent
from harmonyhub.telemetry import rule_files

PROMETHEUS, ALERTMANAGER = "prometheus", "prometheus-alertmanager"
READY_S = 30.0
LOOK_S = 0.2


def require_programs() -> None:
    """See that both are installed.

    Raises
    ------
    UnavailableError
        If one is not.
    """
    missing = [name for name in (PROMETHEUS, ALERTMANAGER) if shutil.which(name) is None]
    if missing:
        raise UnavailableError(
            f"There is no {' and no '.join(missing)} here.",
            hint="Install the Debian packages prometheus and prometheus-alertmanager.",
        )


@asynccontextmanager
async def monitoring(
    folder: Path, *, service_port: int, admin_token: Secret, webhook: str
) -> AsyncIterator[None]:
    """Run both as long as the context is open; it begins once the service has been scraped.

    Parameters
    ----------
    webhook : str
        Where Alertmanager posts, in place of the mail addresses that are shipped.
    """
    port, alerts_port = free_port(), free_port()
    _write_configuration(
        folder,
        service_port=service_port,
        alerts_port=alerts_port,
        admin_token=admin_token,
        webhook=webhook,
    )
    arguments = ["--config.file=alertmanager.yml", "--cluster.listen-address="]
    arguments += [f"--web.listen-address={_at(alerts_port)}", "--storage.path=alertmanager"]
    async with _run([ALERTMANAGER, *arguments], folder=folder):
        arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=prometheus"]
        arguments += [f"--web.listen-address={_at(port)}"]
        async with _run([PROMETHEUS, *arguments], folder=folder):
            await _wait_until_scraped(port)
            yield


def _at(port: int) -> str:
    return f"127.0.0.1:{port}"


def _write_configuration(
    folder: Path, *, service_port: int, alerts_port: int, admin_token: Secret, webhook: str
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    prometheus = yaml.safe_load(rule_files.render_prometheus())
    prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [_at(alerts_port)]
    prometheus["scrape_configs"][0]["static_configs"][0]["targets"] = [_at(service_port)]
    alertmanager = yaml.safe_load(rule_files.render_alertmanager())
    for receiver in alertmanager["receivers"]:
        del receiver["email_configs"]
        receiver["webhook_configs"] = [{"url": webhook, "send_resolved": True}]
    for name, document in {"prometheus": prometheus, "alertmanager": alertmanager}.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (folder / rule_files.RULES_FILE).write_text(rule_files.render_rules(), encoding="utf-8")
    token_file = folder / prometheus["scrape_configs"][0]["authorization"]["credentials_file"]
    token_file.touch(mode=0o600)
    token_file.write_text(admin_token.reveal(), encoding="utf-8")


@asynccontextmanager
async def _run(command: Sequence[str], *, folder: Path) -> AsyncIterator[None]:
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        try:
            yield
        finally:
            await stop(process)


async def _wait_until_scraped(port: int) -> None:
    """Wait until Prometheus says that the service is up and evaluates its rules."""
    query = {"query": 'up{job="harmonyhub"} == 1'}
    try:
        async with (
            asyncio.timeout(READY_S),
            httpx2.AsyncClient(base_url=f"http://{_at(port)}", trust_env=False) as client,
        ):
            while True:
                try:
                    answer = await client.get("/api/v1/query", params=query)
                    if answer.status_code == httpx2.codes.OK and answer.json()["data"]["result"]:
                        return
                except httpx2.HTTPError:
                    pass  # it does not listen yet
                await asyncio.sleep(LOOK_S)
    except TimeoutError as error:
        raise UnavailableError(
            "Prometheus did not scrape the service.", hint="Its log lies beside its configuration."
        ) from error
