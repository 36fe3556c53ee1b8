"""The loop that sees to the lists of the day and the week."""

import asyncio
from functools import partial

from harmonyhub.flows.orders import order_lists
from harmonyhub.jobs.loops import repeat
from harmonyhub.wiring.house import House

LOOK_S = 120.0  # a new day may wait that long; a look is two small queries


async def keep_lists(house: House) -> None:
    """Order lists as days and weeks begin, until cancelled; a start has better things to do."""
    await asyncio.sleep(LOOK_S)
    await repeat(partial(order_lists, house), what="ordering lists", idle_s=LOOK_S)
