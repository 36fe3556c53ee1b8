"""How loud the parts of a score are beside each other on one instance."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loudness:
    """Weights that a training chose on held-out listeners; the defaults where there are too few.

    The defaults are from 5, 50 and 150 listeners of 30music beside their own future.

    Attributes
    ----------
    artists : float
        Of more by the artists that a listener plays, among tracks that are news to the listener.
    familiar : float
        Of own plays, so that they stand among the news as loud as those are.
    """

    artists: float = 1.0
    familiar: float = 2.0


PRIOR = Loudness()
