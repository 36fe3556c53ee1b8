"""Commands about ways from track to track, lists that are kept, and lists for several."""

from typing import TYPE_CHECKING

import click
import msgspec

from harmonyhub.cli.session import as_json_option, print_json, run_in_house, user_option
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.paths import LONGEST, SHORTEST

if TYPE_CHECKING:
    from harmonyhub.domain.paths import Path


@click.command()
@click.argument("start")
@click.argument("end")
@click.option("-n", "n", type=click.IntRange(SHORTEST, LONGEST), default=12, show_default=True)
@user_option
@as_json_option
def path(*, start: str, end: str, n: int, user: str, as_json: bool) -> None:
    """Find a way of N tracks from the track START to the track END, in small steps.

    Each track is near the one before and nearer END; the reason says what makes it near.
    """
    from harmonyhub.flows.paths import find_way

    found = run_in_house(
        "path",
        lambda house: find_way(
            house, user_id=UserId(user), start=TrackId(start), end=TrackId(end), n=n
        ),
    )
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        _print_path(found)


def _print_path(found: "Path") -> None:
    for number, step in enumerate(found.steps, start=1):
        click.secho(f"{number:>3}  {step.track.title}", bold=True, nl=False)
        click.echo(f" · {step.track.artist}   [{step.track.id}]")
        if step.reason:
            click.secho(f"       {step.reason.text}", dim=True)
    click.echo(found.note)
