"""How the fake may misbehave: a closed set of modes, each reversible."""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """One way in which Spotify fails."""

    SECRET_REVOKED = "secret-revoked"  # noqa: S105 - a mode
    ID_DELETED = "id-deleted"
    FOREIGN_APP = "foreign-app"
    PREMIUM_LAPSED = "premium-lapsed"
    QUOTA = "quota"
    RATE_LIMIT = "rate-limit"
    UNAVAILABLE = "unavailable"
    CAPTIVE_PORTAL = "captive-portal"
    HANG = "hang"
    RESET = "reset"
    CLOCK_SKEW = "clock-skew"
    NOT_ALLOWED = "not-allowed"


class Surface(StrEnum):
    """Which of the two services a request is for."""

    ACCOUNTS = "accounts"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One mode that is on.

    Attributes
    ----------
    surface : Surface or None
        The service that an outage hits; None: both.
    client_id : str or None
        The app that an app's fault hits; None: the first.
    user_ids : tuple of str
        Whom NOT_ALLOWED hits; empty: everybody.
    seconds : int
        `Retry-After` of QUOTA and RATE_LIMIT; by how much CLOCK_SKEW moves the `Date` header.
    """

    mode: Mode
    surface: Surface | None = None
    client_id: str | None = None
    user_ids: tuple[str, ...] = ()
    seconds: int = 0


class Fault(StrEnum):
    """What happens to single requests; the two LOST faults let the request take effect first."""

    LOST_RESET = "lost-reset"
    LOST_HANG = "lost-hang"
    RESET = "reset"
    HANG = "hang"
    UNAVAILABLE = "unavailable"
    RATE_LIMIT = "rate-limit"
    QUOTA = "quota"

    @property
    def is_after_effect(self) -> bool:
        """Whether the request is carried out and only its answer is lost."""
        return self in {Fault.LOST_RESET, Fault.LOST_HANG}


@dataclass(slots=True, kw_only=True)
class Strike:
    """A fault that hits the next requests of one operation, then no more.

    Attributes
    ----------
    operation : str
        Its name in the journal (`create-playlist`, `refresh`); `*`: any.
    skip : int
        How many such requests go through first.
    times : int
        How many are hit then.
    seconds : int
        `Retry-After` of RATE_LIMIT and QUOTA.
    """

    fault: Fault
    operation: str = "*"
    skip: int = 0
    times: int = 1
    seconds: int = 0

    def hits(self, operation: str) -> bool:
        """Count a request, and tell whether it is hit."""
        if self.operation not in {"*", operation} or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True
