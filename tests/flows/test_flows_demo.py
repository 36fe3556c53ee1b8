"""The demo library on the real store: whom it refuses, and that it starts again."""

import pytest

from harmonyhub.domain.errors import ConflictError
from harmonyhub.domain.ids import PERSONA, UserId
from harmonyhub.flows.demo import load_demo
from harmonyhub.flows.generated import is_demo, list_generated
from harmonyhub.flows.leave import leave
from harmonyhub.wiring.house import House


@pytest.mark.slow
async def test_a_real_library_stays_unmixed(house: House) -> None:
    """A data folder with listeners gets no generated ones beside them."""
    await house.store.users.ensure(UserId("anna"), now=1)
    with pytest.raises(ConflictError, match="anna"):
        await load_demo(house, on_progress=lambda _: None)
    assert [UserId("anna")] == await house.store.users.list_all()
    assert not await is_demo(house)
    assert frozenset() == await list_generated(house)


@pytest.mark.slow
async def test_a_demo_with_a_guest_starts_again(house: House) -> None:
    """Somebody who came into the demo keeps it from nothing, and is not called generated."""
    await load_demo(house, on_progress=lambda _: None)
    await house.store.users.ensure(UserId("zoe"), now=1)
    before = await house.store.counts()
    await load_demo(house, on_progress=lambda _: None)
    assert before == await house.store.counts()
    assert await is_demo(house)
    everyone = set(await house.store.users.list_all())
    assert everyone - {UserId("zoe")} == await list_generated(house)
    assert 61 == len(everyone) - 1


@pytest.mark.slow
async def test_who_leaves_a_demo_stays_away(house: House) -> None:
    """Also where it is the one who is you: it is a demo as before, and starts again as it is."""
    await load_demo(house, on_progress=lambda _: None)
    await house.store.users.ensure(UserId("zoe"), now=1)
    for user in (PERSONA, UserId("demo-listener-007")):
        await leave(house, user)
    before = await house.store.counts()
    await load_demo(house, on_progress=lambda _: None)
    assert before == await house.store.counts()
    assert await is_demo(house)
    assert 59 == len(await list_generated(house))
