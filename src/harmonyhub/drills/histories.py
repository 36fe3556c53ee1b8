"""Gives the people of a site something that they played, so that their lists are real."""

import random
from collections.abc import Iterable

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.jobs import Progress
from harmonyhub.domain.listens import SourceKind
from harmonyhub.flows.train import run_training
from harmonyhub.sources.starter.library import load_library
from harmonyhub.storage.listens import NewListen
from harmonyhub.wiring.house import House

N_ARTISTS = 5
N_PLAYS = 30
PLAYED_MS = 200_000
PLAY_EVERY_S = 7 * 3600


async def give_histories(house: House, user_ids: Iterable[str], *, rng: random.Random) -> None:
    """Let each user have played some artists over the last days, and learn from all of them."""
    artists = [
        await house.store.tracks.resolve(list(artist.tracks))
        for artist in rng.sample(load_library(), 10 * N_ARTISTS)
    ]
    now = house.clock()
    for user_id in user_ids:
        known = rng.sample(artists, N_ARTISTS)
        listens = [
            NewListen(
                number=number,
                track_id=rng.choice(rng.choice(known)),
                played_at=now - number * PLAY_EVERY_S,
                played_ms=PLAYED_MS,
            )
            for number in range(1, N_PLAYS + 1)
        ]
        await house.store.listens.add(
            user_id=UserId(user_id),
            ledger_id=LedgerId(f"drill-{user_id}"),
            source=SourceKind.DEMO,
            listens=listens,
        )
    await run_training(house, on_progress=_no_word)


def _no_word(_: Progress) -> None:
    """Nobody watches."""
