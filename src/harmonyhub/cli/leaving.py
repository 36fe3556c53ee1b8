"""The command that deletes a listener."""

from typing import TYPE_CHECKING

import click
import msgspec

from harmonyhub.cli.session import ProgressLine, as_json_option, opened_house, print_json, say
from harmonyhub.domain.errors import RefusedInputError, UnavailableError
from harmonyhub.domain.ids import UserId

if TYPE_CHECKING:
    from harmonyhub.domain.leaving import Departure


@click.command("delete-user")
@click.argument("name")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask for the name again.")
@as_json_option
def delete_user(name: str, *, is_sure: bool, as_json: bool) -> None:
    """Delete everything of the listener NAME, for good.

    Says in numbers what goes and asks for the name again. What a crash breaks off, a second run
    finishes. A training is queued, since the live index has learned from what went;
    docs/operating.md says what is left.
    """
    import asyncio

    departure = asyncio.run(_delete(UserId(name), is_sure=is_sure))
    if as_json:
        print_json(msgspec.to_builtins(departure))
        return
    click.echo(f"Everything of {name} is deleted. What that cannot reach:")
    for one in departure.remains:
        click.echo(f"  {one}")


async def _delete(user_id: UserId, *, is_sure: bool) -> "Departure":
    from harmonyhub.flows.leave import leave, look_before

    async with opened_house("delete-user") as house:
        found = await look_before(house, user_id)
        if not is_sure:
            _ask(found)
        line = ProgressLine()
        try:
            return await leave(house, user_id, on_progress=line)
        except UnavailableError:
            line.close()
            say("If deleting had begun: the same command, or a worker within two hours, ends it.")
            raise
        finally:
            line.close()


def _ask(departure: "Departure") -> None:
    say(f"Of {departure.user_id} this deletes for good:")
    for what, n in departure.deleted.items():
        say(f"  {n:>11,}  {what}")
    say(f"            1  name\nA copy first: harmonyhub export --user {departure.user_id}")
    typed = click.prompt("Type the name again", err=True, default="", show_default=False)
    if typed.strip() != departure.user_id:
        raise RefusedInputError("That is another name. Nothing was deleted.")
