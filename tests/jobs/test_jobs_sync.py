"""The loop that synchronizes: it survives what it meets and goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.upstreams import TokenState, UserToken
from harmonyhub.jobs import loops
from harmonyhub.jobs.sync import run_sync
from harmonyhub.wiring.house import House
from tests.flows.town import open_door
from tests.tools.fakes import fresh_fake


async def wait_for(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - MongoDB tells nobody
            await asyncio.sleep(0.02)


class StumblingClock:
    """Tells the time of a house, but for the first time, when it breaks."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.n_asked = 0

    def __call__(self) -> int:
        """Tell the time."""
        self.n_asked += 1
        if self.n_asked == 1:
            raise RuntimeError("the clock fell off the wall")
        return self._house.clock()


@pytest.mark.slow
async def test_the_loop_goes_on_after_a_fault_of_ours(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged with its traceback; the next round synchronizes the user."""
    monkeypatch.setattr(loops, "BROKEN_S", 0.01)
    async with fresh_fake() as fake:
        (app,), (user,) = await fake.control.apps(), await fake.control.seed_users(1)
        token = UserToken(
            user_id=user.user_id,
            client_id=app.client_id,
            state=TokenState.ACTIVE,
            consented_at=house.clock(),
            access_expires_at=0,
        )
        await house.store.tokens.save(token, refresh_token=user.refresh_token, access_token=None)
        async with open_door(fake, store=house.store, clock=house.clock) as spotify:
            working = replace(house, spotify=spotify, clock=StumblingClock(house))
            loop = asyncio.create_task(run_sync(working))
            await wait_for(lambda: house.store.synced_plays.count(UserId(user.user_id)))
            loop.cancel()
            await asyncio.wait([loop])

    assert "RuntimeError: the clock fell off the wall" in caplog.text


async def test_the_loop_ends_where_spotify_is_not_set_up(house: House) -> None:
    """It has nothing to do."""
    await asyncio.wait_for(run_sync(house), 1)
