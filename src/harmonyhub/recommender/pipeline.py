"""The pipeline: candidates -> filter -> rank -> re-rank -> reasons."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import CatalogueEntry
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.recommendations import (
    Feedback,
    ListName,
    Recommendation,
    RecommendationList,
    RecommendationRequest,
    RecommendedTrack,
)
from harmonyhub.recommender.blend import blend_for, score_list
from harmonyhub.recommender.eligibility import find_eligible
from harmonyhub.recommender.explaining import give_reasons
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.profile import Profile, apply_feedback, seed_profile
from harmonyhub.recommender.reranking import choose, demote, plan_choice
from harmonyhub.recommender.shortlist import may_shorten, score_shortlist
from harmonyhub.recommender.statement import state_basis
from harmonyhub.recommender.steering import bar, lean

NOT_SHOWN: Mapping[TrackId, int] = MappingProxyType({})


def recommend(
    request: RecommendationRequest,
    *,
    profile: Profile,
    index: ServingIndex,
    feedback: Sequence[Feedback] = (),
    last_shown: Mapping[TrackId, int] = NOT_SHOWN,
    seeds: Sequence[CatalogueEntry] = (),
) -> RecommendationList:
    """Recommend up to `request.n` tracks; the same arguments give the same list.

    Parameters
    ----------
    profile : Profile
        Of `build_profile` with this very index.
    feedback : sequence of Feedback
        All that stands now; it acts on this list.
    last_shown : mapping
        When tracks were last shown in such a list, unix seconds; they step back for some days.
    seeds : sequence of CatalogueEntry
        What is known of the tracks of MORE_LIKE_THIS, in case the index does not know them.

    Returns
    -------
    RecommendationList
        Scores are sums of terms, 0 or more and without an upper bound; they compare tracks of one
        list, not of two.

    Raises
    ------
    RefusedInputError
        If MORE_LIKE_THIS comes without a seed.
    """
    list_name, now = request.list_name, request.now
    taste = _taste(request, profile=profile, feedback=feedback, index=index, seeds=seeds)
    blend = blend_for(list_name, taste, now=now)

    eligible = find_eligible(request, profile=profile, feedback=feedback, index=index)
    if request.knobs.is_set or request.given:
        bar(request, eligible.allowed, index)
    heard = eligible.heard
    choice = plan_choice(
        request, eligible=eligible, listener=profile, taste=taste.tag_weights, index=index
    )
    for score in (score_shortlist, score_list) if may_shorten(request, index) else (score_list,):
        sums = score(blend, heard, profile=taste, index=index)
        scores = demote(sums, feedback=feedback, last_shown=last_shown, index=index, now=now)
        if request.knobs.is_set:
            scores = lean(scores, knobs=request.knobs, index=index)
        items = choose(scores, choice, index=index)
        if len(items) == request.n or not (eligible.allowed & ~heard).any():
            break  # full, or all that is allowed was heard and so scored

    reasons = give_reasons(
        blend,
        items,
        sums,
        heard=heard,
        profile=taste,
        index=index,
        is_seeded=list_name is ListName.MORE_LIKE_THIS,
    )
    recommendations = tuple(
        Recommendation(
            track=RecommendedTrack(
                id=index.track_ids[item], title=index.titles[item], artist=index.artists[item]
            ),
            score=float(scores[item]),
            reasons=why,
        )
        for item, why in zip(items.tolist(), reasons, strict=True)
    )
    basis = state_basis(request, profile=profile, index=index, n_items=len(recommendations))
    return RecommendationList(items=recommendations, based_on=basis)


def _taste(
    request: RecommendationRequest,
    *,
    profile: Profile,
    feedback: Sequence[Feedback],
    index: ServingIndex,
    seeds: Sequence[CatalogueEntry],
) -> Profile:
    """Return whose taste ranks: the listener's after what he said, or that of the seeds."""
    if request.list_name is not ListName.MORE_LIKE_THIS:
        return apply_feedback(profile, feedback, index)
    if not request.seeds:
        raise RefusedInputError(
            "More like what?", hint="Name a track or an artist that the list should resemble."
        )
    return seed_profile(request.seeds, seeds, listener=profile, index=index)
