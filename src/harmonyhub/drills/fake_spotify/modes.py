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
