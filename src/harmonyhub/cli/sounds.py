"""Commands for how analysed tracks sound: what is similar."""

from typing import TYPE_CHECKING

import click

from harmonyhub.cli.session import as_json_option, print_json, run_in_house
from harmonyhub.domain.ids import TrackId

if TYPE_CHECKING:
    from harmonyhub.flows.similar import SimilarSounds
    from harmonyhub.wiring.house import House


@click.command()
@click.argument("track")
@click.option("-n", "n", type=click.IntRange(1, 100), default=10, show_default=True)
@as_json_option
def similar(*, track: str, n: int, as_json: bool) -> None:
    """Name the analysed tracks that sound most like TRACK, an id, and say in what.

    A training compares the analysed tracks; TRACK itself may be newer.
    """
    from harmonyhub.flows.similar import find_similar, similar_as_json

    async def flow(house: "House") -> "SimilarSounds":
        return await find_similar(house, track_id=TrackId(track), n=n)

    found = run_in_house("similar", flow)
    if as_json:
        print_json(similar_as_json(found))
        return
    for number, one in enumerate(found.items, start=1):
        click.secho(f"{number:>3}  {one.title}", bold=True, nl=False)
        click.echo(f" · {one.artist}   [{one.id}]")
        click.secho(f"       {one.why} (distance {one.distance:.2f})", dim=True)
    click.echo(f"\n{found.based_on}")
