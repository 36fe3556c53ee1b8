"""A list of recommendations for one user, from memory and one small query."""

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from harmonyhub.domain.freshness import SourceFreshness
from harmonyhub.domain.history import CatalogueEntry
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.knobs import NO_WISH, Wish
from harmonyhub.domain.radio import read_given, write_given
from harmonyhub.domain.recommendations import (
    ListName,
    Recommendation,
    RecommendationList,
    RecommendationRequest,
)
from harmonyhub.flows.tracks import load_track
from harmonyhub.recommender.pipeline import recommend as rank_recommendations
from harmonyhub.recommender.relaxing import relax
from harmonyhub.recommender.wishes import read_wish
from harmonyhub.wiring.house import House
from harmonyhub.wiring.serving import LiveModel, Taste


@dataclass(frozen=True, slots=True)
class Freshness:
    """How new the data behind a list is; times are unix seconds UTC.

    `is_current` says whether the model was trained on all listens of this user; `sources` are the
    upstreams that new listens come from.
    """

    model_version: str | None
    model_trained_at: int | None
    history_until: int | None
    is_current: bool
    note: str
    sources: tuple[SourceFreshness, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The list, what it is based on, and how fresh that is.

    `understood` and `not_understood` say what became of a wish, `relaxed` what of its words the
    list does not insist on, since too few tracks would be left; `more` goes on with this list: as
    `after` of the next wish it leaves out what was given.
    """

    items: tuple[Recommendation, ...]
    based_on: str
    freshness: Freshness
    understood: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()
    relaxed: tuple[str, ...] = ()
    more: str | None = None


HEAR_FRIENDS = (ListName.FOR_YOU, ListName.DISCOVER)  # lists of new tracks
NO_MODEL = Answer(
    items=(),
    based_on="Nothing yet: no listening history has been learned from.",
    freshness=Freshness(
        model_version=None,
        model_trained_at=None,
        history_until=None,
        is_current=False,
        note="Import a listening history; the first training starts by itself after it.",
    ),
)


async def recommend(
    house: House,
    *,
    user_id: UserId,
    list_name: ListName,
    n: int,
    wish: Wish = NO_WISH,
) -> Answer:
    """Recommend up to `n` tracks; what was shown is stored, so that feedback can refer to it.

    A wish with words for an artist, such as "like Nina Simone", makes any list MORE_LIKE_THIS.

    Raises
    ------
    RefusedInputError
        If the wish names what is not known here, or MORE_LIKE_THIS has nothing to start from.
    NotFoundError
        If a track of the wish does not exist.
    """
    now = house.clock()
    model = await house.serving.current()
    sources = await house.upstreams.freshness(now=now)
    if model is None:
        return replace(NO_MODEL, freshness=replace(NO_MODEL.freshness, sources=sources))
    taste = await house.tastes.of(user_id, model)
    entries = [await _load_seed(house, track_id) for track_id in wish.track_ids]
    wish = replace(wish, track_ids=tuple(entry.id for entry in entries))
    reading = read_wish(wish, model.index)
    given = read_given(wish.after)

    request = RecommendationRequest(
        user_id=user_id,
        list_name=ListName.MORE_LIKE_THIS if reading.seeds else list_name,
        n=n,
        now=now,
        seeds=reading.seeds,
        knobs=reading.knobs,
        given=given,
    )
    profile = taste.profile
    if taste.has_friends and request.list_name in HEAR_FRIENDS:
        profile = await house.company.join(user_id, taste, model)
    listed, relaxed = relax(
        lambda asked: rank_recommendations(
            asked, profile=profile, feedback=taste.feedback, index=model.index, seeds=entries
        ),
        request,
        retreats=reading.retreats,
    )
    track_ids = await record_shown(house, request, listed, version=model.record.version)
    return Answer(
        items=listed.items,
        based_on=listed.based_on,
        freshness=replace(judge_freshness(model, taste), sources=sources),
        understood=reading.understood,
        not_understood=reading.not_understood,
        relaxed=relaxed,
        more=write_given(given, track_ids) if track_ids else None,
    )


async def record_shown(
    house: House, request: RecommendationRequest, listed: RecommendationList, *, version: str
) -> list[TrackId]:
    """Store which tracks a list showed, unless it was empty, and return them."""
    track_ids = [item.track.id for item in listed.items]
    if track_ids:
        await house.store.shown.record(
            user_id=request.user_id,
            list_name=request.list_name,
            at=request.now,
            track_ids=track_ids,
            index_version=version,
        )
    return track_ids


async def _load_seed(house: House, track_id: TrackId) -> CatalogueEntry:
    track = await load_track(house, track_id)
    return CatalogueEntry(
        id=track.id,
        title=track.title,
        artist=track.artist,
        artist_ids=track.artist_ids,
        release_id=track.release_id,
        tags=track.tags,
    )


def judge_freshness(model: LiveModel, taste: Taste) -> Freshness:
    """Say whether the model has seen all that the user played."""
    n_unknown = taste.profile.n_unknown_tracks
    is_current = n_unknown == 0
    note = (
        "The model knows all your tracks."
        if is_current
        else f"{n_unknown:,} of your tracks are newer than the model; the next training has them."
    )
    return Freshness(
        model_version=model.record.version,
        model_trained_at=model.record.trained_at,
        history_until=taste.history_until,
        is_current=is_current,
        note=note,
    )


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """Give an answer as plain JSON values: `items`, `based_on`, `freshness`."""
    return dict(msgspec.to_builtins(answer))
