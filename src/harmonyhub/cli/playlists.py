"""Commands about playlists at Spotify: send one, list those that were sent."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from harmonyhub.cli.session import (
    ProgressLine,
    as_json_option,
    print_json,
    run_in_house,
    user_option,
)
from harmonyhub.cli.steering import make_wish, wish_options
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.playlists import MOST_TRACKS, PushMode
from harmonyhub.domain.recommendations import ListName

if TYPE_CHECKING:
    from harmonyhub.domain.playlists import PushedPlaylist
    from harmonyhub.flows.playlist_wishes import PlaylistWish
    from harmonyhub.wiring.house import House


@click.group()
def playlist() -> None:
    """Send lists to Spotify as playlists.

    The listener connects first, on the page /spotify. docs/spotify.md says what happens when an
    answer is lost, and how tracks are found.
    """


@playlist.command()
@user_option
@click.option(
    "--list",
    "list_name",
    type=click.Choice([name.value for name in ListName]),
    help="Which list.",
)
@click.option("--tracks", help="Ids of tracks, parted by commas, in place of a list.")
@click.option("-n", "n", type=click.IntRange(1, MOST_TRACKS), default=50, show_default=True)
@click.option("--name", default="", help="The playlist's name; else list and day.")
@click.option("--key", default="", help="Names the playlist for who may ask twice.")
@click.option(
    "--replace",
    "mode",
    flag_value=PushMode.REPLACE.value,
    help="One playlist for this list, its items exchanged.",
)
@click.option(
    "--append",
    "mode",
    flag_value=PushMode.APPEND.value,
    help="One playlist for this list, put behind its items.",
)
@click.option("--anew", is_flag=True, help="Make a playlist again that was removed at Spotify.")
@wish_options
@as_json_option
def push(
    *,
    user: str,
    list_name: str | None,
    tracks: str | None,
    n: int,
    name: str,
    key: str,
    mode: str | None,
    anew: bool,
    as_json: bool,
    **options: "str | float | tuple[str, ...]",
) -> None:
    """Save a list as a private playlist at Spotify; the same command twice makes one.

    The options from --words on steer the list, and the playlist's description says how.
    Without --replace or --append there is one playlist for this list and day. After any failure
    the same command goes on where it stopped.
    """
    from harmonyhub.domain.knobs import NO_WISH
    from harmonyhub.flows.playlist_wishes import PlaylistWish
    from harmonyhub.flows.push_playlist import push_as_json

    if (list_name is None) == (tracks is None):
        raise click.UsageError("Name one of --list and --tracks.")
    named = ListName(list_name) if list_name else None
    if named is None and any(options.values()):
        raise click.UsageError("Tracks that are named are taken as they are: nothing steers them.")
    wish = PlaylistWish(
        user_id=UserId(user),
        list_name=named,
        wish=make_wish(named, options) if named else NO_WISH,
        track_ids=tuple(TrackId(one.strip()) for one in (tracks or "").split(",") if one.strip()),
        n=n,
        title=name,
        key=key,
        mode=PushMode(mode) if mode else PushMode.CREATE,
        is_anew=anew,
    )
    done = run_in_house("playlist push", lambda house: _push(house, wish))
    if as_json:
        print_json(push_as_json(done))
    else:
        _print_push(push_as_json(done))


async def _push(house: "House", wish: "PlaylistWish") -> "PushedPlaylist":
    from harmonyhub.flows.push_playlist import order_playlist, push_playlist
    from harmonyhub.flows.resolve_rest import submit_rest

    order = await order_playlist(house, wish)
    line = ProgressLine()
    try:
        done = await push_playlist(house, order, on_progress=line)
    finally:
        line.close()
    if done.n_open:
        await submit_rest(house, order)
    return done


@playlist.command("list")
@user_option
@as_json_option
def list_(*, user: str, as_json: bool) -> None:
    """List the playlists that were sent, the latest first; nothing is asked of Spotify."""
    from harmonyhub.flows.push_playlist import push_as_json

    async def load(house: "House") -> "list[PushedPlaylist]":
        return await house.store.pushed_playlists.of_user(UserId(user))

    found = [push_as_json(one) for one in run_in_house("playlist list", load)]
    if as_json:
        print_json({"playlists": found})
        return
    if not found:
        click.echo(f"None yet. Send one: harmonyhub playlist push --user {user} --list discover")
    for one in found:
        _print_push(one)


def _print_push(push: Mapping[str, object]) -> None:
    click.echo(
        f"{push['title']}: {push['n_written']} of {push['n_wanted']} tracks, {push['state']}"
    )
    if push["n_missing"]:
        click.echo(f"  {push['n_missing']} are not at Spotify")
    if push["n_open"]:
        click.echo(f"  {push['n_open']} are looked for in the background, while a worker runs")
    if push["url"]:
        click.echo(f"  {push['url']}")
