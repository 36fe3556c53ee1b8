"""What friends play: all there is to go by for who is new, little beside a long history."""

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.rows import EVERY, Items
from harmonyhub.recommender.terms import Term, TermKind


class Friends:
    """Term: the sum of what the track weighs with each friend, by the root of their number.

    Friends of whom nothing may be told count in that number: without the plays of one of them the
    terms of the others stay what they are.
    """

    def score(
        self, profile: Profile, index: ServingIndex, items: Items = EVERY
    ) -> FloatArray | None:
        """Return the term; None without friends."""
        if not profile.friends:
            return None
        total = np.zeros(index.n_tracks, dtype=np.float32)
        for friend in profile.friends:
            total[friend.items] += friend.weights
        return total[items] / np.float32(np.sqrt(len(profile.friends)))

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Give each item that a friend plays its one term."""
        values = self.score(profile, index, items)
        if values is None:
            return [[] for _ in items]
        return [
            [Term(TermKind.FRIENDS, value, item)] if value > 0 else []
            for item, value in zip(items.tolist(), values.tolist(), strict=True)
        ]
