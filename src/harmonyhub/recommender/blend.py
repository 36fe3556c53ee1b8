"""The blend: how much each candidate model's term weighs in each list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.recommendations import ListName
from harmonyhub.recommender.candidates.elsewhere import Elsewhere
from harmonyhub.recommender.candidates.friends import Friends
from harmonyhub.recommender.candidates.item_to_item import ItemToItem
from harmonyhub.recommender.candidates.model import CandidateModel
from harmonyhub.recommender.candidates.next_tracks import NextTracks
from harmonyhub.recommender.candidates.own_artists import OwnArtists
from harmonyhub.recommender.candidates.own_plays import OwnPlays
from harmonyhub.recommender.candidates.popular import Popular
from harmonyhub.recommender.candidates.sounds_alike import SoundsAlike
from harmonyhub.recommender.candidates.tags import Tags
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.rows import EVERY, Items
from harmonyhub.recommender.taking_back import lower_terms
from harmonyhub.recommender.terms import Term

Blend = Mapping[CandidateModel, float]

ITEM_TO_ITEM, OWN_ARTISTS, TAGS = ItemToItem(), OwnArtists(), Tags()
MORE_BY_ARTISTS = OwnArtists(is_tuned=True)
OWN_PLAYS, POPULAR, ELSEWHERE = OwnPlays(), Popular(), Elsewhere()
SOUNDS_ALIKE, FRIENDS = SoundsAlike(), Friends()
AFTER_SEEDS, AFTER_LATEST = NextTracks(), NextTracks(of_session=True)
SESSION_S = 1_800  # since the last play; later, what followed it says nothing (30music)


@dataclass(frozen=True, slots=True, eq=False)
class ListBlend:
    """The blends of one list: for tracks that are news to the listener, and for heard ones.

    They differ because the neighbours were learned from the listener's own history too: between
    heard tracks similarity is memory, ten times as high as what it says of any other track.
    """

    unheard: Blend
    heard: Blend


# The similarity of the strongest neighbour is 1 on average, so a history of a hundred tracks gives
# its best candidates 1 to 10; the others are set against that. Popularity breaks ties.
# Sounds weigh like tags: nobody measured yet what they are worth beside listens.
UNHEARD: Blend = {
    ITEM_TO_ITEM: 1.0,
    ELSEWHERE: 1.0,
    MORE_BY_ARTISTS: 1.0,
    TAGS: 0.3,
    SOUNDS_ALIKE: 0.3,
    POPULAR: 0.05,
}
# 2 was best or level with the best for given histories of 1, 3, 10 and 40 artists of hetrec.
WITH_FRIENDS: Blend = {**UNHEARD, FRIENDS: 2.0}
# On 30music (seen listeners), and after seeds on nowplaying (validation): 3 to 5 are level.
NEXT_WEIGHT = 4.0
IN_SESSION: Blend = {**UNHEARD, AFTER_LATEST: NEXT_WEIGHT}
IN_SESSION_WITH_FRIENDS: Blend = {**WITH_FRIENDS, AFTER_LATEST: NEXT_WEIGHT}
# Loved tracks come first; among equally loved ones those of loved artists.
HEARD: Blend = {OWN_PLAYS: 0.5, OWN_ARTISTS: 0.05}
LIKE_SEED: Blend = {
    ITEM_TO_ITEM: 1.0,
    ELSEWHERE: 1.0,
    OWN_ARTISTS: 0.3,
    TAGS: 0.5,
    SOUNDS_ALIKE: 0.5,
    AFTER_SEEDS: NEXT_WEIGHT,
}

TASTE = ListBlend(unheard=UNHEARD, heard=HEARD)
BLENDS: Mapping[ListName, ListBlend] = {
    ListName.FOR_YOU: TASTE,
    ListName.DISCOVER: TASTE,
    ListName.REDISCOVER: TASTE,
    ListName.MORE_LIKE_THIS: ListBlend(unheard=LIKE_SEED, heard=LIKE_SEED),
}


# Of lists of what is new, by whether there are friends, and whether the listener is listening.
FOR_NEW: Mapping[tuple[bool, bool], ListBlend] = {
    (False, False): TASTE,
    (True, False): ListBlend(unheard=WITH_FRIENDS, heard=HEARD),
    (False, True): ListBlend(unheard=IN_SESSION, heard=HEARD),
    (True, True): ListBlend(unheard=IN_SESSION_WITH_FRIENDS, heard=HEARD),
}


def blend_for(list_name: ListName, profile: Profile, *, now: int) -> ListBlend:
    """Choose the blend of a list.

    In what is new friends have a say, where there are any, and what follows the latest plays, for
    half an hour after them.
    """
    if list_name not in {ListName.FOR_YOU, ListName.DISCOVER}:
        return BLENDS[list_name]
    is_listening = profile.moment > 0 and abs(now - profile.moment) <= SESSION_S
    return FOR_NEW[bool(profile.friends), is_listening]


def score_list(
    blend: ListBlend, heard: NDArray[np.bool_], *, profile: Profile, index: ServingIndex
) -> FloatArray:
    """Score every track of the index, each by the blend that fits it; kept with the profile."""
    scores = profile.kept.get(blend)
    if scores is None:
        scores = score_tracks(blend.unheard, profile, index)
        if blend.heard is not blend.unheard and heard.any():
            scores = np.where(heard, score_tracks(blend.heard, profile, index), scores)
        profile.kept[blend] = scores
    return scores


def explain_list(
    blend: ListBlend,
    items: IntArray,
    *,
    heard: NDArray[np.bool_],
    profile: Profile,
    index: ServingIndex,
) -> list[Sequence[Term]]:
    """Name the strongest terms of the scores of some tracks, the strongest first."""
    explained: list[Sequence[Term]] = [()] * len(items)
    for part, is_heard in ((blend.unheard, False), (blend.heard, True)):
        places = np.flatnonzero(heard[items] == is_heard)
        if len(places) == 0:
            continue
        terms = explain_tracks(part, items[places], profile=profile, index=index)
        for place, why in zip(places, terms, strict=True):
            explained[place] = why
    return explained


def score_tracks(
    blend: Blend, profile: Profile, index: ServingIndex, *, items: Items = EVERY
) -> FloatArray:
    """Add the weighted terms up for every track of the index, or for some; 0 or more."""
    total = np.zeros_like(index.popularity[items])
    for model, weight in blend.items():
        term = model.score(profile, index, items)
        if term is not None:
            total += term if weight == 1 else np.float32(weight) * term
    return total


def explain_tracks(
    blend: Blend, items: IntArray, *, profile: Profile, index: ServingIndex
) -> list[Sequence[Term]]:
    """Name the strongest terms of the scores of some tracks, the strongest first."""
    explained: list[list[Term]] = [[] for _ in items]
    for model, weight in blend.items():
        for terms, more in zip(explained, model.explain(items, profile, index), strict=True):
            terms.extend(
                more
                if weight == 1
                else [Term(term.kind, term.value * weight, term.place) for term in more]
            )
    weight = blend.get(ITEM_TO_ITEM, 0.0)
    lowered = lower_terms(explained, items, weight, profile=profile, index=index)
    return [sorted(terms, key=lambda term: -term.value) for terms in lowered]
