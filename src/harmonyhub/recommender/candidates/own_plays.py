"""What a listener plays or keeps already: for Rediscover and the familiar share of For you."""

import numpy as np

from harmonyhub.recommender.favours import familiar_plays
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile, find_known
from harmonyhub.recommender.rows import EVERY, Items
from harmonyhub.recommender.terms import Term, TermKind


class OwnPlays:
    """Term: log(1 + plays of the track), as loud as the news of this index are.

    Kept at a service counts as some plays, only liked as none.
    """

    def score(self, profile: Profile, index: ServingIndex, items: Items = EVERY) -> FloatArray:
        """Return the term."""
        scores = np.zeros(index.n_tracks, dtype=np.float32)
        scores[profile.items] = _known(profile, index)
        return scores[items]

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Give each played item its one term."""
        known = _known(profile, index)
        terms: list[list[Term]] = []
        for place in find_known(profile, items, index).tolist():
            value = float(known[place]) if place >= 0 else 0.0
            terms.append([Term(TermKind.OWN, value, place)] if value > 0 else [])
        return terms


def _known(profile: Profile, index: ServingIndex) -> FloatArray:
    known = np.log1p(profile.plays + familiar_plays(profile.favours))
    return np.asarray(known * index.loudness.familiar, dtype=np.float32)
