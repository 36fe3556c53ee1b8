"""What friends play: all there is to go by for who is new, little beside a long history."""

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.terms import Term, TermKind


class Friends:
    """Term: the sum of what the track weighs with each friend, by the root of their number.

    Friends of whom nothing may be told count in that number: without the plays of one of them the
    terms of the others stay what they are.
    """

    def score(self, profile: Profile, index: ServingIndex) -> FloatArray:
        """Return the term of every track; 0 without friends."""
        total = np.zeros(index.n_tracks, dtype=np.float32)
        for friend in profile.friends:
            total[friend.items] += friend.weights
        return total / np.float32(np.sqrt(max(len(profile.friends), 1)))

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Give each item that a friend plays its one term."""
        values = self.score(profile, index)[items].tolist()
        return [
            [Term(TermKind.FRIENDS, value, item)] if value > 0 else []
            for item, value in zip(items.tolist(), values, strict=True)
        ]
