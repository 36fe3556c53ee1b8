"""Keeps the descriptors of stored analyses up to the definitions of this code."""

from functools import partial

from harmonyhub.flows.describing import describe_outdated
from harmonyhub.jobs.loops import repeat
from harmonyhub.wiring.house import House

IDLE_S = 3600.0  # only a release before this one, still at work, leaves anything to do


async def keep_described(house: House) -> None:
    """Describe analyses again until cancelled; mostly there are none."""
    await repeat(partial(_describe, house), what="describing analyses again", idle_s=IDLE_S)


async def _describe(house: House) -> bool:
    await describe_outdated(house)
    return False
