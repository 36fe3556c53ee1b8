"""What factors give back when plays are taken out: by so much what they led to explains less."""

from collections.abc import Sequence

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.terms import GROUPS, Term, TermKind

NOTHING = 1e-9  # what a term claims at least: one that alone leads to a track stays its reason
# Terms of plays that the similarity reads too, but not in this very term.
BESIDE = GROUPS | {TermKind.NEXT, TermKind.SOUND, TermKind.ELSEWHERE}


def lower_terms(
    explained: Sequence[Sequence[Term]],
    items: IntArray,
    weight: float,
    *,
    profile: Profile,
    index: ServingIndex,
) -> list[list[Term]]:
    """Lower the terms beside the similarity to what the score loses without their plays.

    Factors may hold a track down for the very plays by which its artist, say, speaks for it.
    Without these plays its similarity would rise, by this much at most.

    Parameters
    ----------
    explained : sequence of sequence of Term
        Of each of `items`.
    weight : float
        Of the similarity in the score.
    """
    if not (weight and profile.similar.taste.any()):
        return [list(terms) for terms in explained]
    places = np.full(index.n_tracks, -1, dtype=np.int32)
    places[profile.items] = np.arange(len(profile.items), dtype=np.int32)
    behind: dict[tuple[TermKind, int], IntArray] = {}
    totals = profile.similar.at(items)

    def rise(term: Term, item: int, total: float) -> float:
        key = term.kind, term.place
        if key not in behind:
            behind[key] = _places_behind(term, places, n_known=len(profile.items), index=index)
        own = behind[key]
        held = profile.weights[own] @ index.factors.between(profile.items[own], item)
        return max(total - float(held), 0) - max(total, 0)

    return [
        [
            term._replace(value=max(term.value - weight * max(rise(term, item, total), 0), NOTHING))
            if term.kind in BESIDE
            else term
            for term in terms
        ]
        for terms, item, total in zip(explained, items.tolist(), totals.tolist(), strict=True)
    ]


def _places_behind(term: Term, places: IntArray, *, n_known: int, index: ServingIndex) -> IntArray:
    """Find the positions in the profile whose plays a term is made of."""
    if term.kind not in GROUPS:
        return np.array([term.place % n_known])  # see `terms` for what comes on top of a position
    some = tracks_of(term.kind, term.place, index)
    return places[some][places[some] >= 0]


def tracks_of(kind: TermKind, place: int, index: ServingIndex) -> IntArray:
    """List the tracks whose plays a term of `GROUPS` is made of, by place."""
    if kind is TermKind.ARTIST:
        return index.tracks_by([place])
    return index.tracks_tagged(place) if kind is TermKind.TAG else index.tracks_of_kind(place)
