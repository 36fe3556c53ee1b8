"""What friends play, in memory, joined to the profile of whoever asks for a list."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from harmonyhub.domain.ids import UserId
from harmonyhub.storage.store import Store
from harmonyhub.wiring.serving import LiveModel, Taste

if TYPE_CHECKING:
    from harmonyhub.recommender.people import FriendPlays
    from harmonyhub.recommender.profile import Profile

FRIENDS_KEPT = 1_024  # 12 bytes a track each
PROFILES_KEPT = 64

T = TypeVar("T")
State = tuple[str, int | None]  # the version of the model, and a user's revision


@dataclass(frozen=True, slots=True)
class _Joined:
    """A profile with friends, and what it was made from."""

    taste: Taste
    friends: tuple["FriendPlays", ...]
    profile: "Profile"


class Company:
    """Imported plays of friends; what Spotify told of one is not among them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._plays: OrderedDict[UserId, tuple[State, FriendPlays]] = OrderedDict()
        self._joined: OrderedDict[UserId, _Joined] = OrderedDict()

    async def join(self, user_id: UserId, taste: Taste, model: LiveModel) -> "Profile":
        """Give a listener's profile with the friends of this moment: two small queries."""
        names = await self._store.friendships.friends_of(user_id)
        revisions = await self._store.users.revisions(names)
        friends = tuple(
            [
                await self._plays_of(name, (taste.model_version, revisions.get(name)), model=model)
                for name in names
            ]
        )
        known = self._joined.get(user_id)
        if known is None or known.taste is not taste or known.friends != friends:
            known = _Joined(taste, friends, replace(taste.profile, friends=friends))
            _keep(self._joined, user_id, known, most=PROFILES_KEPT)
        return known.profile

    def forget(self, user_id: UserId) -> None:
        """Drop all that is kept of one listener, and who is joined with whom."""
        self._plays.pop(user_id, None)
        self._joined.clear()

    async def _plays_of(self, name: UserId, state: State, *, model: LiveModel) -> "FriendPlays":
        from harmonyhub.recommender.people import read_friend  # noqa: PLC0415 - as in serving

        known = self._plays.get(name)
        if known is None or known[0] != state:
            history = await self._store.listens.history(name)
            known = state, await asyncio.to_thread(read_friend, name, history, model.index)
            _keep(self._plays, name, known, most=FRIENDS_KEPT)
        return known[1]


def _keep(kept: OrderedDict[UserId, T], user_id: UserId, value: T, *, most: int) -> None:
    kept[user_id] = value
    kept.move_to_end(user_id)
    while len(kept) > most:
        kept.popitem(last=False)
