"""Commands of the configuration: check, doctor, diff, secrets."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harmonyhub.cli.session import print_json
from harmonyhub.domain.errors import HarmonyHubError, RefusedInputError

if TYPE_CHECKING:
    from harmonyhub.checks.spotify_walk import WalkReport
    from harmonyhub.domain.findings import Result
    from harmonyhub.settings.model import Settings
    from harmonyhub.settings.secret import Secret

env_file_option = click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Take the configuration from this file in place of .env.",
)


@click.command()
@click.option("--live", is_flag=True, help="Ask Spotify, MongoDB and the rest as well.")
@click.option(
    "--spotify-user",
    is_flag=True,
    help="With --live: sign a person in at Spotify, read one of each kind, write one playlist.",
)
@env_file_option
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "junit"]),
    default="text",
    show_default=True,
    help="For people, programs, GitHub's annotations, or JUnit readers.",
)
def check(
    *, live: bool, spotify_user: bool, env_file: Path | None, as_json: bool, form: str
) -> None:
    """Check the settings and this machine, with --live also all that they lead to.

    --live --spotify-user tries everything with a real person: it prints an address to open, makes
    about fifteen calls in that person's name, stores nothing, and says what your app may do.

    Exit status 0: fine; 78: a definite error of the configuration; 75: somebody else's fault kept
    us from knowing; 1: a check itself broke.
    """
    import asyncio

    from harmonyhub.checks.offline import check_offline
    from harmonyhub.checks.verdicts import exit_status

    if spotify_user and not live:
        raise click.UsageError("--spotify-user needs --live.")
    settings, results = check_offline(env_file=env_file)
    if live and settings is not None:
        results += asyncio.run(_check_live(settings))
    form = "json" if as_json else form
    status = exit_status(results)
    if not spotify_user or settings is None or _bars_spotify(results):
        _print_results(results, form)
        sys.exit(status)
    try:
        report = asyncio.run(_walk_spotify(settings))
    except HarmonyHubError:
        _print_results(results, form)  # what was found before is not lost with it
        raise
    _print_walk(report, results, form)
    sys.exit(report.exit_status or status)


def _bars_spotify(results: "tuple[Result, ...]") -> bool:
    """Whether a setting or Spotify itself failed: other checks, of a port say, bar nobody."""
    from harmonyhub.checks.verdicts import exit_status

    return exit_status([each for each in results if each.check_id < "HH2"]) != 0


async def _walk_spotify(settings: "Settings") -> "WalkReport":
    from harmonyhub.checks.spotify_walk import ask_consent, read_code, walk
    from harmonyhub.cli.consent import bring_back
    from harmonyhub.wiring.house import system_clock

    consent = ask_consent(settings)
    address = await bring_back(consent.url, redirect_uri=str(settings.spotify_redirect_uri))
    code = read_code(address, consent)
    return await walk(settings, code, verifier=consent.verifier, clock=system_clock)


def _print_walk(report: "WalkReport", results: "tuple[Result, ...]", form: str) -> None:
    from harmonyhub.checks.formats import results_as_json, walk_as_json, walk_as_text

    if form == "json":
        print_json({"results": results_as_json(results), "spotify_user": walk_as_json(report)})
        return
    _print_results(results, form)
    click.echo(walk_as_text(report), err=form != "text")


async def _check_live(settings: "Settings") -> "tuple[Result, ...]":
    from harmonyhub.checks.live import check_live
    from harmonyhub.checks.subject import Subject
    from harmonyhub.settings.secret import Secret
    from harmonyhub.storage.embedded import borrow
    from harmonyhub.wiring.house import system_clock

    async with borrow(settings.data_dir) as uri:
        subject = Subject(
            settings=settings, clock=system_clock, mongodb_uri=Secret(uri) if uri else None
        )
        return await check_live(subject)


def _print_results(results: "tuple[Result, ...]", form: str) -> None:
    from harmonyhub.checks import formats

    if form == "json":
        print_json({"results": formats.results_as_json(results)})
        return
    render = {
        "text": formats.render_results,
        "github": formats.results_as_github,
        "junit": formats.results_as_junit,
    }[form]
    click.echo(render(results))


@click.command()
@click.option("--target", help="The address of the instance; else that of the settings.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")
def doctor(*, target: str | None, as_json: bool) -> None:
    """Ask the running instance what it uses, and compare that with files and environment.

    Names every variable that has changed and is not loaded. Exit status 78 where there is one.
    """
    import asyncio

    from harmonyhub.flows.doctor import examine
    from harmonyhub.settings.load import read_settings

    report = asyncio.run(examine(read_settings(), target=target))
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(report))
    else:
        click.echo(report.as_text())
    sys.exit(0 if report.is_well else 78)


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")
def diff(old: str, new: str, *, as_json: bool) -> None:
    """Show which variables differ between two releases or files, secrets by fingerprint.

    OLD and NEW are each a number of the ledger, a file of NAME=VALUE lines, or "." for what the
    environment and .env say now.
    """
    import asyncio

    from harmonyhub.cli.session import run_in_house
    from harmonyhub.flows.difference import compare, is_number, key_of_fingerprints
    from harmonyhub.settings.load import survey_settings

    if is_number(old) or is_number(new):
        changes = run_in_house(
            "diff",
            lambda house: compare(
                old, new, key=key_of_fingerprints(house.settings), ledger=house.store.releases
            ),
        )
    else:
        settings, _ = survey_settings()
        changes = asyncio.run(compare(old, new, key=key_of_fingerprints(settings)))
    if as_json:
        print_json({"changes": [change.as_json() for change in changes]})
        return
    for change in changes:
        click.echo(change.as_text())
    if not changes:
        click.echo("No variable differs.")


@click.group()
def secrets() -> None:
    """Change secrets without a restart."""


@secrets.command()
@click.argument("name")
@click.option(
    "--from-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Read the new value from this file in place of the terminal.",
)
def rotate(name: str, *, from_file: Path | None) -> None:
    """Give the secret NAME a new value: tried first, then written, taken over within a second.

    The variable must come from a file (NAME_FILE). HARMONYHUB_ENCRYPTION_KEY makes its new value
    itself and seals everything again; stop the service for that.
    """
    import asyncio

    from harmonyhub.cli.session import say
    from harmonyhub.flows.rotation import (
        ENCRYPTION_KEY,
        find_secret_file,
        rotate_encryption_key,
        rotate_secret,
    )
    from harmonyhub.settings.load import read_settings

    settings = read_settings()
    if name == ENCRYPTION_KEY:
        click.echo(asyncio.run(rotate_encryption_key(settings, say=say)))
        return
    find_secret_file(settings, name)  # nobody is asked for a value that has no place
    click.echo(asyncio.run(rotate_secret(settings, name, _read_secret(name, from_file))))


def _read_secret(name: str, path: Path | None) -> "Secret":
    from harmonyhub.settings.secret import Secret

    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RefusedInputError(
                f"{path} cannot be read as text.", hint="It must hold the value and nothing else."
            ) from error
    elif sys.stdin.isatty():
        text = click.prompt(f"New value of {name}", hide_input=True, err=True)
    else:
        text = sys.stdin.readline()
    return Secret(text.removesuffix("\n").removesuffix("\r"))
