"""Commands that run things and say how they are: up, demo, serve, work, status."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from harmonyhub.cli.session import (
    as_json_option,
    opened_house,
    print_json,
    run_in_house,
    telling_refusal,
)

if TYPE_CHECKING:
    from harmonyhub.flows.status import StatusReport
    from harmonyhub.wiring.house import House


@click.command()
def up() -> None:
    """Start everything on this machine and print one address; Ctrl-C stops it.

    MongoDB (embedded, unless HARMONYHUB_MONGODB_URI is set), the pages and API, and the worker.
    """
    from harmonyhub.cli.supervisor import run_everything

    with telling_refusal():
        run_everything(is_demo=False)


@click.command()
@click.option(
    "--spotify",
    "with_spotify",
    is_flag=True,
    help="Run a fake Spotify beside it, with made-up people to connect as.",
)
def demo(*, with_spotify: bool) -> None:
    """Start everything with the demo library: real artists, generated listeners.

    Without HARMONYHUB_DATA_DIR it uses a folder of its own, beside your own data.
    """
    from harmonyhub.cli.supervisor import run_everything

    run_everything(is_demo=True, with_fake_spotify=with_spotify)


@click.command()
def serve() -> None:
    """Serve the pages and the API only; `work` runs the jobs."""
    import asyncio

    with telling_refusal():
        asyncio.run(_serve())


async def _serve() -> None:
    from harmonyhub.cli.supervisor import until_told_to_stop
    from harmonyhub.web.app import build_app
    from harmonyhub.web.server import serve as serve_app
    from harmonyhub.web.server import spare_collections

    async with opened_house("serve") as house:
        app, settings = build_app(house), house.settings
        await until_told_to_stop(
            serve_app(app, host=settings.host, port=settings.port, on_ready=spare_collections)
        )


@click.command()
def work() -> None:
    """Run what needs no visitor: imports, trainings, analyses, synchronization and the watch."""
    import asyncio

    from harmonyhub.cli.supervisor import until_told_to_stop, worker_name
    from harmonyhub.jobs.background import run_background

    async def run() -> None:
        async with opened_house("work") as house:
            await until_told_to_stop(run_background(house, name=worker_name()))

    with telling_refusal():
        asyncio.run(run())


@click.command()
@as_json_option
def status(*, as_json: bool) -> None:
    """Say what there is and how fresh it is."""
    import msgspec

    from harmonyhub.flows.status import load_status

    async def flow(house: "House") -> "StatusReport":
        return await load_status(house)

    report = run_in_house("status", flow)
    if as_json:
        print_json(msgspec.to_builtins(report))
    else:
        _print_status(report)


def _print_status(report: "StatusReport") -> None:
    click.echo(f"HarmonyHub {report.version}, {report.store}, schema {report.schema_version}")
    click.echo(
        f"{report.n_users:,} users, {report.n_listens:,} listens, {report.n_tracks:,} tracks, "
        f"{report.n_artists:,} artists, {report.n_analyses:,} analyses"
    )
    if report.model_trained_at is None:
        click.echo("No model yet: harmonyhub train")
    else:
        trained = datetime.fromtimestamp(report.model_trained_at, tz=UTC)
        due = "; there are newer listens: harmonyhub train" if report.is_training_due else ""
        click.echo(f"Model {report.model_version} of {trained:%Y-%m-%d %H:%M} UTC{due}")
    if report.model_factors:
        click.echo(f"  with factors of {report.model_factors.file_name}")
    last = report.last_judgement
    if last and not last.judgement.verdict.is_promoted:
        told = datetime.fromtimestamp(last.at, tz=UTC)
        click.echo(f"  refused {told:%Y-%m-%d %H:%M} UTC: {last.judgement.why}")
    folder = report.music_folder
    if folder is not None:
        from harmonyhub.flows.music_folder import describe_music_folder

        click.echo(f"Music folder {folder.folder}: {describe_music_folder(folder)}")
    for job in report.jobs:
        click.echo(f"  job {job.id} {job.kind.value}: {job.state.value} {job.error or ''}")
