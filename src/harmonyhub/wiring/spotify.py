"""The one door to Spotify for flows: the app's probe, and requests in users' names."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from harmonyhub.domain.budget import Purpose, allow
from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.upstream_policy import EXCHANGE_CODE, REFRESH, Permission
from harmonyhub.domain.upstreams import Observation, Outcome, TokenState, UserToken
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify import requests
from harmonyhub.sources.spotify.client import Answer, SpotifyClient
from harmonyhub.sources.spotify.payloads import Profile
from harmonyhub.sources.spotify.requests import ApiRequest
from harmonyhub.sources.spotify.tokens import App, Credentials, Tokens
from harmonyhub.storage.kept_answers import KeptAnswer
from harmonyhub.storage.sign_ins import SignIn
from harmonyhub.storage.store import Store
from harmonyhub.wiring.household_app import HouseholdApp
from harmonyhub.wiring.spotify_app import Identity, SpotifyApp
from harmonyhub.wiring.upstream_door import Clock

REFRESH_BEFORE_S = 60
LOCK_LEASE_S = 60  # three tries of 5 s, their waits and a confirmation take 25 s
LOCK_WAIT_S, LOCK_LOOK_S = 6.0, 0.05

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


@dataclass(frozen=True, slots=True)
class Granted:
    """What a person's consent gave; `profile` is None where Spotify did not tell whose it is."""

    tokens: Tokens
    profile: Profile | None
    profile_seen: Observation


