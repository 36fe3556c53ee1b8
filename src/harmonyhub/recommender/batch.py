"""Lists for many listeners at once: a stage over shards of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from harmonyhub.domain.favourites import Favourites
from harmonyhub.domain.history import History
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.recommendations import (
    Feedback,
    ListName,
    RecommendationList,
    RecommendationRequest,
)
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile


@dataclass(frozen=True, slots=True, eq=False)
class Listener:
    """All that a list of one listener is made from, beside the index."""

    user_id: UserId
    history: History
    favourites: Favourites
    feedback: tuple[Feedback, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What all listeners are asked for; `now` is in unix seconds."""

    index: ServingIndex
    list_name: ListName
    n: int
    now: int


def list_shard(
    batch: Batch, listeners: Sequence[Listener]
) -> list[tuple[UserId, RecommendationList]]:
    """Make the list of each listener, the same that a page would show."""
    return [(one.user_id, _list_one(batch, one)) for one in listeners]


def _list_one(batch: Batch, one: Listener) -> RecommendationList:
    request = RecommendationRequest(one.user_id, batch.list_name, batch.n, batch.now)
    profile = build_profile(one.history, batch.index, one.favourites)
    return recommend(request, profile=profile, index=batch.index, feedback=one.feedback)
