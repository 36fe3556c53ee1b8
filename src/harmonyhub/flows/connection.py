"""How users' connections to Spotify stand, from what is stored: no reader asks Spotify."""

import logging
from dataclasses import dataclass

from harmonyhub.domain.connections import Connection, Standing, judge_connection
from harmonyhub.domain.consents import consent_end
from harmonyhub.domain.errors import ConflictError, NotFoundError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.spotify_messages import explain
from harmonyhub.domain.upstreams import UpstreamState, UserToken
from harmonyhub.sources.spotify.operations import SCOPES
from harmonyhub.wiring.house import House
from harmonyhub.wiring.upstreams import SPOTIFY

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UserConnection:
    """One user's connection."""

    user_id: UserId
    connection: Connection


async def load_connection(house: House, user_id: UserId) -> Connection:
    """Say how a user's connection stands."""
    return await _judge(house, await house.store.tokens.get(user_id))


async def list_connections(house: House) -> list[UserConnection]:
    """Say how everybody's connection stands, the oldest consent first."""
    return [
        UserConnection(UserId(token.user_id), await _judge(house, token))
        for token in await house.store.tokens.all()
    ]


async def ask_for_sync(house: House, user_id: UserId) -> Connection:
    """Let a user be read next, by the process that synchronizes; raises as `usable_connection`."""
    connection = await usable_connection(house, user_id)
    await house.store.tokens.make_due(user_id)
    return connection


async def usable_connection(house: House, user_id: UserId) -> Connection:
    """Say how a connection stands that can be read from, or say why it cannot.

    Raises
    ------
    NotFoundError
        If the user has connected no account.
    ConflictError
        If the consent cannot be used.
    """
    connection = await load_connection(house, user_id)
    token, hindrance = connection.token, connection.hindrance
    if token is None:
        raise NotFoundError(
            f"{user_id} has connected no Spotify account.", hint="The page /spotify connects one."
        )
    if connection.standing is Standing.NOT_SET_UP:
        raise ConflictError(
            "Spotify is not set up here (any more).",
            hint="The page /spotify says which settings the operator has to make.",
        )
    if connection.standing is Standing.SET_ASIDE and hindrance is not None:
        message = explain(hindrance.outcome, is_household=token.is_public)
        assert message is not None  # noqa: S101 - a hindrance is no success
        raise ConflictError(message.what, hint=message.do)
    return connection


async def note_notices(house: House) -> int:
    """Write down who is told from now on that a consent ends; returns how many notices are new.

    Pages, API and command line show each from its day on, noted or not.
    """
    now, n_new = house.clock(), 0
    for token in await house.store.tokens.all():
        notice = consent_end(token.consented_at, now=now).notice
        if notice is None or notice in token.noticed_at:
            continue
        if await house.store.tokens.note_notice(token, notice, now=now):
            n_new += 1
            log.info("a listener is told that a consent at Spotify ends: %d days left", notice)
    return n_new


async def _judge(house: House, token: UserToken | None) -> Connection:
    own_app = None if house.spotify is None else house.spotify.credentials.client_id
    return judge_connection(
        token,
        await _upstream(house, token),
        own_app=own_app,
        scopes=SCOPES,
        now=house.clock(),
    )


async def _upstream(house: House, token: UserToken | None) -> UpstreamState:
    """Load what is known of Spotify in the name of a consent's app, or of ours."""
    if token is not None and token.is_public:
        return await house.store.upstreams.load(f"{SPOTIFY}:{token.client_id}")
    states = await house.upstreams.states(now=house.clock())
    return next((one for one in states if one.name == SPOTIFY), UpstreamState(name=SPOTIFY))
