"""What the worker does every hour."""

import asyncio
import shutil

from harmonyhub.domain.ids import UserId
from harmonyhub.flows.leave import BROKEN_OFF_S
from harmonyhub.jobs.upkeep import keep_tidy
from harmonyhub.wiring.house import House
from tests.conftest import SetClock

ANNA = UserId("anna")


async def test_a_departure_ends_whatever_becomes_of_the_spool(
    house: House, clock: SetClock
) -> None:
    """It is promised to who left: a folder that cannot be tidied up does not hinder it."""
    await house.store.users.ensure(ANNA, now=clock.now)
    await house.store.leaving.begin(ANNA, now=clock.now)
    clock.now += BROKEN_OFF_S + 1
    shutil.rmtree(house.spool_dir)
    tidying = asyncio.create_task(keep_tidy(house))
    async with asyncio.timeout(20):
        while await house.store.leaving.has_begun(ANNA):
            assert not tidying.done()
            await asyncio.sleep(0.05)
    tidying.cancel()
