"""The command `drill`: re-enact the incident of 2024-08-14 and print the scorecard."""

import sys

import click

from harmonyhub.cli.session import as_json_option, print_json, say


@click.command()
@click.option("--seed", default=1, show_default=True, help="Draws faults, moments and wordings.")
@click.option(
    "--short", "is_short", is_flag=True, help="Few cases of each kind, in a minute and a half."
)
@as_json_option
def drill(*, seed: int, is_short: bool, as_json: bool) -> None:
    """Re-enact the incident with every kind of fault, and print what held.

    Real MongoDB, HAProxy, Prometheus and Alertmanager, a fake Spotify, all in a folder of their
    own that goes at the end; nothing of yours is touched. Beside the product's column stands one
    with the guards off. Exit status 0 only if every target holds.
    """
    import asyncio

    from harmonyhub.drills.drill import run_drill

    scorecard = asyncio.run(run_drill(seed=seed, is_short=is_short, say=say))
    if as_json:
        print_json(scorecard.as_json())
    else:
        click.echo(scorecard.as_markdown())
        click.echo(f"\nSeed {seed}, {scorecard.seconds:.0f} s.")
        for target in scorecard.missed:
            figure = scorecard.figures.get(target.key)
            note = f" ({figure.note})" if figure is not None and figure.note else ""
            click.secho(f"missed: {target.title}{note}", fg="red")
    sys.exit(1 if scorecard.missed else 0)
