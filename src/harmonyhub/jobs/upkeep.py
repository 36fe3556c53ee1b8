"""Keeps the spool free of what nobody will ever take."""

from functools import partial

from harmonyhub.flows.tidy_spool import tidy_spool
from harmonyhub.jobs.loops import repeat
from harmonyhub.wiring.house import House

IDLE_S = 3600.0  # what is looked for is a day old at least


async def keep_tidy(house: House) -> None:
    """Tidy the spool every hour until cancelled."""
    await repeat(partial(_tidy, house), what="tidying the spool", idle_s=IDLE_S)


async def _tidy(house: House) -> bool:
    await tidy_spool(house)
    return False
