"""Runs the fake: `python -m harmonyhub.drills.fake_spotify --seed 1`."""

import asyncio
import time

import click

from harmonyhub.drills.children import announce
from harmonyhub.drills.fake_spotify.service import Service, Stage
from harmonyhub.drills.fake_spotify.world import World
from harmonyhub.drills.http import listen


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free one.")
@click.option("--seed", type=int, default=0, help="Draws apps, tokens and wording.")
@click.option(
    "--token-life-s", type=click.IntRange(1), default=3600, help="How long an access token is good."
)
@click.option(
    "--mode",
    type=click.Choice(["development", "extended"]),
    default="development",
    help="What a new app gets, or what an old one keeps.",
)
@click.option("--salt", default="", help="Makes tokens differ from others of the same seed.")
@click.option("--record", is_flag=True, help="Keep requests and answers with their bodies.")
def main(*, port: int, seed: int, token_life_s: int, mode: str, salt: str, record: bool) -> None:
    """Serve until the parent ends or the process is stopped; one line of JSON says where."""

    def make(seed: int) -> Service:
        is_extended = mode == "extended"
        world = World(
            seed, clock=time.time, token_life_s=token_life_s, is_extended=is_extended, salt=salt
        )
        return Service(world, is_recording=record)

    stage = Stage(make, seed=seed)

    async def run() -> None:
        async with listen(stage, now=stage.shown_time, port=port) as bound:
            announce({"url": f"http://127.0.0.1:{bound}"})
            await asyncio.Event().wait()

    asyncio.run(run())


main()
