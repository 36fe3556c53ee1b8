"""Friends: ask, accept, decline, end; what changes lists is in force for the very next one."""

from collections.abc import Callable
from typing import Final

from harmonyhub.domain.errors import ConflictError, NotFoundError
from harmonyhub.domain.friends import (
    Friend,
    Friendship,
    FriendState,
    add_friend,
    check_room,
    remove_friend,
    see,
)
from harmonyhub.domain.ids import CHECK_USER, UserId
from harmonyhub.flows.leave import check_stays
from harmonyhub.wiring.house import House

TRIES: Final = 5  # both may press at the same moment; who comes second decides anew

Decide = Callable[[Friendship | None], Friendship | None]


async def list_friends(house: House, user_id: UserId) -> list[Friend]:
    """List friends, who asks, and who was asked, by name within each."""
    seen = [see(one, user_id) for one in await house.store.friendships.of_user(user_id)]
    return sorted(
        (one for one in seen if one is not None), key=lambda one: (one.standing, one.name)
    )


async def add(house: House, *, user_id: UserId, name: UserId) -> Friend:
    """Ask another listener of this house, or accept what that one asked.

    Raises
    ------
    NotFoundError
        If there is no listener of that name.
    RefusedInputError
        If it is the listener's own.
    ConflictError
        If it was asked already, they are friends, or one of them has too many.
    """
    now = house.clock()
    if name == CHECK_USER or await house.store.users.revision(name) is None:
        raise NotFoundError(
            "There is no listener of that name here.",
            hint="Names are written as their owners see them, capitals and all.",
        )
    await house.store.users.ensure(user_id, now=now)
    mine, theirs = await list_friends(house, user_id), await list_friends(house, name)

    def decide(known: Friendship | None) -> Friendship:
        new = add_friend(known, by=user_id, to=name, now=now)
        for one, friends in ((user_id, mine), (name, theirs)):
            seen = see(new, one)
            if seen is not None:
                check_room(friends, of=one, change=seen)
        return new

    seen = see(await _change(house, user_id, name, decide=decide), user_id)
    for one in (user_id, name):
        await check_stays(house, one)
    assert seen is not None  # noqa: S101 - whoever adds sees what came of it
    return seen


async def remove(house: House, *, user_id: UserId, name: UserId) -> None:
    """End a friendship, decline a request, or take one back; the other is not told.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    now = house.clock()
    await _change(
        house,
        user_id,
        name,
        decide=lambda known: remove_friend(known, by=user_id, to=name, now=now),
    )


async def _change(
    house: House, user_id: UserId, name: UserId, *, decide: Decide
) -> Friendship | None:
    store = house.store
    for _ in range(TRIES):
        known = await store.friendships.get(user_id, name)
        new = decide(known)
        if await store.friendships.exchange(known, new):
            states = {one.state for one in (known, new) if one is not None}
            if FriendState.FRIENDS in states:  # what each may hear of the other has changed
                await store.users.touch(user_id)
                await store.users.touch(name)
            return new
    raise ConflictError(f"{name} changes the same at this moment.", hint="Try again.")
