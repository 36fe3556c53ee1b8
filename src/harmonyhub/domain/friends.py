"""Friends: two listeners who both want it; what either may do next, and what each of them sees."""

from dataclasses import dataclass, replace
from enum import StrEnum

from harmonyhub.domain.errors import ConflictError, NotFoundError, RefusedInputError
from harmonyhub.domain.ids import UserId

MOST_ASKED = 20  # open requests of one listener: enough for a household, dull for a spammer
MOST_FRIENDS = 50  # each costs a profile in memory when a list is asked for
REST_S = 30 * 86_400  # so long whoever was declined cannot bother the same listener again


class FriendState(StrEnum):
    """How far a friendship is."""

    ASKED = "asked"
    DECLINED = "declined"
    FRIENDS = "friends"


class Standing(StrEnum):
    """How a friendship looks to one of the two; who was declined still sees ASKED."""

    FRIEND = "friend"
    ASKED = "asked"
    ASKS_YOU = "asks-you"


@dataclass(frozen=True, slots=True)
class Friendship:
    """What is between two listeners, of whom `by` asked; times are unix seconds UTC.

    Attributes
    ----------
    is_withdrawn : bool
        Of a declined one: whether the asker took the request back. It stays known until its rest
        is over, so that to ask again does not get around it.
    """

    by: UserId
    to: UserId
    state: FriendState
    asked_at: int
    answered_at: int = 0
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Friend:
    """The other one of a friendship as one of the two sees it; `since` is unix seconds UTC."""

    name: UserId
    standing: Standing
    since: int


def see(known: Friendship | None, user_id: UserId) -> Friend | None:
    """Say what one of the two may know of it."""
    if known is None:
        return None
    other = known.to if known.by == user_id else known.by
    if known.state is FriendState.FRIENDS:
        return Friend(other, Standing.FRIEND, known.answered_at)
    if known.by == user_id:
        return None if known.is_withdrawn else Friend(other, Standing.ASKED, known.asked_at)
    is_open = known.state is FriendState.ASKED
    return Friend(other, Standing.ASKS_YOU, known.asked_at) if is_open else None


def add_friend(known: Friendship | None, *, by: UserId, to: UserId, now: int) -> Friendship:
    """Ask, or accept what the other one asked; once both have asked they are friends.

    Raises
    ------
    RefusedInputError
        If both are one.
    ConflictError
        If it was asked already, or they are friends.
    """
    if by == to:
        raise RefusedInputError("That is you.", hint="Name another listener of this house.")
    if known is not None and known.by == to and not known.is_withdrawn:
        if known.state is FriendState.FRIENDS:
            raise _friends_already(to)
        return replace(known, state=FriendState.FRIENDS, answered_at=now)
    if known is None or known.by == to:
        return Friendship(by, to, FriendState.ASKED, now)
    if known.state is FriendState.FRIENDS:
        raise _friends_already(to)
    if not known.is_withdrawn:
        raise ConflictError(
            f"{to} was asked already.", hint=f"Wait for the answer of {to}, or take it back."
        )
    if now < known.answered_at + REST_S:
        return replace(known, is_withdrawn=False)
    return Friendship(by, to, FriendState.ASKED, now)


def remove_friend(
    known: Friendship | None, *, by: UserId, to: UserId, now: int
) -> Friendship | None:
    """End a friendship, decline what was asked, or take it back: what is left to remember.

    Raises
    ------
    NotFoundError
        If `by` sees nothing that could end.
    """
    if known is None or see(known, by) is None:
        raise NotFoundError(
            f"There is nothing between {by} and {to}.",
            hint=f"harmonyhub friends list --user {by} shows what there is.",
        )
    if known.state is FriendState.DECLINED:
        return replace(known, is_withdrawn=True)
    if known.state is FriendState.ASKED and known.to == by:
        return replace(known, state=FriendState.DECLINED, answered_at=now)
    return None


def check_room(friends: list[Friend], *, of: UserId, change: Friend) -> None:
    """See that one more request or friend is not too many.

    Parameters
    ----------
    friends : list of Friend
        What the listener `of` has now.
    change : Friend
        What would be added.

    Raises
    ------
    ConflictError
        If it is too many.
    """
    n_alike = sum(one.standing is change.standing for one in friends if one.name != change.name)
    if change.standing is Standing.ASKED and n_alike >= MOST_ASKED:
        raise ConflictError(
            f"{MOST_ASKED} requests are open already.", hint="Take one back, or wait for answers."
        )
    if change.standing is Standing.FRIEND and n_alike >= MOST_FRIENDS:
        raise ConflictError(
            f"{of} has {MOST_FRIENDS} friends, which is the most.", hint="One must end before."
        )


def _friends_already(name: UserId) -> ConflictError:
    return ConflictError(f"{name} is a friend already.", hint="There is nothing to do.")
