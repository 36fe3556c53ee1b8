"""Lists that are made once per day or week and kept: their names, periods and contents."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.recommendations import Recommendation


class KeptListName(StrEnum):
    """The lists that are kept."""

    DAILY = "daily"  # familiar and new around one part of the taste, another one each day
    WEEKLY = "weekly"  # new tracks that the lists of the weeks before did not have


@dataclass(frozen=True, slots=True)
class Period:
    """A day or an ISO week, in UTC.

    Attributes
    ----------
    id : str
        "2026-11-28", or "2026-W48" for the week that begins on a Monday.
    starts_at, ends_at : int
        Unix seconds; the end is the start of the next.
    """

    id: str
    starts_at: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class KeptList:
    """One list as it was given.

    Attributes
    ----------
    made_at : int
        Unix seconds UTC.
    index_version : str
        Of the training that it came from.
    is_told : bool
        Whether a streaming service told of the listener then; such a list goes when the listener
        disconnects the service.
    """

    user_id: UserId
    list_name: KeptListName
    period: str
    made_at: int
    index_version: str
    based_on: str
    items: tuple[Recommendation, ...]
    is_told: bool = False


def period_at(list_name: KeptListName, at: int) -> Period:
    """Find the period of a list that a time (unix seconds) lies in."""
    day = datetime.fromtimestamp(at, tz=UTC).date()
    if list_name is KeptListName.DAILY:
        return _period(day.isoformat(), day, n_days=1)
    year, week, weekday = day.isocalendar()
    return _period(f"{year}-W{week:02}", day - timedelta(days=weekday - 1), n_days=7)


def _period(id_: str, first: date, *, n_days: int) -> Period:
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    end = start + timedelta(days=n_days)
    return Period(id_, int(start.timestamp()), int(end.timestamp()))
