"""How loud the parts of a score are beside each other on one instance."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loudness:
    """Weights that a training chose on held-out listeners; the defaults where there are too few.

    Attributes
    ----------
    artists : float
        Of more by the artists that a listener plays, among tracks that are news to the listener.
    familiar : float
        Of own plays, so that they stand among the news as loud as those are.
    """

    artists: float = 0.3
    familiar: float = 1.0


PRIOR = Loudness()
