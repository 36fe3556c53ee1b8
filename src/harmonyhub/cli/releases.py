"""Commands of releases: keep, deploy, rollback, releases, verify."""

import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from harmonyhub.cli.session import as_json_option, print_json, say

if TYPE_CHECKING:
    from harmonyhub.domain.releases import Release
    from harmonyhub.release.deploy import Outcome
    from harmonyhub.release.journey import Journey, Step
    from harmonyhub.wiring.ledger import LedgerHouse

Result = TypeVar("Result")

COULD_NOT_SEE = 75
LISTED = 20
LATER = "Deploy again later, or let it pass with --accept-unverified."


@click.command()
def keep() -> None:
    """Keep the releases running behind one address; `deploy` brings in the next one.

    MongoDB (embedded, unless HARMONYHUB_MONGODB_URI is set), HAProxy, and the processes of each
    release that the ledger wants. After a reboot the committed release comes up again.
    """
    import asyncio

    from harmonyhub.cli.supervisor import until_told_to_stop

    asyncio.run(until_told_to_stop(_keep()))
    click.echo("The keeper has stopped.", err=True)


async def _keep() -> None:
    import asyncio

    from harmonyhub.release.keeper import Keeper
    from harmonyhub.release.proxy import find_haproxy
    from harmonyhub.settings.load import process_environment
    from harmonyhub.telemetry.logs import configure_logs
    from harmonyhub.wiring.house import system_clock
    from harmonyhub.wiring.ledger import open_ledger, read_ledger_settings

    find_haproxy()
    settings = read_ledger_settings(process_environment(), folder=Path.cwd())
    configure_logs(settings)
    async with open_ledger(settings, owner="harmonyhub keep", is_keeper=True, say=say) as house:
        keeper = Keeper(settings, house.store, clock=system_clock, environ=process_environment())
        keeping = f"keeping {settings.host} port {settings.port}"
        try:
            async with asyncio.TaskGroup() as tasks:
                if house.server is not None:
                    tasks.create_task(house.server.keep_alive(say))
                tasks.create_task(keeper.run(on_ready=lambda: say(keeping)))
        except ExceptionGroup as group:
            # One of the two has ended the other; what it says is what the operator needs.
            raise group.exceptions[0] from group


@click.command()
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Take the configuration from this file in place of .env.",
)
@click.option(
    "--accept-unverified",
    is_flag=True,
    help="Let a HOLD pass: what could not be verified is recorded and watched.",
)
@click.option(
    "--watch-s",
    default=10.0,
    show_default=True,
    type=click.FloatRange(1, 3600),
    help="How long to watch the release with the traffic before it is committed.",
)
@as_json_option
def deploy(
    *, env_file: Path | None, accept_unverified: bool, watch_s: float, as_json: bool
) -> None:
    """Bring this code with this configuration in front of users, or say why not.

    Checks, a candidate beside the live release, a listener's journey through it, the switch, a
    watch; then it stays, or the release before serves again. Exit status 0: it stays; 78: it is
    refused or was rolled back; 75: it could not be verified.
    """
    from harmonyhub.release.deploy import Deploy, Request
    from harmonyhub.settings.load import process_environment
    from harmonyhub.wiring.house import system_clock

    async def run(house: "LedgerHouse") -> "Outcome":
        request = Request(
            environ=process_environment(),
            folder=Path.cwd(),
            env_file=env_file,
            mongodb_uri=house.mongodb_uri if house.settings.mongodb_uri is None else None,
            fingerprint_key=house.fingerprint_key,
            owner=f"harmonyhub deploy, process {os.getpid()}",
            accepts_unverified=accept_unverified,
            watch_s=watch_s,
        )
        on_step = _ignore if as_json else _show
        return await Deploy(house.store, request, clock=system_clock, on_step=on_step).run()

    outcome = _run("deploy", run)
    if as_json:
        print_json(_outcome_as_json(outcome))
    else:
        _print_outcome(outcome)
    sys.exit(outcome.verdict.exit_status)


def _outcome_as_json(outcome: "Outcome") -> dict[str, object]:
    import msgspec

    return {
        "verdict": outcome.verdict.value,
        "release": outcome.number,
        "note": outcome.note,
        "changed": list(outcome.report.changed),
        "n_s": outcome.report.n_s,
        "results": msgspec.to_builtins(outcome.report.results),
    }