class Spotify:
    """Spotify as flows see it.

    A call gives an observation, and a value where it succeeded. Where the policy or the budget
    lets no call out, nothing leaves, and the observation says why it would fail.

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
        self._rng = rng
        self._client = client
        self._households: dict[str, HouseholdApp] = {}
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
        await self._client.aclose()

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

    async def sign_in(self, sign_in: SignIn, code: Secret) -> tuple[Observation, Granted | None]:
        """Exchange what a person brought back from the consent page, and ask whose account it is.

        Nothing is stored. Goes past a latch for FOREIGN_APP, which a sign-in ends.
        """

        def exchange(app: App) -> Awaitable[tuple[Observation, Tokens | None]]:
            return self._client.exchange_code(
                app, code, verifier=sign_in.verifier, redirect_uri=sign_in.redirect_uri
            )

        app = self._app_of(sign_in.client_id, is_public=sign_in.is_public)
        if app is None:
            return self._note(Outcome.FOREIGN_APP, "the sign-in began with another app"), None
        # A code is good once: after a lost answer the person begins again.
        seen, tokens = await app.call(EXCHANGE_CODE, exchange, is_repeatable=False)
        if tokens is None:
            return seen, None
        profile_seen, answer = await self._send(app, requests.get_me(), tokens.access_token)
        profile = answer.value if answer else None
        if profile is not None:
            await self._store.app_modes.note(
                sign_in.client_id, is_extended=profile.is_extended, now=self._clock()
            )
        return seen, Granted(tokens, profile, profile_seen)

    async def ask(
        self, user_id: str, request: ApiRequest[Value], *, purpose: Purpose
    ) -> tuple[Observation, Value | None]:
        """Make a request in a user's name, within the budget; an unchanged answer is read again.

        A rejected consent is quarantined, and never deleted.

        Raises
        ------
        NotFoundError
            If the user has not connected an account.
        """
        token = await self._consent(user_id)
        app = self._app_of(token.client_id, is_public=token.is_public)
        if app is None:
            return self._note(Outcome.FOREIGN_APP, "the consent is for another app"), None
        missing = request.operation.scopes - set(token.scopes) if token.scopes else ()
        if missing:
            return self._note(Outcome.SCOPE_MISSING, f"not allowed: {', '.join(missing)}"), None
        spending = await self._store.api_calls.spending(token.client_id, now=self._clock())
        allowed = allow(spending, purpose, n_calls=request.operation.cost)
        if not allowed.is_go:
            evidence = f"{spending.n_in_day} of {spending.daily_calls} calls of a day"
            return self._note(Outcome.BUDGET_SPENT, evidence, wait_s=allowed.wait_s), None
        return await self._ask_for(token, app, request)

    async def refresh_user(self, user_id: str) -> tuple[Observation, Secret | None]:
        """Get a new access token for a user; one process of the fleet asks, all get what it got.

        A rejected consent is quarantined, and never deleted.

        Raises
        ------
        NotFoundError
            If the user has not connected an account.
        """
        return await self._refresh(await self._consent(user_id))

    async def _ask_for(
        self, token: UserToken, app: SpotifyApp | HouseholdApp, request: ApiRequest[Value]
    ) -> tuple[Observation, Value | None]:
        user_id, is_kept = token.user_id, request.operation.is_conditional
        identity = self._app.identity
        kept = await self._store.kept_answers.get(user_id, request.target) if is_kept else None
        seen, access = await self._access(token)
        if access is None:
            return seen, None
        etag = kept.etag if kept else ""
        seen, answer = await self._send(app, request, access, etag=etag)
        if seen.outcome is Outcome.TOKEN_REJECTED:
            refreshed, access = await self._refresh(token)
            if access is None:
                return refreshed, None
            seen, answer = await self._send(app, request, access, etag=etag)
        if seen.outcome is Outcome.USER_NOT_ALLOWED:
            await self._quarantine(token, Outcome.USER_NOT_ALLOWED, identity=identity)
        if answer is None:
            return seen, None
        if kept is not None and answer.is_unchanged:
            return seen, request.read(kept.body)
        if is_kept and answer.etag:
            await self._store.kept_answers.put(
                user_id, request.target, KeptAnswer(answer.etag, answer.body), now=self._clock()
            )
        return seen, answer.value

    async def _send(
        self,
        app: SpotifyApp | HouseholdApp,
        request: ApiRequest[Value],
        access: Secret,
        *,
        etag: str = "",
    ) -> tuple[Observation, Answer[Value] | None]:
        async def send(_: App) -> tuple[Observation, Answer[Value] | None]:
            answer = await self._client.ask(request, access, etag=etag)
            return answer.seen, answer if answer.seen.outcome is Outcome.OK else None

        operation = request.operation
        return await app.call(operation.name, send, is_repeatable=operation.is_repeatable)

    def _app_of(self, client_id: str, *, is_public: bool) -> SpotifyApp | HouseholdApp | None:
        """Find the app that a consent was given to; None for a former app of ours."""
        if not is_public:
            return self._app if client_id == self._app.client_id else None
        if client_id not in self._households:
            self._households[client_id] = HouseholdApp(
                client_id,
                client=self._client,
                store=self._store,
                clock=self._clock,
                rng=self._rng,
            )
        return self._households[client_id]

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
            app = self._app_of(token.client_id, is_public=token.is_public)
            if app is None:
                return self._note(Outcome.FOREIGN_APP, "the consent is for another app"), None
            old, access = await self._store.tokens.secrets_of(user_id)
            if access is not None and token.access_expires_at > seen_token.access_expires_at:
                return self._note(Outcome.OK), access
            return await finished(self._ask_for_tokens(token, app, old))
        finally:
            await self._store.tokens.unlock_refresh(user_id, owner)

    async def _ask_for_tokens(
        self, token: UserToken, app: SpotifyApp | HouseholdApp, old: Secret
    ) -> tuple[Observation, Secret | None]:
        def ask(app: App) -> Awaitable[tuple[Observation, Tokens | None]]:
            return self._client.refresh(app, old)

        identity = self._app.identity
        seen, fresh = await app.call(REFRESH, ask)
        if fresh is not None:
            await self._store.tokens.save_refreshed(
                token,
                fresh.access_token,
                refresh_token=fresh.refresh_token or old,
                access_expires_at=self._clock() + fresh.expires_in_s,
            )
            return seen, fresh.access_token
        if seen.outcome is Outcome.GRANT_REJECTED:
            await self._quarantine(token, Outcome.GRANT_REJECTED, identity=identity)
        elif token.is_public and seen.outcome is Outcome.CLIENT_REJECTED:
            # Their app is gone, or its id was mistyped.
            await self._quarantine(token, Outcome.CLIENT_REJECTED, identity=identity)
        return seen, None

    async def _quarantine(self, token: UserToken, outcome: Outcome, *, identity: Identity) -> None:
        """Stop using a user's tokens; `identity` is that of our app when they were refused."""
        await self._store.tokens.quarantine(token.user_id, outcome=outcome, now=self._clock())
        if not token.is_public:
            await self._app.judge_quarantine(identity)

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

    def _note(
        self, outcome: Outcome, evidence: str = "", *, wait_s: int | None = None
    ) -> Observation:
        """Say what is known without a call."""
        return Observation(
            outcome=outcome,
            operation=REFRESH,
            at=self._clock(),
            evidence=evidence,
            retry_after_s=wait_s,
        )
