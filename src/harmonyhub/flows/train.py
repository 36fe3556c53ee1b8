"""Training: everyone's listens in, a new serving index out, swapped in if it is no worse."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from harmonyhub.domain.engines import EngineName
from harmonyhub.domain.errors import RefusedIndexError
from harmonyhub.domain.factor_origin import FactorOrigin
from harmonyhub.domain.history import CatalogueEntry, Interactions
from harmonyhub.domain.jobs import Progress, Report
from harmonyhub.domain.judgements import Judgement, Verdict
from harmonyhub.flows.bring_factors import carry_factors, load_factors, settle_factors
from harmonyhub.flows.judging import HELD_OUT, judge_index
from harmonyhub.flows.knowledge import lay_knowledge
from harmonyhub.flows.sounds import lay_sounds
from harmonyhub.flows.training_report import keep_judgement
from harmonyhub.recommender.holding_out import (
    count_all,
    drop_pairs,
    mark_held_out,
    share_held_out,
)
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.training import train
from harmonyhub.sources.starter.library import load_library
from harmonyhub.wiring.engines import opened_engine
from harmonyhub.wiring.house import House


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training learned from, the version that is live now, and why it is.

    `factors` say where its factors are from, if it did not learn them itself.
    """

    version: str
    n_users: int
    n_tracks: int
    n_listens: int
    n_pairs: int
    judgement: Judgement
    factors: FactorOrigin | None = None


async def run_training(
    house: House,
    *,
    on_progress: Report,
    even_if_worse: bool = False,
    engine: EngineName | None = None,
    factors: Path | None = None,
    own_factors: bool = False,
) -> TrainingResult:
    """Learn from all listens and make the new index the live one, unless it is worse.

    The starter catalogue is part of what can be recommended: without it, somebody who is alone
    here would have heard everything there is. The previous index stays live until the new one is
    stored whole.

    Parameters
    ----------
    even_if_worse : bool
        Whether an index that serves held-out listens worse may go live too; a broken one never.
    engine : EngineName, optional
        What runs the stages; by default what is worth it here.
    factors : Path, optional
        A table of factors that take the place of what would be learned; by default those that
        were brought for the live index, as long as they serve no worse.
    own_factors : bool
        Whether those are given up.

    Raises
    ------
    ConfigurationError
        If the engine is not installed.
    RefusedInputError
        If the table of factors cannot be taken.
    RefusedIndexError
        If the new index is broken or worse than the live one, which then stays.
    """
    on_progress(Progress(message="reading listens"))
    await house.store.tracks.resolve([t for artist in load_library() for t in artist.tracks])
    interactions = await house.store.listens.interactions()
    catalogue = await house.store.tracks.catalogue()
    tried = await load_factors(house, factors) if factors else None
    if tried is None and not own_factors:
        tried = await carry_factors(house)

    ppm = share_held_out(len(interactions.plays))
    learned = await asyncio.to_thread(
        _learn, interactions, catalogue, ppm=ppm, on_progress=on_progress, name=engine
    )
    whole, origin = await asyncio.to_thread(
        settle_factors,
        await complete_index(house, learned, catalogue),
        tried,
        interactions=interactions,
        ppm=ppm,
    )
    data = await asyncio.to_thread(whole.to_bytes)
    # What is judged is what the stored bytes hold.
    index = await asyncio.to_thread(ServingIndex.from_bytes, data)
    on_progress(Progress(message="judging the index"))
    judgement, live = await judge_index(house, index, interactions=interactions, ppm=ppm)
    if even_if_worse and judgement.verdict is Verdict.WORSE:
        judgement = replace(judgement, verdict=Verdict.ACCEPTED)

    facts: Mapping[str, int] = {
        "n_users": len(interactions.user_ids),
        "n_tracks": len(catalogue),
        "n_listens": int(interactions.plays.sum()),
        "n_pairs": len(interactions.plays),
    }
    if not judgement.verdict.is_promoted:
        await keep_judgement(house, judgement)
        raise _refusal(judgement, is_live=live is not None)
    on_progress(Progress(message="storing the index"))
    version = await house.store.models.put(
        data,
        metadata={**facts, HELD_OUT: ppm},
        now=house.clock(),
        judged=live.version if live else None,
        factors=origin,
    )
    await keep_judgement(house, judgement, version=version)
    return TrainingResult(version=version, **facts, judgement=judgement, factors=origin)


async def complete_index(
    house: House, learned: ServingIndex, catalogue: Sequence[CatalogueEntry]
) -> ServingIndex:
    """Lay onto an index what is known of its tracks beside listens: packs, and how they sound."""
    knowledge = await lay_knowledge(house, learned, catalogue)
    return await lay_sounds(house, replace(learned, knowledge=knowledge))


def _learn(
    interactions: Interactions,
    catalogue: Sequence[CatalogueEntry],
    *,
    ppm: int,
    on_progress: Report,
    name: EngineName | None,
) -> ServingIndex:
    """Learn from what is not held out, and count all."""
    learned = drop_pairs(interactions, mark_held_out(interactions, ppm))
    with opened_engine(name, n_pairs=len(learned.plays)) as engine:
        index = train(learned, catalogue, on_progress=on_progress, engine=engine)
    return count_all(index, interactions, catalogue)


def _refusal(judgement: Judgement, *, is_live: bool) -> RefusedIndexError:
    hint = (
        "harmonyhub train --even-if-worse makes it live all the same."
        if judgement.verdict is Verdict.WORSE
        else "This is a fault of ours, or of what was imported last; please report it."
    )
    stays = " The live index stays." if is_live else ""
    return RefusedIndexError(judgement.why + stays, hint=hint, judgement=judgement)


def as_json(result: TrainingResult) -> dict[str, object]:
    """Give the result as plain JSON values."""
    return dict(msgspec.to_builtins(result))
