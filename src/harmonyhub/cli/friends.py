"""Commands about friends: who is one, ask or accept, decline or end."""

from typing import TYPE_CHECKING

import click
import msgspec

from harmonyhub.cli.session import as_json_option, print_json, run_in_house, user_option
from harmonyhub.domain.friends import Standing
from harmonyhub.domain.ids import UserId

if TYPE_CHECKING:
    from harmonyhub.domain.friends import Friend

TELL = {
    Standing.FRIEND: "is a friend",
    Standing.ASKED: "was asked",
    Standing.ASKS_YOU: "asks you; to accept: harmonyhub friends add {name} --user {user}",
}


@click.group()
def friends() -> None:
    """Friends among the listeners of this house: both have to want it, either ends it.

    docs/friends.md says what friends learn of each other.
    """


@friends.command("list")
@user_option
@as_json_option
def list_(*, user: str, as_json: bool) -> None:
    """List friends, and requests both ways."""
    from harmonyhub.flows.friends import list_friends

    found = run_in_house("friends", lambda house: list_friends(house, UserId(user)))
    if as_json:
        print_json({"items": [msgspec.to_builtins(one) for one in found]})
        return
    for one in found:
        _print(one, user)
    if not found:
        click.echo(f"None yet. Ask one: harmonyhub friends add NAME --user {user}")


@friends.command()
@click.argument("name")
@user_option
@as_json_option
def add(*, name: str, user: str, as_json: bool) -> None:
    """Ask the listener NAME, or accept what NAME asked."""
    from harmonyhub.flows.friends import add as add_flow

    made = run_in_house(
        "friends", lambda house: add_flow(house, user_id=UserId(user), name=UserId(name))
    )
    if as_json:
        print_json(msgspec.to_builtins(made))
    else:
        _print(made, user)


@friends.command()
@click.argument("name")
@user_option
@as_json_option
def remove(*, name: str, user: str, as_json: bool) -> None:
    """Decline what NAME asked, take back what NAME was asked, or end the friendship."""
    from harmonyhub.flows.friends import remove as remove_flow

    run_in_house(
        "friends", lambda house: remove_flow(house, user_id=UserId(user), name=UserId(name))
    )
    if as_json:
        print_json({"removed": name})
    else:
        click.echo(f"Nothing is between {user} and {name} any more.")


def _print(friend: "Friend", user: str) -> None:
    told = TELL[friend.standing].format(name=friend.name, user=user)
    click.echo(f"{friend.name} {told}")
