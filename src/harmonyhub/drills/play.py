"""Plays one act in this process and prints its figures; the drill starts one process per act."""

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import click

from harmonyhub.domain.errors import HarmonyHubError
from harmonyhub.drills.act_alerts import play_alerts
from harmonyhub.drills.act_exposure import play_exposure
from harmonyhub.drills.act_gate import play_gate
from harmonyhub.drills.act_prometheus import play_prometheus
from harmonyhub.drills.act_quiet import play_quiet
from harmonyhub.drills.act_rejection import play_rejection
from harmonyhub.drills.act_release import play_release
from harmonyhub.drills.act_secrets import play_secrets
from harmonyhub.drills.guards import Guards
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.scorecard import Figure
from harmonyhub.drills.site import Ground


class Act(Protocol):
    """One act: breaks things on a ground, and gives what it measured."""

    def __call__(
        self, ground: Ground, *, seed: int, scale: Scale, guards: Guards
    ) -> Awaitable[Mapping[str, Figure]]:
        """Play it."""


ACTS: Mapping[str, Act] = {
    "gate": play_gate,
    "alerts": play_alerts,
    "prometheus": play_prometheus,
    "release": play_release,
    "rejection": play_rejection,
    "exposure": play_exposure,
    "quiet": play_quiet,
}


async def play(
    act: str, folder: Path, *, seed: int, scale: Scale, guards: Guards
) -> dict[str, Figure]:
    """Play an act on a ground of its own, and search what it left for secrets."""
    async with Ground.open(folder) as ground:
        figures = await ACTS[act](ground, seed=seed, scale=scale, guards=guards)
        return {**figures, **await play_secrets(ground, seed=seed, scale=scale, guards=guards)}


@click.command()
@click.argument("act", type=click.Choice(list(ACTS)))
@click.option("--folder", type=click.Path(path_type=Path), required=True)
@click.option("--seed", type=int, required=True)
@click.option("--short", "is_short", is_flag=True)
@click.option("--guards-off", "is_unguarded", is_flag=True)
def main(act: str, folder: Path, *, seed: int, is_short: bool, is_unguarded: bool) -> None:
    """Play ACT and print its figures as one line of JSON; the log goes to standard error."""
    logging.basicConfig(level=logging.ERROR)
    # The column of 2024-08-14 needs no thousand cases to say what it says.
    scale = Scale.short() if is_short or is_unguarded else Scale.full()
    guards = Guards.none() if is_unguarded else Guards.all()
    try:
        figures = asyncio.run(play(act, folder, seed=seed, scale=scale, guards=guards))
    except HarmonyHubError as error:
        click.echo(json.dumps({"error": error.message, "hint": error.hint}))
        sys.exit(error.exit_status)
    click.echo(json.dumps({name: asdict(figure) for name, figure in figures.items()}))


if __name__ == "__main__":
    main()
