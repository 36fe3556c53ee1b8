"""What everyone plays: the last resort for a listener without a history, a tie-break otherwise."""

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.rows import EVERY, Items
from harmonyhub.recommender.terms import Term, TermKind


class Popular:
    """Term: the popularity of the track, in [0, 1]."""

    def score(
        self,
        profile: Profile,  # noqa: ARG002 - interface
        index: ServingIndex,
        items: Items = EVERY,
    ) -> FloatArray:
        """Return the popularity, whoever asks."""
        return index.popularity[items]

    def explain(
        self,
        items: IntArray,
        profile: Profile,  # noqa: ARG002 - interface
        index: ServingIndex,
    ) -> list[list[Term]]:
        """Give each item its one term."""
        return [
            [Term(TermKind.POPULAR, value, item)] if value > 0 else []
            for item, value in zip(items.tolist(), index.popularity[items].tolist(), strict=True)
        ]