def _print_outcome(outcome: "Outcome") -> None:
    from harmonyhub.domain.findings import describe
    from harmonyhub.domain.releases import GateVerdict
    from harmonyhub.release.gate import decisive

    report = outcome.report
    if report.verdict is not GateVerdict.PASS:
        for finding in decisive(report.results, report.changed, verdict=report.verdict):
            click.echo(describe(finding))
    name = "the release" if outcome.number is None else f"release {outcome.number}"
    match outcome.verdict:
        case GateVerdict.PASS:
            text, color = f"PASS: {name} serves.", "green"
        case GateVerdict.FAIL:
            text, color = f"FAIL: {name} does not serve: {outcome.note}", "red"
        case GateVerdict.HOLD:
            text, color = f"HOLD: {name} changes what cannot be verified now. {LATER}", "yellow"
    click.secho(text, fg=color)


@click.command()
@click.option("--to", "number", type=int, help="The release to return to; else the one before.")
def rollback(*, number: int | None) -> None:
    """Return to an earlier release: its code, and its configuration as the ledger keeps it."""
    from harmonyhub.release.rollback import roll_back
    from harmonyhub.wiring.house import system_clock

    async def run(house: "LedgerHouse") -> "Release":
        owner = f"harmonyhub rollback, process {os.getpid()}"
        return await roll_back(house.store, to=number, owner=owner, clock=system_clock)

    release = _run("rollback", run)
    click.secho(f"Release {release.number} serves again.", fg="green")


@click.command()
@as_json_option
def releases(*, as_json: bool) -> None:
    """List the ledger of releases, the newest first."""
    import msgspec

    async def run(house: "LedgerHouse") -> "list[Release]":
        return await house.store.releases.latest(LISTED)

    listed = _run("releases", run)
    if as_json:
        print_json({"releases": msgspec.to_builtins(listed)})
        return
    if not listed:
        click.echo("No release yet: harmonyhub deploy")
    for release in listed:
        click.echo(_line_of(release))


def _line_of(release: "Release") -> str:
    made = datetime.fromtimestamp(release.created_at, tz=UTC)
    unverified = ", unverified" if release.accepted_unverified else ""
    note = f"  {release.note}" if release.note else ""
    return (
        f"{release.number:>5}  {made:%Y-%m-%d %H:%M} UTC  {release.state.value + unverified:<12}"
        f"  {release.version}  code {release.code_digest[:8]}"
        f"  configuration {release.configuration_fingerprint[:8]}{note}"
    )


@click.command()
@click.option("--target", required=True, help="The address of a running service, http(s)://...")
@as_json_option
def verify(*, target: str, as_json: bool) -> None:
    """Go a listener's way through a running service; nothing of it stays.

    Exit status 0: it works; 78: a step went wrong; 75: nobody answered, or it is not ready. The
    access password is taken from HARMONYHUB_ACCESS_PASSWORD where it is set.
    """
    import asyncio

    import msgspec

    journey = asyncio.run(_verify(target, on_step=_ignore if as_json else _show))
    if as_json:
        print_json({"is_good": journey.is_good, "steps": msgspec.to_builtins(journey.steps)})
    if not journey.is_good:
        sys.exit(COULD_NOT_SEE if journey.is_not_there else 78)


async def _verify(target: str, *, on_step: "Callable[[Step], None]") -> "Journey":
    from harmonyhub.release.journey import run_journey
    from harmonyhub.settings.load import process_environment
    from harmonyhub.wiring.ledger import read_ledger_settings

    settings = read_ledger_settings(process_environment(), folder=Path.cwd())
    return await run_journey(
        target, password=settings.access_password, has_worker=True, on_step=on_step
    )


def _run(owner: str, act: "Callable[[LedgerHouse], Awaitable[Result]]") -> Result:
    """Open the ledger, act on it, close it."""
    import asyncio

    from harmonyhub.settings.load import process_environment
    from harmonyhub.telemetry.logs import configure_logs
    from harmonyhub.wiring.ledger import open_ledger, read_ledger_settings

    async def run() -> Result:
        settings = read_ledger_settings(process_environment(), folder=Path.cwd())
        configure_logs(settings)
        async with open_ledger(settings, owner=f"harmonyhub {owner}", say=say) as house:
            return await act(house)

    return asyncio.run(run())


def _show(step: "Step") -> None:
    mark = click.style("ok  ", fg="green") if step.is_good else click.style("BAD ", fg="red")
    click.echo(f"{mark} {step.name:<20} {step.seen}  ({step.n_s:.1f} s)")


def _ignore(_: "Step") -> None:
    """Say nothing: the JSON at the end says it."""
