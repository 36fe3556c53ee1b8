"""Keeps the spool free of what nobody will ever take, and finishes departures that broke off."""

from functools import partial

from harmonyhub.flows.leave import finish_departures
from harmonyhub.flows.tidy_spool import tidy_spool
from harmonyhub.jobs.loops import repeat
from harmonyhub.wiring.house import House

IDLE_S = 3600.0  # what is looked for is a day old at least


async def keep_tidy(house: House) -> None:
    """Tidy up every hour until cancelled."""
    await repeat(partial(_tidy, house), what="tidying up", idle_s=IDLE_S)


async def _tidy(house: House) -> bool:
    await finish_departures(house)  # first: it is promised, and a full disk does not hinder it
    await tidy_spool(house)
    return False
