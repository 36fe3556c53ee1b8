"""The loops that keep what is stored of Spotify fresh: plays in one, libraries in the other."""

import asyncio
from functools import partial

from harmonyhub.flows.connection import note_notices
from harmonyhub.flows.sync import BATCH, sync_due, sync_library_due
from harmonyhub.jobs.loops import repeat
from harmonyhub.wiring.house import House

IDLE_S = 2.0
NOTICES_S = 3600.0  # they are days apart


async def run_sync(house: House) -> None:
    """Synchronize users as they come due until cancelled; returns where Spotify is not set up.

    A long library keeps nobody's plays waiting, nor a person who has just consented.
    """
    if house.spotify is None:
        return
    async with asyncio.TaskGroup() as loops:
        for work, what, idle_s in (
            (_sync_plays, "synchronization", IDLE_S),
            (sync_library_due, "reading libraries", IDLE_S),
            (_note_notices, "looking at consents", NOTICES_S),
        ):
            loops.create_task(repeat(partial(work, house), what=what, idle_s=idle_s))


async def _sync_plays(house: House) -> bool:
    report = await sync_due(house)
    return report.n_synced + report.n_kept_aside == BATCH  # a full round: more may be due


async def _note_notices(house: House) -> bool:
    await note_notices(house)
    return False
