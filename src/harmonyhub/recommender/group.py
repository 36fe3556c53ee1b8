"""One list for several listeners, so that nobody of them is left out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.recommendations import (
    Recommendation,
    RecommendationList,
    RecommendationRequest,
    RecommendedTrack,
)
from harmonyhub.recommender.blend import BLENDS, score_list
from harmonyhub.recommender.eligibility import Eligible, find_eligible
from harmonyhub.recommender.group_reasons import Member, Seat, explain_group, say_people
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile, apply_feedback
from harmonyhub.recommender.reranking import DEPTH_FACTOR, PAGE, choose, demote, plan_choice
from harmonyhub.recommender.statement import say_knobs, say_others
from harmonyhub.recommender.steering import bar, lean

POOL = 500  # of each member's best tracks and of all together; the choice is among these
START = 0.5  # what all begin with: from nothing, the first track alone would decide who is next
SHARPNESS = 2.0  # one loved track is worth more than two that are half as good: docs/friends.md


def recommend_group(
    request: RecommendationRequest, *, members: Sequence[Member], index: ServingIndex
) -> RecommendationList:
    """Recommend up to `request.n` tracks to all members; the same arguments give the same list.

    What one of them refuses, nobody gets; what one wants less of steps back for that one. DISCOVER
    holds nothing that one of them has heard. Whoever nothing is known of has no say but to refuse.

    Parameters
    ----------
    request : RecommendationRequest
        Of the first member, for FOR_YOU or DISCOVER; its knobs hold for all.
    members : sequence of Member
        One or more; who asks comes first.

    Returns
    -------
    RecommendationList
        In the order of the choice. A score is the mean of what the track is to the members, from
        0 to 1, the best track of each.
    """
    together, seats = take_seats(request, members=members, index=index)
    silent = [one.member for one in seats if not len(one.taste.items)]
    seats = [one for one in seats if len(one.taste.items)] or seats
    joint = _join([seat.taste for seat in seats])
    choice = plan_choice(
        request, eligible=together, listener=joint, taste=joint.tag_weights, index=index
    )
    own = np.stack([seat.own for seat in seats])
    order = _order_pools(own, choice.pools, depth=request.n * DEPTH_FACTOR + PAGE)
    items = choose(order, choice, index=index)
    reasons = explain_group(
        seats, items, asker=request.user_id, blend=BLENDS[request.list_name], index=index
    )
    cards = tuple(
        Recommendation(
            track=RecommendedTrack(
                id=index.track_ids[item], title=index.titles[item], artist=index.artists[item]
            ),
            score=float(own[:, item].mean()),
            reasons=why,
        )
        for item, why in zip(items.tolist(), reasons, strict=True)
    )
    basis = _state_basis(request, seats, silent, n_items=len(cards), index=index)
    return RecommendationList(items=cards, based_on=basis)


def take_seats(
    request: RecommendationRequest, *, members: Sequence[Member], index: ServingIndex
) -> tuple[Eligible, list[Seat]]:
    """Find what the list may hold, and say what each track of that is to each member."""
    masks = [
        find_eligible(request, profile=one.profile, feedback=one.feedback, index=index)
        for one in members
    ]
    together = Eligible(
        allowed=np.logical_and.reduce([one.allowed for one in masks]),
        heard=np.logical_or.reduce([one.heard for one in masks]),
    )
    bar(request, together.allowed, index)
    seats = [
        _seat(request, member, heard=mask.heard, allowed=together.allowed, index=index)
        for member, mask in zip(members, masks, strict=True)
    ]
    return together, seats


def rank_for_all(own: FloatArray, n: int) -> IntArray:
    """Choose tracks one by one, so that the product of what the members have had grows most.

    Whoever has had little gains most by a track, so that all have their turn without turns.

    Parameters
    ----------
    own : array, shape (members, tracks)
        What each track is to each member, from 0 to 1, the best; at 0 for all it is barred.
    n : int
        How many to choose at most.

    References
    ----------
    Kaneko and Nakamura 1979, "The Nash social welfare function", Econometrica 47(2). What it was
    measured beside: docs/friends.md.
    """
    pool = _pool(own)
    worth = own[:, pool].astype(np.float64) ** SHARPNESS
    had = np.full((len(own), 1), START)
    is_open = worth.max(axis=0, initial=0) > 0
    chosen: list[int] = []
    for _ in range(min(n, int(is_open.sum()))):
        welfare = np.where(is_open, (had + worth).prod(axis=0), -1)
        best = int(welfare.argmax())
        chosen.append(best)
        is_open[best] = False
        had += worth[:, [best]]
    return pool[chosen].astype(np.int32)


def _pool(own: FloatArray) -> IntArray:
    """List the best tracks of each and of all together, by place."""
    n_best = min(POOL, own.shape[1])
    if not n_best:
        return np.zeros(0, dtype=np.int32)
    best = [np.argpartition(-one, n_best - 1)[:n_best] for one in [*own, own.mean(axis=0)]]
    return np.unique(np.concatenate(best)).astype(np.int32)


def _seat(
    request: RecommendationRequest,
    member: Member,
    *,
    heard: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
    index: ServingIndex,
) -> Seat:
    """Say what each allowed track is to a member, beside the best one of its kind."""
    taste = apply_feedback(member.profile, member.feedback, index)
    sums = score_list(BLENDS[request.list_name], heard, profile=taste, index=index)
    scores = demote(sums, feedback=member.feedback, last_shown={}, index=index, now=request.now)
    if request.knobs.is_set:
        scores = lean(scores, knobs=request.knobs, index=index)
    own = np.zeros(index.n_tracks, dtype=np.float32)
    for kind in (allowed & heard, allowed & ~heard):  # their scores do not compare
        top = float(scores[kind].max(initial=0))
        if top > 0:
            own[kind] = np.maximum(scores[kind], 0) / top
    return Seat(member=member, taste=taste, heard=heard, sums=sums, own=own)


def _join(tastes: Sequence[Profile]) -> Profile:
    """Add tastes up, for what knobs ask of known artists and of tags."""
    return replace(
        tastes[0],
        artist_weights=np.sum([one.artist_weights for one in tastes], axis=0),
        tag_weights=np.sum([one.tag_weights for one in tastes], axis=0),
    )


def _order_pools(own: FloatArray, pools: Sequence[NDArray[np.bool_]], *, depth: int) -> FloatArray:
    """Turn the order of the choice, in each pool by itself, into scores that fall with it."""
    order = np.zeros(own.shape[1], dtype=np.float32)
    for pool in pools:
        ranked = rank_for_all(np.where(pool, own, 0), depth)
        order[ranked] = 1 - np.arange(len(ranked), dtype=np.float32) / (depth + 1)
    return order


def _state_basis(
    request: RecommendationRequest,
    seats: Sequence[Seat],
    silent: Sequence[Member],
    *,
    n_items: int,
    index: ServingIndex,
) -> str:
    who = say_people([one.member for one in seats], request.user_id)
    parts = [f"What {who} play, each with the same say", say_others(index)]
    if silent:
        parts.append(f"nothing is known yet of {say_people(silent, request.user_id)}")
    if request.knobs.is_set:
        parts.append("as you asked: " + ", ".join(say_knobs(request.knobs, index)))
    if n_items < request.n:
        parts.append(f"{f'only {n_items}' if n_items else 'nothing'} left that suits all of you")
    return "; ".join(parts) + "."
