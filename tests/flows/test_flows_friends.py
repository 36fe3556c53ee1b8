"""Friends over the store: both at once, and who may be asked."""

import asyncio

import pytest

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.friends import Standing
from harmonyhub.domain.ids import UserId
from harmonyhub.flows.friends import add, list_friends, remove
from harmonyhub.wiring.house import House

ANNA, BEN = UserId("anna"), UserId("ben")


async def test_two_who_ask_each_other_at_once_are_friends(house: House) -> None:
    """Whoever writes second finds the other's request and accepts it; lists of both are anew."""
    for name in (ANNA, BEN):
        await house.store.users.ensure(name, now=0)
    await asyncio.gather(add(house, user_id=ANNA, name=BEN), add(house, user_id=BEN, name=ANNA))
    assert [Standing.FRIEND] == [one.standing for one in await list_friends(house, ANNA)]
    assert [ANNA] == await house.store.friendships.friends_of(BEN)
    assert [1, 1] == [await house.store.users.revision(name) for name in (ANNA, BEN)]
    ends = (remove(house, user_id=ANNA, name=BEN), remove(house, user_id=BEN, name=ANNA))
    done = await asyncio.gather(*ends, return_exceptions=True)
    assert 1 == sum(isinstance(one, NotFoundError) for one in done)
    assert [] == await list_friends(house, BEN)


async def test_an_unknown_name_makes_no_request(house: House) -> None:
    """Nothing is stored of who asks for nobody."""
    with pytest.raises(NotFoundError, match="no listener of that name"):
        await add(house, user_id=ANNA, name=BEN)
    assert await house.store.users.revision(ANNA) is None
