"""Commands for how analysed tracks sound: what is similar, what mixes."""

from typing import TYPE_CHECKING

import click

from harmonyhub.cli.session import as_json_option, print_json, print_track, run_in_house
from harmonyhub.domain.ids import TrackId

if TYPE_CHECKING:
    from harmonyhub.flows.mix import Mix
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
        print_track(number, one, because=[f"{one.why} (distance {one.distance:.2f})"])
    click.echo(f"\n{found.based_on}")


@click.command()
@click.argument("tracks", nargs=-1, required=True)
@click.option("--keep-first", is_flag=True, help="The first track named stays the first.")
@as_json_option
def mix(*, tracks: tuple[str, ...], keep_first: bool, as_json: bool) -> None:
    """Order analysed TRACKS, ids, so that each mixes well into the next: key, tempo, energy."""
    from harmonyhub.flows.mix import mix_as_json, order_mix

    async def flow(house: "House") -> "Mix":
        return await order_mix(
            house, track_ids=[TrackId(one) for one in tracks], keep_first=keep_first
        )

    found = run_in_house("mix", flow)
    if as_json:
        print_json(mix_as_json(found))
        return
    for number, one in enumerate(found.items, start=1):
        print_track(number, one, because=[one.because] if one.because else [])
    for left in found.left_out:
        click.echo(f"  left out, no analysis in the last training: {left}")
