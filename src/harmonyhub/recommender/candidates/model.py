"""The one interface of the candidate models."""

from typing import Protocol

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.rows import EVERY, Items
from harmonyhub.recommender.terms import Term


class CandidateModel(Protocol):
    """A source of candidates: a track is one if its term is over 0."""

    def score(
        self, profile: Profile, index: ServingIndex, items: Items = EVERY
    ) -> FloatArray | None:
        """Return the term of every track of the index or of some, 0 or more.

        None if it is 0 for all.
        """

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name what made the terms of some tracks: for each the strongest parts, at least one."""
