"""A connection as API and command line tell it: plain facts, and every failure in words."""

from dataclasses import dataclass

from harmonyhub.domain.connections import Connection, Hindrance, Standing
from harmonyhub.domain.spotify_messages import explain, whose
from harmonyhub.domain.upstreams import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What keeps new data away; times in unix seconds UTC, None where there is none to tell."""

    outcome: Outcome
    whose: str
    what: str
    why: str
    do: str
    since: int | None
    until: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """How one user's connection to Spotify stands; times in unix seconds UTC.

    Attributes
    ----------
    account : str
        The name of the account at Spotify; empty where that is not known.
    app : str or None
        The client id of the app that the consent was given to.
    is_household : bool
        Whether that app is the household's own.
    scopes, missing_scopes : tuple of str
        What is allowed of what is asked for; both empty where the consent does not tell.
    ends_at, days_left : int or None
        When the consent ends, and in how many whole days.
    notice : int or None
        The notice in force: 30, 7, 1 or 0 days; `noticed_at` is since when.
    synced_at : int or None
        When the latest plays were read; None for not yet, or while that is due.
    is_being_read : bool
        Whether a reading is due now or under way.
    next_plays_at, next_library_at : int or None
        When plays and library are read next, as it is planned.
    """

    user: str
    standing: Standing
    account: str = ""
    app: str | None = None
    is_household: bool = False
    scopes: tuple[str, ...] = ()
    missing_scopes: tuple[str, ...] = ()
    connected_at: int | None = None
    ends_at: int | None = None
    days_left: int | None = None
    notice: int | None = None
    noticed_at: int | None = None
    synced_at: int | None = None
    is_being_read: bool = False
    next_plays_at: int | None = None
    next_library_at: int | None = None
    trouble: Trouble | None = None


def report_connection(
    user_id: str,
    connection: Connection,
    *,
    is_reading: bool = False,
    plays_every_s: int = 0,
) -> ConnectionReport:
    """Put a connection into plain facts.

    Parameters
    ----------
    is_reading : bool
        Whether a reading of the library is under way.
    plays_every_s : int
        How often plays are read.
    """
    token, end = connection.token, connection.end
    trouble = tell_trouble(connection)
    is_read = connection.standing is Standing.CONNECTED
    if token is None or end is None:
        return ConnectionReport(user=user_id, standing=connection.standing, trouble=trouble)
    return ConnectionReport(
        user=user_id,
        standing=connection.standing,
        account=token.account_name,
        app=token.client_id,
        is_household=token.is_public,
        scopes=token.scopes,
        missing_scopes=connection.missing_scopes,
        connected_at=token.consented_at,
        ends_at=end.at,
        days_left=end.n_days,
        notice=None if end.notice is None else int(end.notice),
        noticed_at=None if end.notice is None else token.noticed_at.get(end.notice),
        synced_at=token.synced_at or None,
        is_being_read=is_read and (is_reading or not token.synced_at),
        next_plays_at=token.synced_at + plays_every_s if is_read and token.synced_at else None,
        next_library_at=token.library_due_at or None if is_read else None,
        trouble=trouble,
    )


def tell_trouble(connection: Connection) -> Trouble | None:
    """Say what keeps new data away; None where nothing does."""
    token = connection.token
    is_household = token is not None and token.is_public
    return _say(connection.hindrance, is_household=is_household)


def _say(hindrance: Hindrance | None, *, is_household: bool) -> Trouble | None:
    message = explain(hindrance.outcome, is_household=is_household) if hindrance else None
    if hindrance is None or message is None:
        return None
    return Trouble(
        outcome=hindrance.outcome,
        whose=whose(hindrance.outcome, is_household=is_household),
        what=message.what,
        why=message.why,
        do=message.do,
        since=hindrance.since or None,
        until=hindrance.until or None,
    )
