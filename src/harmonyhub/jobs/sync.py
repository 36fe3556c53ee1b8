"""The loop that keeps what is stored of Spotify fresh."""

import asyncio
import logging

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.flows.sync import BATCH, sync_due
from harmonyhub.wiring.house import House

log = logging.getLogger(__name__)

IDLE_S = 2.0
BROKEN_S = 30.0


async def run_sync(house: House) -> None:
    """Synchronize users as they come due until cancelled; returns where Spotify is not set up."""
    while house.spotify is not None:
        pause_s = IDLE_S
        try:
            report = await sync_due(house)
            if report.n_synced + report.n_kept_aside == BATCH:
                pause_s = 0.0  # a full round: more may be due
        except UnavailableError as error:
            log.error("no synchronization for now: %s", error.message)  # noqa: TRY400 - expected
        except Exception:
            log.exception("a round of synchronization broke off")
            pause_s = BROKEN_S
        await asyncio.sleep(pause_s)
