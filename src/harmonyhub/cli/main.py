"""The `harmonyhub` command: its groups of commands, and how errors leave the house."""

import sys

import click

import harmonyhub
from harmonyhub.cli import (
    batch,
    configuration,
    developer,
    drill,
    friends,
    incidents,
    knowledge,
    leaving,
    library,
    listener,
    lists,
    operator,
    playlists,
    quality,
    releases,
    sounds,
    spotify,
    tags,
    together,
)
from harmonyhub.domain.errors import HarmonyHubError

SECTIONS = {
    "Run": [operator.up, operator.demo, operator.serve, operator.work],
    "Operate": [
        configuration.check,
        operator.status,
        incidents.why,
        configuration.doctor,
        configuration.diff,
        configuration.secrets,
        incidents.alert,
        incidents.incident,
        knowledge.knowledge,
    ],
    "Release": [
        releases.keep,
        releases.deploy,
        releases.verify,
        releases.rollback,
        releases.releases,
        drill.drill,
    ],
    "Listen": [
        listener.import_,
        listener.train,
        listener.recommend,
        batch.recommend_all,
        lists.path,
        lists.lists,
        friends.friends,
        together.together,
        listener.export,
        leaving.delete_user,
        spotify.spotify,
        playlists.playlist,
    ],
    "Analyse": [library.analyse, sounds.similar, sounds.mix, tags.tags],
    "Develop": [
        quality.evaluate,
        developer.test,
        developer.check_code,
        developer.bench,
        developer.generate,
    ],
}


class SectionedGroup(click.Group):
    """A group that lists its commands under headings, in the order people need them."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one block of commands per section."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(command.name or "", command.get_short_help_str(80)) for command in commands]
                )
        del ctx


@click.group(cls=SectionedGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(harmonyhub.__version__, prog_name="harmonyhub")
def cli() -> None:
    """Personalized music recommendations and a detailed analysis of your favourite tracks.

    First steps: `harmonyhub up` starts everything and prints one address; drop your listening
    history on its Import page. The same from a terminal:

    \b
      harmonyhub import my_spotify_data.zip --user anna
      harmonyhub train
      harmonyhub recommend --user anna --list discover
    """  # noqa: D301 - click reads \b as "keep these lines as they stand"


for _section in SECTIONS.values():
    for _command in _section:
        cli.add_command(_command)


def main() -> None:
    """Run the command line; our own errors end in one message, a hint and their exit status."""
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except HarmonyHubError as error:
        click.secho(f"harmonyhub: {error.message}", fg="red", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        sys.exit(error.exit_status)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nharmonyhub: stopped.", err=True)
        sys.exit(130)
