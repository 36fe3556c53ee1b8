"""Friends over the store: both at once, and who may be asked."""

import asyncio

import pytest

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.friends import Friendship, FriendState, Standing, add_friend, remove_friend
from harmonyhub.domain.ids import CHECK_USER, UserId
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


async def test_a_change_is_made_only_to_what_its_maker_has_seen(house: House) -> None:
    """Of two changes to one friendship the second fails, instead of undoing the first."""
    friendships = house.store.friendships
    asked = add_friend(None, by=ANNA, to=BEN, now=1)
    assert await friendships.exchange(None, asked)
    friends = add_friend(asked, by=BEN, to=ANNA, now=2)
    assert await friendships.exchange(asked, friends)
    for late in (remove_friend(asked, by=BEN, to=ANNA, now=3), None):
        assert not await friendships.exchange(asked, late)
    assert friends == await friendships.get(BEN, ANNA)


async def test_the_listener_of_checks_is_nobodys_friend(house: House) -> None:
    """It is not found by its name, and whatever it has a part in goes with it."""
    await house.store.users.ensure(CHECK_USER, now=0)
    with pytest.raises(NotFoundError):
        await add(house, user_id=ANNA, name=CHECK_USER)
    both = (
        Friendship(CHECK_USER, ANNA, FriendState.ASKED, 1),
        add_friend(None, by=BEN, to=CHECK_USER, now=1),
    )
    for one in both:
        assert await house.store.friendships.exchange(None, one)
    await house.store.check_user.forget()
    assert [] == await house.store.friendships.of_user(CHECK_USER)
