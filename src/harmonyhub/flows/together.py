"""One list for a listener and some friends, from memory and a small query each."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from harmonyhub.domain.errors import NotFoundError, RefusedInputError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.knobs import NO_WISH, Wish
from harmonyhub.domain.radio import read_given, write_given
from harmonyhub.domain.recommendations import ListName, RecommendationRequest
from harmonyhub.flows.recommend import NO_MODEL, Answer, judge_freshness, record_shown
from harmonyhub.recommender.group import recommend_group
from harmonyhub.recommender.group_reasons import Member
from harmonyhub.recommender.relaxing import relax
from harmonyhub.recommender.wishes import read_wish
from harmonyhub.wiring.house import House
from harmonyhub.wiring.serving import LiveModel, Taste

MOST_MEMBERS = 8  # as many were measured; beyond, a list of twenty has too few places for each
LISTS = (ListName.FOR_YOU, ListName.DISCOVER)


async def recommend_together(
    house: House,
    *,
    user_id: UserId,
    friends: Sequence[UserId],
    list_name: ListName,
    n: int,
    wish: Wish = NO_WISH,
) -> Answer:
    """Recommend up to `n` tracks to a listener and friends; what was shown is stored for the first.

    Raises
    ------
    NotFoundError
        If one of them is no friend of the listener, whether or not there is such a listener.
    RefusedInputError
        If there are none or too many, or the wish is about another list.
    """
    await _check(house, user_id, friends, list_name=list_name)
    now = house.clock()
    model = await house.serving.current()
    sources = await house.upstreams.freshness(now=now)
    if model is None:
        return replace(NO_MODEL, freshness=replace(NO_MODEL.freshness, sources=sources))
    reading = read_wish(wish, model.index)
    if reading.seeds:
        raise RefusedInputError(
            "A list for several starts from what they play.",
            hint="Leave out what it should be like, or ask for a list of your own.",
        )
    own, members = await _gather(house, user_id, friends, model=model)

    given = read_given(wish.after)
    request = RecommendationRequest(
        user_id=user_id, list_name=list_name, n=n, now=now, knobs=reading.knobs, given=given
    )
    listed, relaxed = await asyncio.to_thread(
        relax,
        partial(recommend_group, members=members, index=model.index),
        request,
        retreats=reading.retreats,
    )
    track_ids = await record_shown(house, request, listed, version=model.record.version)
    return Answer(
        items=listed.items,
        based_on=listed.based_on,
        freshness=replace(judge_freshness(model, own), sources=sources),
        understood=reading.understood,
        not_understood=reading.not_understood,
        relaxed=relaxed,
        more=write_given(given, track_ids) if track_ids else None,
    )


async def _check(
    house: House, user_id: UserId, friends: Sequence[UserId], *, list_name: ListName
) -> None:
    if list_name not in LISTS:
        raise RefusedInputError(
            f"There is no list {list_name.value} for several.", hint="Ask for for-you or discover."
        )
    if not 1 <= len(set(friends)) < MOST_MEMBERS:
        raise RefusedInputError(
            f"With {len(set(friends))} friends there is no list.",
            hint=f"Name 1 to {MOST_MEMBERS - 1} of your friends.",
        )
    known = await house.store.friendships.friends_of(user_id)
    strangers = sorted({str(name) for name in friends}.difference(known))
    if strangers:
        raise NotFoundError(
            f"{', '.join(strangers)}: no friend of {user_id}.",
            hint=f"harmonyhub friends list --user {user_id} shows who is one.",
        )


async def _gather(
    house: House, user_id: UserId, friends: Sequence[UserId], *, model: LiveModel
) -> tuple[Taste, list[Member]]:
    own = await house.tastes.of(user_id, model)
    members = [Member(user_id, own.profile, own.feedback)]
    for name in dict.fromkeys(friends):
        taste = await house.shared_tastes.of(name, model)
        members.append(Member(name, taste.profile, taste.feedback))
    return own, members
