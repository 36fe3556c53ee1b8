"""The command for one list for several."""

import click

from harmonyhub.cli.session import (
    as_json_option,
    print_cards,
    print_json,
    run_in_house,
    user_option,
)
from harmonyhub.cli.steering import make_wish, wish_options
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.recommendations import ListName


@click.command()
@click.argument("friends", nargs=-1, required=True)
@user_option
@click.option(
    "--list",
    "list_name",
    type=click.Choice([ListName.FOR_YOU.value, ListName.DISCOVER.value]),
    default=ListName.FOR_YOU.value,
    show_default=True,
    help="Which list; discover is new to all.",
)
@click.option("-n", "n", type=click.IntRange(1, 100), default=20, show_default=True)
@wish_options
@as_json_option
def together(
    *,
    friends: tuple[str, ...],
    user: str,
    list_name: str,
    n: int,
    as_json: bool,
    **options: "str | float | tuple[str, ...]",
) -> None:
    """Recommend tracks to a listener and FRIENDS of his, so that nobody is left out.

    The options from --words to --without-track steer the list, as in `harmonyhub recommend`.
    """
    from harmonyhub.flows.recommend import answer_as_json
    from harmonyhub.flows.together import recommend_together

    wanted = ListName(list_name)
    wish = make_wish(wanted, options)
    answer = run_in_house(
        "together",
        lambda house: recommend_together(
            house,
            user_id=UserId(user),
            friends=[UserId(name) for name in friends],
            list_name=wanted,
            n=n,
            wish=wish,
        ),
    )
    if as_json:
        print_json(answer_as_json(answer))
        return
    print_cards(answer.items)
    for clause in answer.not_understood:
        click.secho(f"\nNot understood: {clause}", fg="yellow")
    click.echo(f"\nBased on: {answer.based_on}")
