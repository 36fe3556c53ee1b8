"""Tracks that share tags with what a listener plays; rare tags say more than common ones."""

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.rows import EVERY, Items, find_entries, multiply_rows
from harmonyhub.recommender.terms import Term, TermKind, strongest_terms


class Tags:
    """Term: per tag of the track its rarity share times log(1 + the tag's weight), times breadth.

    Without breadth a track with one tag stands before one that shares five with the listener.
    """

    def score(
        self, profile: Profile, index: ServingIndex, items: Items = EVERY
    ) -> FloatArray | None:
        """Return the term; None where the listener plays nothing with a tag."""
        told, heard = _weigh(profile, index)
        if not heard.any():
            return None
        shares = multiply_rows(index.item_tags, items, told)
        if heard is not told:
            shares += multiply_rows(index.heard_tags, items, heard - told)
        return shares * index.tag_breadth[items]

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, its tags that the listener plays most."""
        told, heard = _weigh(profile, index)
        which, entries = find_entries(index.item_tags.indptr, items)
        tags = index.item_tags.indices[entries]
        weights, is_heard = told[tags], np.zeros(len(entries), dtype=bool)
        if heard is not told:
            is_heard = np.isin(entries, index.heard_entries)
            weights = np.where(is_heard, heard[tags], weights)
        values = index.item_tags.data[entries] * weights * index.tag_breadth[items[which]]
        explained: list[list[Term]] = [[] for _ in items]
        for kind, some in ((TermKind.TAG, ~is_heard), (TermKind.HEARD_TAG, is_heard)):
            more = strongest_terms(kind, values[some], tags[some], of=which[some], n=len(items))
            for terms, few in zip(explained, more, strict=True):
                terms.extend(few)
        return explained


def _weigh(profile: Profile, index: ServingIndex) -> tuple[FloatArray, FloatArray]:
    """Give the worth of each tag where it is told and where it is heard; the same if none is.

    The networks know few words. So a heard tag is as much as it and its kinds together: "metal" is
    worth something to who plays what is told to be heavy metal.
    """
    told = np.log1p(profile.tag_weights)
    if not len(index.heard_entries):
        return told, told
    weights = profile.tag_weights.copy()
    for tag, kinds in index.kinds.items():
        weights[tag] += profile.tag_weights[list(kinds)].sum()
    return told, np.log1p(weights)
