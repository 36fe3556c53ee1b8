"""Makes one call to Spotify and says what became of it: no retries, no redirects, no waiting."""

import asyncio
import base64
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from harmonyhub.domain.upstream_policy import (
    GET_ME,
    ISSUE_APP_TOKEN,
    PROBE_API,
    RECENTLY_PLAYED,
    REFRESH,
)
from harmonyhub.domain.upstreams import Observation, Outcome, RecentPlay
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify import payloads
from harmonyhub.sources.spotify.classify import (
    classify_answer,
    classify_failure,
    read_server_time,
)
from harmonyhub.sources.spotify.payloads import AppToken, Credentials, Profile, Tokens

if TYPE_CHECKING:
    import httpx2

CONNECT_S = 2.0
TOTAL_S = 5.0
MAX_BODY_BYTES = 8_000_000  # 50 plays with all their markets take 0.5 MB
PLAYS_READ = 50  # as many as Spotify gives

Clock = Callable[[], int]
Value = TypeVar("Value")


@cache
def _trust() -> ssl.SSLContext:
    """Read the certificates once a process: it takes 45 ms, half of all the live checks."""
    import httpx2  # noqa: PLC0415 - it takes 0.2 s, and most processes never make a call

    return httpx2.create_ssl_context()


@dataclass(frozen=True, slots=True)
class _Call:
    """One request; `secrets` are what its answer could repeat."""

    operation: str
    request: "httpx2.Request"
    secrets: Sequence[str]
    is_token_call: bool = False
    has_user: bool = False


class SpotifyClient:
    """Spotify's two services; opens connections at the first call, `aclose` closes them.

    Every method gives an observation, and a value where the outcome is OK; none raises for what
    Spotify or the network does.

    Parameters
    ----------
    accounts_url : str
        Of the accounts service, without `/api/token`.
    api_url : str
        Of the Web API, with its `/v1`.
    clock : callable
        Tells unix seconds UTC.
    """

    def __init__(self, *, accounts_url: str, api_url: str, clock: Clock) -> None:
        self._accounts_url = accounts_url.rstrip("/")
        self._api_url = api_url.rstrip("/")
        self._clock = clock
        self._opened: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await self._opened.aclose()
            self._opened = None

    async def issue_app_token(
        self, credentials: Credentials
    ) -> tuple[Observation, AppToken | None]:
        """Ask for a token in the app's own name: says whether the credentials are accepted."""
        call = self._token_call(
            ISSUE_APP_TOKEN, credentials, form={"grant_type": "client_credentials"}
        )
        return await self._make(call, payloads.read_app_token)

    async def refresh(
        self, credentials: Credentials, refresh_token: Secret
    ) -> tuple[Observation, Tokens | None]:
        """Ask for a new access token in a user's name."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        return await self._make(
            self._token_call(REFRESH, credentials, form=form), payloads.read_tokens
        )

    async def recently_played(
        self, access_token: Secret
    ) -> tuple[Observation, Sequence[RecentPlay] | None]:
        """Read the last 50 plays of a user, newest first."""
        call = self._api_call(
            RECENTLY_PLAYED,
            access_token,
            path="/me/player/recently-played",
            query={"limit": str(PLAYS_READ)},
            has_user=True,
        )
        return await self._make(call, payloads.read_plays)

    async def get_me(self, access_token: Secret) -> tuple[Observation, Profile | None]:
        """Ask whose token it is."""
        call = self._api_call(GET_ME, access_token, path="/me", has_user=True)
        return await self._make(call, payloads.read_profile)

    async def probe_api(self, app_token: Secret) -> Observation:
        """Make the smallest API call that needs no user: says whether the app may use the API."""
        query = {"q": "a", "type": "track", "limit": "1"}
        call = self._api_call(PROBE_API, app_token, path="/search", query=query)
        observation, _ = await self._make(call, bytes)
        return observation

    @property
    def _http(self) -> "httpx2.AsyncClient":
        if self._opened is None:
            # Here, since the import takes 0.2 s, and most processes never make a call.
            import httpx2  # noqa: PLC0415

            self._opened = httpx2.AsyncClient(
                timeout=httpx2.Timeout(TOTAL_S, connect=CONNECT_S),
                follow_redirects=False,
                headers={"Accept": "application/json", "User-Agent": "HarmonyHub"},
                verify=_trust(),
            )
        return self._opened

    def _token_call(
        self, operation: str, credentials: Credentials, *, form: Mapping[str, str]
    ) -> _Call:
        secret = credentials.client_secret.reveal()
        pair = base64.b64encode(f"{credentials.client_id}:{secret}".encode()).decode()
        request = self._http.build_request(
            "POST",
            f"{self._accounts_url}/api/token",
            data=dict(form),
            headers={"Authorization": f"Basic {pair}"},
        )
        secrets = (secret, pair, form.get("refresh_token", ""))
        return _Call(operation, request, secrets, is_token_call=True)

    def _api_call(
        self,
        operation: str,
        access_token: Secret,
        *,
        path: str,
        query: Mapping[str, str] | None = None,
        has_user: bool = False,
    ) -> _Call:
        token = access_token.reveal()
        request = self._http.build_request(
            "GET",
            f"{self._api_url}{path}",
            params=dict(query) if query else None,
            headers={"Authorization": f"Bearer {token}"},
        )
        return _Call(operation, request, (token,), has_user=has_user)

    async def _make(
        self, call: _Call, read: Callable[[bytes], Value]
    ) -> tuple[Observation, Value | None]:
        import httpx2  # noqa: PLC0415 - as above

        try:
            async with asyncio.timeout(TOTAL_S):
                response = await self._http.send(call.request, stream=True)
                try:
                    body = await _read_body(response)
                finally:
                    await response.aclose()
        except (httpx2.HTTPError, OSError) as error:
            outcome = classify_failure(error)
            return self._observe(call, outcome, evidence=outcome.value.replace("-", " ")), None
        found = classify_answer(
            response.status_code,
            headers=response.headers,
            body=body,
            is_token_call=call.is_token_call,
            has_user=call.has_user,
            secrets=call.secrets,
        )
        outcome, evidence, value = found.outcome, found.evidence, None
        if outcome is Outcome.OK:
            try:
                value = read(body)
            except (ValueError, TypeError, KeyError, AttributeError):
                outcome, evidence = Outcome.UNREADABLE, f"{response.status_code} in another shape"
        return (
            self._observe(
                call,
                outcome,
                evidence=evidence,
                retry_after_s=found.retry_after_s,
                server_time=read_server_time(response.headers),
            ),
            value,
        )

    def _observe(
        self,
        call: _Call,
        outcome: Outcome,
        *,
        evidence: str,
        retry_after_s: int | None = None,
        server_time: int | None = None,
    ) -> Observation:
        return Observation(
            outcome=outcome,
            operation=call.operation,
            at=self._clock(),
            evidence=evidence,
            retry_after_s=retry_after_s,
            server_time=server_time,
        )


async def _read_body(response: "httpx2.Response") -> bytes:
    parts, n_bytes = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        n_bytes += len(part)
        if n_bytes > MAX_BODY_BYTES:
            break  # cut off it cannot be read, which is what the outcome will say
    return b"".join(parts)
