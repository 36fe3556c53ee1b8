"""The loop that notes once for each listener that a consent comes to its end."""

import asyncio
import logging

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.flows.connection import note_notices
from harmonyhub.wiring.house import House

log = logging.getLogger(__name__)

LOOK_S = 3600.0  # notices are days apart


async def run_notices(house: House) -> None:
    """Look once an hour until cancelled; returns where Spotify is not set up."""
    while house.spotify is not None:
        try:
            await note_notices(house)
        except UnavailableError as error:
            log.error("no look at the consents for now: %s", error.message)  # noqa: TRY400
        except Exception:
            log.exception("a look at the consents broke off")
        await asyncio.sleep(LOOK_S)
