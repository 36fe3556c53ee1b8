"""Calls to Spotify within the policy: confirmed, counted, retried, and probed while they stop."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from harmonyhub.domain.consents import CONSENT_LASTS_S
from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.upstream_policy import (
    BRAKE_WINDOW_S,
    EXCHANGE_CODE,
    ISSUE_APP_TOKEN,
    REFRESH,
    TOKEN_OPERATIONS,
    Gate,
    Permission,
    after,
)
from harmonyhub.domain.upstreams import Observation, Outcome, UpstreamState
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.client import SpotifyClient
from harmonyhub.sources.spotify.operations import PROBE_API
from harmonyhub.sources.spotify.tokens import App, Credentials
from harmonyhub.storage.store import Store
from harmonyhub.wiring.upstream_door import Clock, UpstreamDoor
from harmonyhub.wiring.upstreams import SPOTIFY

log = logging.getLogger(__name__)

CLIENT_ID = "HARMONYHUB_SPOTIFY_CLIENT_ID"
CLIENT_SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"  # noqa: S105 - the name of a variable

API_QUIET_S = 60  # an app that the API refuses is issued tokens: ask it when nobody else did
BRAKE_LEAST, BRAKE_SHARE = 3, 0.05
CANDIDATES = 20  # of whom one is tried to see whether a foreign app has become the right one
APP_OPERATIONS = frozenset({ISSUE_APP_TOKEN, PROBE_API.name})
FOREIGN = "no stored consent was given to this app"

Value = TypeVar("Value")


async def note_call(seen: Observation, client_id: str, *, store: Store, door: UpstreamDoor) -> None:
    """Write a call down that left: for the metrics, and for the app's quota.

    A quota that was told is learned from, for the budget of the days to come. An id that no token
    was ever issued to is not written down: in its variable may stand the secret.
    """
    await door.count(seen)
    is_counted = seen.operation not in TOKEN_OPERATIONS
    is_proven = is_counted or seen.outcome is Outcome.OK
    if is_proven or await store.api_calls.knows(client_id):
        await store.api_calls.note(client_id, seen, is_counted=is_counted)
    if is_counted and seen.outcome is Outcome.QUOTA_EXCEEDED:
        calls = await store.api_calls.learn_allowance(client_id, now=seen.at)
        log.warning("Spotify's daily quota is spent; %d calls a day are planned with", calls)


@dataclass(frozen=True, slots=True)
class Identity:
    """Credentials, and the fingerprint by which the fleet speaks of them."""

    credentials: Credentials
    fingerprint: str

    @property
    def client_id(self) -> str:
        """The id of the app."""
        return self.credentials.client_id


class SpotifyApp:
    """Spotify in the name of our app; see `wiring.spotify` for what flows use.

    Parameters
    ----------
    clock : callable
        Tells unix seconds UTC.
    fingerprint_key : bytes
        Of the fingerprint under which credentials are latched.
    release : int or None
        Remembered beside credentials that work.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        client: SpotifyClient,
        store: Store,
        clock: Clock,
        rng: random.Random,
        fingerprint_key: bytes,
        release: int | None,
    ) -> None:
        self.client = client
        self._store = store
        self._clock = clock
        self._rng = rng
        self._key = fingerprint_key
        self._release = release
        self._door = UpstreamDoor(SPOTIFY, label=SPOTIFY, store=store, clock=clock, rng=rng)
        self._app_token: Secret | None = None
        self._api_answered_at = 0
        self._remembered = ""
        self._right_app = ""
        self._confirming = asyncio.Lock()
        self.identity = self._identify(credentials)

    @property
    def client_id(self) -> str:
        """The id of the app."""
        return self.identity.client_id

    async def permission(self) -> Permission:
        """Tell whether a call may leave now."""
        return self._door.permit(await self._door.state(), self.identity.fingerprint)

    async def is_foreign(self, client_id: str) -> bool:
        """Tell whether there are consents, and none of them was given to this app."""
        if client_id == self._right_app:  # once right it stays so: save a count at every probe
            return False
        issued = await self._store.tokens.client_ids()
        if client_id in issued:
            self._right_app = client_id
        return bool(issued) and client_id not in issued

    async def call(
        self,
        operation: str,
        make: Callable[[App], Awaitable[tuple[Observation, Value | None]]],
        *,
        is_repeatable: bool = True,
    ) -> tuple[Observation, Value | None]:
        """Make a user's call: confirm what would stop everybody, try again what may pass.

        Parameters
        ----------
        is_repeatable : bool
            Whether the call may be made a second time after its answer was lost.
        """
        identity, state = self.identity, await self._door.state()
        permission = self._door.permit(state, identity.fingerprint)
        # Only a sign-in can end the reign of another app's consents.
        is_way_out = operation == EXCHANGE_CODE and state.latched is Outcome.FOREIGN_APP
        if not (permission.is_go or (is_way_out and permission.gate is Gate.LATCHED)):
            return self._door.stopped(state, permission, operation=operation), None
        n_retries = 0
        while True:
            seen, value = await self._counted(make(identity.credentials))
            seen = await self._confirm(seen, identity)
            if seen.outcome is not Outcome.REQUEST_REFUSED or seen.operation in APP_OPERATIONS:
                await self.settle(seen, identity)
            if not await self._door.wait_to_retry(
                seen, n_retries, fingerprint=identity.fingerprint, is_repeatable=is_repeatable
            ):
                return seen, value
            n_retries += 1

    async def probe(self) -> Observation:
        """See whether the credentials are accepted, and whether the API takes calls."""
        identity, state = self.identity, await self._door.state()
        permission = self._door.permit(state, identity.fingerprint)
        if not await self._door.permit_probe(state, identity.fingerprint):
            return self._door.stopped(state, permission, operation=ISSUE_APP_TOKEN)
        is_latched = permission.gate is Gate.LATCHED
        if is_latched and state.latched is Outcome.FOREIGN_APP:
            return await self._probe_for_users(identity, state)
        seen = await self._ask_for_token(identity)
        if not is_latched:
            seen = await self._confirm(seen, identity)
        if seen.outcome is Outcome.OK and await self.is_foreign(identity.client_id):
            seen = replace(seen, outcome=Outcome.FOREIGN_APP, evidence=FOREIGN)
        # Other credentials than ours may be latched: our success frees the users they stopped.
        may_free = is_latched or state.latched is not None
        asks_api = may_free or self._clock() - self._api_answered_at >= API_QUIET_S
        # Else one probe settles once: tokens that are issued must not hide an API that fails.
        if seen.outcome is not Outcome.OK or may_free or not asks_api:
            await self.settle(seen, identity)
        if seen.outcome is not Outcome.OK:
            return seen
        await self._remember(identity)
        return await self._probe_api(seen, identity, is_latched=is_latched) if asks_api else seen

    async def swap(self, credentials: Credentials) -> Observation:
        """Try other credentials, and use them from now on if they are accepted."""
        identity = self._identify(credentials)
        seen, token = await self._counted(self.client.issue_app_token(credentials))
        if token is None:
            return seen
        if await self.is_foreign(identity.client_id):
            return replace(seen, outcome=Outcome.FOREIGN_APP, evidence=FOREIGN)
        if identity != self.identity:
            # Who was rejected under the former credentials deserves another try under these.
            since = self._clock() - BRAKE_WINDOW_S
            await self._store.tokens.restore(identity.client_id, since=since)
        self.identity, self._app_token = identity, token.access_token
        await self.settle(seen, identity)
        await self._remember(identity)
        return seen

    async def settle(self, seen: Observation, identity: Identity) -> UpstreamState:
        """Let all processes know; where the right app is back, so are its users' tokens."""
        before = await self._door.state()
        foreseen = after(before, seen, fingerprint=identity.fingerprint, jitter=0)
        if before.latched is Outcome.FOREIGN_APP and foreseen.latched is None:
            since = before.latched_since - BRAKE_WINDOW_S
            n_restored = await self._store.tokens.restore(identity.client_id, since=since)
            log.info("%d users' tokens are used again", n_restored)
        return await self._door.settle(seen, identity.fingerprint, before=before)

    async def judge_quarantine(self, identity: Identity) -> None:
        """Conclude from users set aside that the credentials are another app's, if they are many.

        Where it comes to many at once, it is not the users.
        """
        now, tokens = self._clock(), self._store.tokens
        # Consents end by age in cohorts, all rejected within minutes; those say nothing.
        n_rejected = await tokens.count_quarantined_since(
            now - BRAKE_WINDOW_S, consented_since=now - CONSENT_LASTS_S
        )
        n_known = sum((await tokens.count_by_state()).values())
        if n_rejected > max(BRAKE_LEAST, BRAKE_SHARE * n_known):
            evidence = f"{n_rejected} of {n_known} users rejected within {BRAKE_WINDOW_S} s"
            seen = Observation(
                outcome=Outcome.FOREIGN_APP, operation=REFRESH, at=now, evidence=evidence
            )
            await self.settle(seen, identity)

    async def _confirm(self, seen: Observation, identity: Identity) -> Observation:
        """Ask once more, in nobody's name, before one answer stops everybody's calls."""
        is_doubtful = seen.outcome is Outcome.USER_NOT_ALLOWED  # may be meant for all
        if seen.outcome.owner is not Owner.OPERATOR and not is_doubtful:
            return seen
        async with self._confirming:
            state = await self._door.state()
            permission = self._door.permit(state, identity.fingerprint)
            if permission.gate is Gate.LATCHED:  # somebody else has confirmed it meanwhile
                return self._door.stopped(state, permission, operation=seen.operation)
            if seen.operation in TOKEN_OPERATIONS:
                second = await self._ask_for_token(identity)
            else:
                second = await self._ask_api(identity)
        if second.outcome is not Outcome.OK:
            return second
        is_users = seen.operation not in APP_OPERATIONS
        if is_users and seen.outcome in {Outcome.PREMIUM_LAPSED, Outcome.USER_NOT_ALLOWED}:
            return replace(seen, outcome=Outcome.USER_NOT_ALLOWED)
        if is_users and seen.outcome is Outcome.REQUEST_REFUSED:
            return seen
        evidence = f"{seen.evidence}, but a second call was accepted"
        return replace(seen, outcome=Outcome.UPSTREAM_FAILED, evidence=evidence)

    async def _probe_api(
        self, issued: Observation, identity: Identity, *, is_latched: bool
    ) -> Observation:
        seen = await self._ask_api(identity)
        if not is_latched:
            seen = await self._confirm(seen, identity)
        await self.settle(seen, identity)
        return issued if seen.outcome is Outcome.OK else seen

    async def _probe_for_users(self, identity: Identity, state: UpstreamState) -> Observation:
        """See whether the app is the right one again: its own token says nothing, a user's does."""
        if await self.is_foreign(identity.client_id):
            permission = self._door.permit(state, identity.fingerprint)
            return self._door.stopped(state, permission, operation=REFRESH)
        rejected = await self._store.tokens.quarantined_since(
            state.latched_since - BRAKE_WINDOW_S, client_id=identity.client_id, limit=CANDIDATES
        )
        if rejected:
            token = self._rng.choice(rejected)
            old, _ = await self._store.tokens.secrets_of(token.user_id)
            seen, fresh = await self._counted(self.client.refresh(identity.credentials, old))
            if fresh is not None:
                await self._store.tokens.save_refreshed(
                    token,
                    fresh.access_token,
                    refresh_token=fresh.refresh_token or old,
                    access_expires_at=self._clock() + fresh.expires_in_s,
                )
        else:
            # Those users are gone or have signed in again: nothing speaks against this app.
            seen = replace(await self._ask_for_token(identity), operation=REFRESH)
        if seen.outcome is Outcome.GRANT_REJECTED:
            seen = replace(seen, outcome=Outcome.FOREIGN_APP, evidence=state.last_evidence)
        await self.settle(seen, identity)
        return seen

    async def _ask_for_token(self, identity: Identity) -> Observation:
        seen, token = await self._counted(self.client.issue_app_token(identity.credentials))
        self._app_token = token.access_token if token else None
        return seen

    async def _ask_api(self, identity: Identity) -> Observation:
        token = self._app_token
        if token is not None:
            seen = await self._probe_with(token)
            if seen.outcome is not Outcome.TOKEN_REJECTED:
                return seen
        issued = await self._ask_for_token(identity)
        token = self._app_token
        return issued if token is None else await self._probe_with(token)

    async def _probe_with(self, token: Secret) -> Observation:
        async def probe() -> tuple[Observation, None]:
            return await self.client.probe_api(token), None

        seen, _ = await self._counted(probe())
        return seen

    async def _counted(
        self, call: Awaitable[tuple[Observation, Value | None]]
    ) -> tuple[Observation, Value | None]:
        seen, value = await call
        is_answered = seen.outcome.owner in {None, Owner.USER}
        if is_answered and seen.operation not in TOKEN_OPERATIONS:
            self._api_answered_at = self._clock()
        await note_call(seen, self.client_id, store=self._store, door=self._door)
        return seen, value

    async def _remember(self, identity: Identity) -> None:
        """Keep credentials that work, for the day when others do not."""
        if self._remembered == identity.fingerprint:
            return
        values = {
            CLIENT_ID: Secret(identity.client_id),
            CLIENT_SECRET: identity.credentials.client_secret,
        }
        try:
            known = await self._store.known_good.load(SPOTIFY)
        except ConfigurationError as error:
            # Sealed with another key: what was known good must not be lost to a wrong key.
            log.warning("the credentials that worked are not remembered: %s", error.message)
        else:
            if known is None or dict(known.values) != values:
                await self._store.known_good.remember(
                    SPOTIFY, values, now=self._clock(), release=self._release
                )
        self._remembered = identity.fingerprint

    def _identify(self, credentials: Credentials) -> Identity:
        return Identity(credentials, credentials.fingerprint(self._key))
