"""Tracks that sound like what a listener plays, heard by anybody or not."""

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile, find_known
from harmonyhub.recommender.rows import EVERY, Items, add_rows, find_entries
from harmonyhub.recommender.terms import Term, TermKind, strongest_terms


class SoundsAlike:
    """Term: the sum of (weight of a played track) x (how much the item sounds like it)."""

    def score(
        self, profile: Profile, index: ServingIndex, items: Items = EVERY
    ) -> FloatArray | None:
        """Return the term; None where nothing was analysed."""
        if not index.sounds.alike.nnz:
            return None
        return add_rows(index.sounds.alike, profile.items, profile.weights)[items]

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, the played tracks that it sounds like.

        The place of a term is the track's position in the profile, plus the profile's length times
        the item: what they have in common is said of both.
        """
        alike, n_known = index.sounds.alike, len(profile.items)
        which, entries = find_entries(alike.indptr, items)
        places = find_known(profile, alike.indices[entries], index)
        is_known = places >= 0
        which, places = which[is_known], places[is_known]
        values = alike.data[entries[is_known]] * profile.weights[places]
        places = places + items[which].astype(np.int64) * n_known
        return strongest_terms(TermKind.SOUND, values, places, of=which, n=len(items))
