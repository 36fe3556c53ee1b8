"""Training: everyone's listens in, a new serving index out, swapped in at once."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from harmonyhub.domain.jobs import Job, JobKind, Progress
from harmonyhub.recommender.training import train
from harmonyhub.sources.starter.library import load_library
from harmonyhub.wiring.house import House

Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training learned from, and the version that is live now."""

    version: str
    n_users: int
    n_tracks: int
    n_listens: int
    n_pairs: int


async def submit_training(house: House) -> Job:
    """Queue a training; while one waits in the queue, that one is returned."""
    return await house.store.jobs.add(
        kind=JobKind.TRAIN, user_id=None, arguments={}, now=house.clock(), key="train"
    )


async def run_training(house: House, *, on_progress: Report) -> TrainingResult:
    """Learn from all listens and make the new index the live one.

    The starter catalogue is part of what can be recommended: without it, somebody who is alone
    here would have heard everything there is. The previous index stays live until the new one is
    stored whole.
    """
    on_progress(Progress(message="reading listens"))
    await house.store.tracks.resolve([t for artist in load_library() for t in artist.tracks])
    interactions = await house.store.listens.interactions()
    catalogue = await house.store.tracks.catalogue()

    index = await asyncio.to_thread(train, interactions, catalogue, on_progress=on_progress)

    facts: Mapping[str, int] = {
        "n_users": len(interactions.user_ids),
        "n_tracks": len(catalogue),
        "n_listens": int(interactions.plays.sum()),
        "n_pairs": len(interactions.plays),
    }
    on_progress(Progress(message="storing the index"))
    data = await asyncio.to_thread(index.to_bytes)
    version = await house.store.models.put(data, metadata=dict(facts), now=house.clock())
    return TrainingResult(version=version, **facts)


def as_json(result: TrainingResult) -> dict[str, object]:
    """Give the result as plain JSON values."""
    return asdict(result)
