"""How a user's connection to a streaming service stands: one pure judgement of what is stored."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from harmonyhub.domain.consents import ConsentEnd, consent_end
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.upstream_policy import BRAKE_WINDOW_S
from harmonyhub.domain.upstreams import Outcome, TokenState, UpstreamState, UserToken


class Standing(StrEnum):
    """What can be done with a connection now."""

    NOT_SET_UP = "not-set-up"
    NOT_CONNECTED = "not-connected"
    CONNECTED = "connected"
    WAITING = "waiting"
    SET_ASIDE = "set-aside"


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why calls fail now; times in unix seconds UTC, 0 where there is none to tell."""

    outcome: Outcome
    since: int = 0
    until: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How one user's connection stands.

    Attributes
    ----------
    token : UserToken or None
        The consent; None where none was given.
    hindrance : Hindrance or None
        What keeps new data away: of this user where SET_ASIDE, else of everybody with this app.
    end : ConsentEnd or None
        When the consent ends.
    missing_scopes : tuple of str
        What the user has not allowed of what is asked for.
    """

    standing: Standing
    token: UserToken | None = None
    hindrance: Hindrance | None = None
    end: ConsentEnd | None = None
    missing_scopes: tuple[str, ...] = ()


def judge_connection(
    token: UserToken | None,
    upstream: UpstreamState,
    *,
    own_app: str | None,
    scopes: Collection[str],
    now: int,
) -> Connection:
    """Say how a connection stands.

    Parameters
    ----------
    upstream : UpstreamState
        What is known of the upstream in the name of the consent's app, or of ours.
    own_app : str or None
        The client id in use; None where no app is set up.
    scopes : collection of str
        What is asked for.
    """
    if own_app is None:
        return Connection(standing=Standing.NOT_SET_UP, token=token)
    hindrance = judge_upstream(upstream, now=now)
    if token is None:
        return Connection(standing=Standing.NOT_CONNECTED, hindrance=hindrance)
    end = consent_end(token.consented_at, now=now)
    missing = tuple(sorted(set(scopes) - set(token.scopes))) if token.scopes else ()
    aside = _judge_consent(token, upstream, own_app=own_app)
    standing = Standing.WAITING if hindrance else Standing.CONNECTED
    return Connection(
        standing=Standing.SET_ASIDE if aside else standing,
        token=token,
        hindrance=aside or hindrance,
        end=end,
        missing_scopes=missing,
    )


def judge_upstream(state: UpstreamState, *, now: int) -> Hindrance | None:
    """Say what keeps an app's calls from being answered; None where nothing is known to."""
    if state.latched is not None:
        return Hindrance(state.latched, since=state.latched_since)
    if state.not_before > now:
        last = state.last_outcome
        outcome = last if last.owner is Owner.QUOTA else Outcome.QUOTA_EXCEEDED
        return Hindrance(outcome, since=state.failing_since, until=state.not_before)
    is_theirs = state.last_outcome.owner in {Owner.UPSTREAM, Owner.NETWORK}
    if state.n_failures and is_theirs:
        return Hindrance(state.last_outcome, since=state.failing_since)
    return None


def _judge_consent(token: UserToken, upstream: UpstreamState, *, own_app: str) -> Hindrance | None:
    if token.state is TokenState.QUARANTINED:
        if _was_not_theirs(token, upstream):
            return Hindrance(Outcome.FOREIGN_APP, since=upstream.latched_since)
        outcome = token.quarantined_for or Outcome.GRANT_REJECTED
        return Hindrance(outcome, since=token.quarantined_at)
    if not token.is_public and token.client_id != own_app:
        return Hindrance(Outcome.FOREIGN_APP)
    return None


def _was_not_theirs(token: UserToken, upstream: UpstreamState) -> bool:
    """Tell whether a user was refused because the credentials are another app's.

    Who was refused shortly before that was found out comes back by itself.
    """
    is_foreign = upstream.latched is Outcome.FOREIGN_APP and not token.is_public
    return is_foreign and token.quarantined_at >= upstream.latched_since - BRAKE_WINDOW_S
