"""What factors give back when plays are taken out: by so much what they led to explains less."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.rows import rows_in
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
    asked = dict.fromkeys(
        (term.kind, term.place) for terms in explained for term in terms if term.kind in BESIDE
    )
    behind = [places_behind(kind, place, profile=profile, index=index) for kind, place in asked]
    rises = weight * _rise(behind, items, profile=profile, index=index)
    rise_of = dict(zip(asked, rises.tolist(), strict=True))
    return [
        [
            term._replace(value=max(term.value - rise_of[term.kind, term.place][at], NOTHING))
            if term.kind in BESIDE
            else term
            for term in terms
        ]
        for at, terms in enumerate(explained)
    ]


def _rise(
    behind: Sequence[IntArray], items: IntArray, *, profile: Profile, index: ServingIndex
) -> FloatArray:
    """Say by how much the similarity of each track rises without some positions, 0 or more."""
    shares = profile.weights[:, None] * index.factors.between(profile.items, items)
    ends = np.cumsum([0, *map(len, behind)])
    places = np.concatenate([*behind, np.zeros(0, dtype=np.int32)])
    ones = np.ones(len(places), dtype=np.float32)
    taken = sparse.csr_matrix((ones, places, ends), shape=(len(behind), len(shares)))
    totals = profile.similar.at(items)
    left = np.maximum(totals - taken @ shares, 0)
    return np.asarray(np.maximum(left - np.maximum(totals, 0), 0), dtype=np.float32)


def places_behind(kind: TermKind, place: int, *, profile: Profile, index: ServingIndex) -> IntArray:
    """Find the positions in the profile whose plays a term is made of."""
    if kind not in GROUPS:
        # See `terms` for what comes on top of a position.
        return np.array([place % len(profile.items)], dtype=np.int32)
    is_artist = kind is TermKind.ARTIST
    key = places_behind, is_artist
    if key not in profile.kept:
        named = index.item_artists if is_artist else index.item_tags
        profile.kept[key] = named[profile.items].tocsc()
    columns = profile.kept[key]
    if kind is TermKind.HEARD_TAG:
        return np.unique(rows_in(columns, [place, *index.kinds.get(place, ())]))
    return rows_in(columns, [place])


def tracks_of(kind: TermKind, place: int, index: ServingIndex) -> IntArray:
    """List the tracks whose plays a term of `GROUPS` is made of, by place."""
    if kind is TermKind.ARTIST:
        return index.tracks_by([place])
    return index.tracks_tagged(place) if kind is TermKind.TAG else index.tracks_of_kind(place)
