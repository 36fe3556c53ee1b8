"""The quality gate of a training: judges the new index against the live one."""

import asyncio

from harmonyhub.domain.errors import HarmonyHubError, UnavailableError
from harmonyhub.domain.history import Interactions
from harmonyhub.domain.judgements import Judgement, Verdict
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.judging import find_fault, judge
from harmonyhub.storage.models import ModelRecord
from harmonyhub.wiring.house import House

HELD_OUT = "held_out_ppm"  # of the facts of a training; older ones have none

UNREADABLE = Judgement(Verdict.NOT_JUDGED, why="Not judged: the live index cannot be read.")
FIRST = Judgement(Verdict.FIRST, why="The first index: there is none to judge it against.")


async def judge_index(
    house: House, new: ServingIndex, *, interactions: Interactions, ppm: int
) -> tuple[Judgement, ModelRecord | None]:
    """Judge an index, and say against which live one; None if there is none.

    Parameters
    ----------
    ppm : int
        The share of the pairs that it has not learned from, in parts per million.
    """
    record = await house.store.models.current()
    fault = await asyncio.to_thread(find_fault, new, interactions)
    if fault is not None:
        why = f"The new index is broken: {fault}."
        return Judgement(Verdict.BROKEN, why=why), record
    if record is None:
        return FIRST, None
    live = await _load(house, record)
    if live is None:
        return UNREADABLE, record
    both = min(ppm, record.metadata.get(HELD_OUT, 0))
    verdict = await asyncio.to_thread(judge, new, live, interactions=interactions, ppm=both)
    return verdict, record


async def _load(house: House, record: ModelRecord) -> ServingIndex | None:
    try:
        data = await house.store.models.load(record.version)
        return await asyncio.to_thread(ServingIndex.from_bytes, data)
    except UnavailableError:
        raise
    except HarmonyHubError:  # damaged, of another release, or gone: nothing to lose
        return None
