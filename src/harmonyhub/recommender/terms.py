"""Terms: the parts that a score is the sum of, each with what of the listener it came from."""

from enum import IntEnum, auto
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmonyhub.recommender.interactions import FloatArray, IntArray


class TermKind(IntEnum):  # whose hash is C, and asked for a thousand times a list
    """What `Term.place` points at."""

    TRACK = auto()  # a position in the profile
    LEANING = auto()  # a position in the profile that leads to the item by taste alone
    ELSEWHERE = auto()  # a position in the profile, plus its length per knowledge pack before
    SOUND = auto()  # a position in the profile, plus its length times the item's place
    ARTIST = auto()  # an artist of the index
    TAG = auto()  # a tag of the index
    NEXT = auto()  # a position in the profile, of the track that the item follows
    HEARD_TAG = auto()  # a tag of the index that was heard in the item, and told by no source
    OWN = auto()  # a position in the profile, of the item itself
    POPULAR = auto()  # the item itself, a track of the index
    FRIENDS = auto()  # the item itself, that friends play


GROUPS = frozenset({TermKind.ARTIST, TermKind.TAG, TermKind.HEARD_TAG})  # of more than one track


class Term(NamedTuple):
    """One part of one item's score, over 0; taking `place` out of the history removes it."""

    kind: TermKind
    value: float
    place: int


N_STRONGEST = 3  # of one kind; a card shows three reasons, so a fourth is never read


def strongest_terms(
    kind: TermKind, values: FloatArray, places: IntArray, *, of: NDArray[np.integer], n: int
) -> list[list[Term]]:
    """Make terms of the strongest values over 0 of each of `n` items, equal ones by place.

    `of` says which item each value belongs to.
    """
    order = np.lexsort((places, -values, of))
    order = order[values[order] > 0]
    items = of[order]
    ranks = np.arange(len(items)) - np.searchsorted(items, items)
    order = order[ranks < N_STRONGEST]
    terms: list[list[Term]] = [[] for _ in range(n)]
    for item, value, place in zip(
        of[order].tolist(), values[order].tolist(), places[order].tolist(), strict=True
    ):
        terms[item].append(Term(kind, value, place))
    return terms
