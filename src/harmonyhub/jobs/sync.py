"""The loops that keep what is stored of Spotify fresh: plays in one, libraries in the other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.flows.sync import BATCH, sync_due, sync_library_due
from harmonyhub.wiring.house import House

log = logging.getLogger(__name__)

IDLE_S = 2.0
BROKEN_S = 30.0


async def run_sync(house: House) -> None:
    """Synchronize users as they come due until cancelled; returns where Spotify is not set up.

    A long library keeps nobody's plays waiting, nor a person who has just consented.
    """
    if house.spotify is None:
        return
    async with asyncio.TaskGroup() as loops:
        loops.create_task(_repeat(lambda: _sync_plays(house)))
        loops.create_task(_repeat(lambda: sync_library_due(house)))


async def _sync_plays(house: House) -> bool:
    report = await sync_due(house)
    return report.n_synced + report.n_kept_aside == BATCH  # a full round: more may be due


async def _repeat(work: Callable[[], Awaitable[bool]]) -> None:
    """Do some work again and again, at once where more of it waits."""
    while True:
        pause_s = IDLE_S
        try:
            if await work():
                pause_s = 0.0
        except UnavailableError as error:
            log.error("no synchronization for now: %s", error.message)  # noqa: TRY400 - expected
        except Exception:
            log.exception("a round of synchronization broke off")
            pause_s = BROKEN_S
        await asyncio.sleep(pause_s)
