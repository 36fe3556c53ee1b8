"""What became of a training: how its index did beside the live one, and whether it went live."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the quality gate says of a new index."""

    FIRST = "first"
    NOT_JUDGED = "not-judged"
    GOOD = "good"
    WORSE = "worse"
    ACCEPTED = "accepted"  # worse, and live because somebody asked for it all the same
    BROKEN = "broken"

    @property
    def is_promoted(self) -> bool:
        """Whether the new index goes live."""
        return self not in {Verdict.WORSE, Verdict.BROKEN}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A new index beside the live one, on listens that neither learned from.

    Attributes
    ----------
    why : str
        The verdict in a sentence, with both figures where there are any.
    n_listeners, n_listens : int
        Whose held-out tracks were looked for, and how many.
    new, live : float or None
        NDCG@100 of the two, in [0, 1]; None where too little was held out.
    difference, low, high : float or None
        New minus live, paired, with its 95 % interval.
    """

    verdict: Verdict
    why: str
    n_listeners: int = 0
    n_listens: int = 0
    new: float | None = None
    live: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
