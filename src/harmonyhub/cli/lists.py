"""Commands about ways from track to track, and lists that are kept."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import msgspec

from harmonyhub.cli.session import (
    as_json_option,
    print_cards,
    print_json,
    print_track,
    run_in_house,
    user_option,
)
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.kept_lists import KeptListName
from harmonyhub.domain.paths import LONGEST, SHORTEST, WayBy

if TYPE_CHECKING:
    from harmonyhub.domain.kept_lists import KeptList
    from harmonyhub.domain.paths import Path
    from harmonyhub.wiring.house import House


@click.command()
@click.argument("start")
@click.argument("end")
@click.option("-n", "n", type=click.IntRange(SHORTEST, LONGEST), default=12, show_default=True)
@click.option(
    "--by",
    type=click.Choice([by.value for by in WayBy]),
    default=WayBy.ALL.value,
    show_default=True,
    help="What makes tracks near: all that is known, or how they sound alone.",
)
@user_option
@as_json_option
def path(*, start: str, end: str, n: int, by: str, user: str, as_json: bool) -> None:
    """Find a way of N tracks from the track START to the track END, in small steps.

    Each track is near the one before and nearer END; the reason says what makes it near.
    """
    from harmonyhub.flows.paths import find_way

    found = run_in_house(
        "path",
        lambda house: find_way(
            house,
            user_id=UserId(user),
            start=TrackId(start),
            end=TrackId(end),
            n=n,
            by=WayBy(by),
        ),
    )
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        _print_path(found)


def _print_path(found: "Path") -> None:
    for number, step in enumerate(found.steps, start=1):
        print_track(number, step.track, because=[step.reason.text] if step.reason else [])
    click.echo(found.note)


@click.command()
@user_option
@click.option(
    "--list",
    "list_name",
    type=click.Choice([name.value for name in KeptListName]),
    default=KeptListName.WEEKLY.value,
    show_default=True,
    help="Which list.",
)
@click.option("--period", help="Only that day (2026-11-28) or week (2026-W48).")
@click.option("-n", "n", type=click.IntRange(1, 100), default=1, show_default=True)
@as_json_option
def lists(*, user: str, list_name: str, period: str | None, n: int, as_json: bool) -> None:
    """Show lists of days or weeks as they were given, the latest first."""
    name = KeptListName(list_name)

    async def load(house: "House") -> "list[KeptList]":
        from harmonyhub.flows.keep_lists import load_kept

        if period is not None:
            return [await load_kept(house, UserId(user), name, period=period)]
        return await house.store.kept_lists.latest(UserId(user), name, n=n)

    found = run_in_house("lists", load)
    if as_json:
        print_json({"items": [msgspec.to_builtins(kept) for kept in found]})
        return
    for kept in found:
        made = datetime.fromtimestamp(kept.made_at, tz=UTC)
        click.echo(f"{kept.list_name.value} {kept.period}, made {made:%Y-%m-%d %H:%M} UTC")
        print_cards(kept.items)
    if not found:
        click.echo("None yet: a worker makes them for everyone with a history, once trained.")
