"""The one door to Spotify for flows: the app's probe, and calls in users' names."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, TypeVar

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.upstream_policy import RECENTLY_PLAYED, REFRESH, Permission
from harmonyhub.domain.upstreams import (
    Observation,
    Outcome,
    RecentPlay,
    TokenState,
    UserToken,
)
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.client import SpotifyClient
from harmonyhub.sources.spotify.payloads import Credentials, Tokens
from harmonyhub.storage.store import Store
from harmonyhub.storage.tokens import CONSENT_LASTS_S
from harmonyhub.wiring.spotify_app import BRAKE_WINDOW_S, Identity, SpotifyApp
from harmonyhub.wiring.upstream_door import Clock

REFRESH_BEFORE_S = 60
LOCK_LEASE_S = 60  # three tries of 5 s, their waits and a confirmation take 25 s
LOCK_WAIT_S, LOCK_LOOK_S = 6.0, 0.05
BRAKE_LEAST, BRAKE_SHARE = 3, 0.05

Value = TypeVar("Value")


async def finished(work: Coroutine[Any, Any, Value]) -> Value:
    """Await work that a stop of this process must not break off: it ends first.

    Between Spotify's answer and our write the only copy of a new refresh token is in memory.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class Spotify:
    """Spotify as flows see it.

    A call gives an observation, and a value where it succeeded. Where the policy lets no call
    out, nothing leaves, and the observation says why it would fail.

    Parameters
    ----------
    clock : callable
        Tells unix seconds UTC.
    fingerprint_key : bytes
        Of the fingerprint under which credentials are latched; see `settings.keys`.
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
        release: int | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._app = SpotifyApp(
            credentials,
            client=client,
            store=store,
            clock=clock,
            rng=rng,
            fingerprint_key=fingerprint_key,
            release=release,
        )

    @property
    def credentials(self) -> Credentials:
        """The credentials in use."""
        return self._app.identity.credentials

    @property
    def fingerprint(self) -> str:
        """The keyed fingerprint of the credentials in use, as the state of the upstream has it."""
        return self._app.identity.fingerprint

    async def aclose(self) -> None:
        """Close all connections."""
        await self._app.client.aclose()

    async def permission(self) -> Permission:
        """Tell whether a call may leave now."""
        return await self._app.permission()

    async def probe(self) -> Observation:
        """See whether the credentials are accepted, and whether the API takes calls.

        Made to be called every few seconds: while the policy stops calls, one probe of the whole
        fleet leaves at its time, and everybody else is told what is known.
        """
        return await self._app.probe()

    async def swap(self, credentials: Credentials) -> Observation:
        """Try other credentials, and use them from now on if they are accepted.

        Those of an app to which no stored consent was given are not: FOREIGN_APP.
        """
        return await self._app.swap(credentials)

    async def recently_played(
        self, user_id: str
    ) -> tuple[Observation, Sequence[RecentPlay] | None]:
        """Read the last 50 plays of a user, newest first.

        Raises
        ------
        NotFoundError
            If the user has not connected an account.
        """
        identity, token = self._app.identity, await self._consent(user_id)
        seen, access = await self._access(token)
        if access is None:
            return seen, None
        seen, plays = await self._read_plays(access)
        if seen.outcome is Outcome.TOKEN_REJECTED:
            refreshed, access = await self._refresh(token)
            if access is None:
                return refreshed, None
            seen, plays = await self._read_plays(access)
        if seen.outcome is Outcome.USER_NOT_ALLOWED:
            await self._quarantine(user_id, Outcome.USER_NOT_ALLOWED, identity=identity)
        return seen, plays

    async def refresh_user(self, user_id: str) -> tuple[Observation, Secret | None]:
        """Get a new access token for a user; one process of the fleet asks, all get what it got.

        A rejected consent is quarantined, and never deleted.

        Raises
        ------
        NotFoundError
            If the user has not connected an account.
        """
        return await self._refresh(await self._consent(user_id))

    async def _read_plays(self, access: Secret) -> tuple[Observation, Sequence[RecentPlay] | None]:
        client = self._app.client
        return await self._app.call(RECENTLY_PLAYED, lambda _: client.recently_played(access))

    async def _access(self, token: UserToken) -> tuple[Observation, Secret | None]:
        if token.access_expires_at - self._clock() > REFRESH_BEFORE_S:
            _, access = await self._store.tokens.secrets_of(token.user_id)
            if access is not None and token.state is TokenState.ACTIVE:
                return self._note(Outcome.OK), access
        return await self._refresh(token)

    async def _refresh(self, seen_token: UserToken) -> tuple[Observation, Secret | None]:
        """Refresh a consent unless somebody else did since it was seen."""
        user_id, owner = seen_token.user_id, secrets.token_hex(8)
        if not await self._lock(user_id, owner):
            return self._note(Outcome.TIMED_OUT, "another process refreshes this consent"), None
        try:
            token = await self._consent(user_id)
            if token.state is TokenState.QUARANTINED:
                return self._note(token.quarantined_for or Outcome.GRANT_REJECTED), None
            if token.client_id != self.credentials.client_id:
                return self._note(Outcome.FOREIGN_APP, "the consent is for another app"), None
            old, access = await self._store.tokens.secrets_of(user_id)
            if access is not None and token.access_expires_at > seen_token.access_expires_at:
                return self._note(Outcome.OK), access
            return await finished(self._ask_for_tokens(token, old))
        finally:
            await self._store.tokens.unlock_refresh(user_id, owner)

    async def _ask_for_tokens(
        self, token: UserToken, old: Secret
    ) -> tuple[Observation, Secret | None]:
        def ask(credentials: Credentials) -> Awaitable[tuple[Observation, Tokens | None]]:
            return self._app.client.refresh(credentials, old)

        identity = self._app.identity
        seen, fresh = await self._app.call(REFRESH, ask)
        if fresh is not None:
            await self._app.keep_tokens(token, fresh, refresh_token=old)
            return seen, fresh.access_token
        if seen.outcome is Outcome.GRANT_REJECTED:
            await self._quarantine(token.user_id, Outcome.GRANT_REJECTED, identity=identity)
        return seen, None

    async def _quarantine(self, user_id: str, outcome: Outcome, *, identity: Identity) -> None:
        """Stop using a user's tokens; where it comes to many at once, it is not the users."""
        now = self._clock()
        tokens = self._store.tokens
        await tokens.quarantine(user_id, outcome=outcome, now=now)
        # Consents end by age in cohorts, all rejected within minutes; those say nothing.
        n_rejected = await tokens.count_quarantined_since(
            now - BRAKE_WINDOW_S, consented_since=now - CONSENT_LASTS_S
        )
        n_known = sum((await tokens.count_by_state()).values())
        if n_rejected > max(BRAKE_LEAST, BRAKE_SHARE * n_known):
            evidence = f"{n_rejected} of {n_known} users rejected within {BRAKE_WINDOW_S} s"
            seen = self._note(Outcome.FOREIGN_APP, evidence)
            await self._app.settle(seen, identity)

    async def _consent(self, user_id: str) -> UserToken:
        token = await self._store.tokens.get(user_id)
        if token is None:
            raise NotFoundError(
                f"{user_id} has not connected a Spotify account.", hint="Let the user sign in."
            )
        return token

    async def _lock(self, user_id: str, owner: str) -> bool:
        """Take the right to refresh, waiting for who has it; False if that takes too long."""
        for _ in range(int(LOCK_WAIT_S / LOCK_LOOK_S)):
            if await self._store.tokens.lock_refresh(
                user_id, owner, now=self._clock(), lease_s=LOCK_LEASE_S
            ):
                return True
            await asyncio.sleep(LOCK_LOOK_S)
        return False

    def _note(self, outcome: Outcome, evidence: str = "") -> Observation:
        """Say what is known without a call."""
        return Observation(outcome=outcome, operation=REFRESH, at=self._clock(), evidence=evidence)
