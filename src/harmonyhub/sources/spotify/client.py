"""Makes one call to Spotify and says what became of it: no retries, no redirects, no waiting."""

import asyncio
import base64
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from harmonyhub.domain.upstream_policy import EXCHANGE_CODE, ISSUE_APP_TOKEN, REFRESH
from harmonyhub.domain.upstreams import Observation, Outcome
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify import tokens
from harmonyhub.sources.spotify.classify import (
    classify_answer,
    classify_failure,
    read_server_time,
)
from harmonyhub.sources.spotify.requests import ApiRequest, probe_api
from harmonyhub.sources.spotify.tokens import App, AppToken, Credentials, Tokens

if TYPE_CHECKING:
    import httpx2

CONNECT_S = 2.0
TOTAL_S = 5.0
MAX_BODY_BYTES = 8_000_000  # 50 plays with all their markets take 0.5 MB
NOT_MODIFIED = 304

Clock = Callable[[], int]
Value = TypeVar("Value")


@cache
def _trust() -> ssl.SSLContext:
    """Read the certificates once a process: it takes 45 ms, half of all the live checks."""
    import httpx2  # noqa: PLC0415 - it takes 0.2 s, and most processes never make a call

    return httpx2.create_ssl_context()


def prepare() -> None:
    """Load what a first call would load, so that no call's time is spent on it."""
    _trust()


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """What became of a request to the Web API.

    Attributes
    ----------
    value : object or None
        What was asked for, where the outcome is OK and it is not `is_unchanged`.
    body : bytes
        The answer as it came, for whoever keeps it.
    etag : str
        Under which the same may be asked for again; empty where Spotify gave none.
    is_unchanged : bool
        Whether it still is what the given ETag stands for.
    """

    seen: Observation
    value: Value | None = None
    body: bytes = b""
    etag: str = ""
    is_unchanged: bool = False


@dataclass(frozen=True, slots=True)
class _Call:
    """One request; `secrets` are what its answer could repeat, `facts` what its answer means."""

    operation: str
    request: "httpx2.Request"
    secrets: Sequence[str]
    facts: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class _Received:
    """What came back: the observation, the body, and the headers where there are any."""

    seen: Observation
    body: bytes = b""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


class SpotifyClient:
    """Spotify's two services; opens connections at the first call, `aclose` closes them.

    Every method gives what was seen, and a value where the outcome is OK; none raises for what
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
        form = {"grant_type": "client_credentials"}
        return await self._ask_accounts(
            ISSUE_APP_TOKEN, credentials, form=form, read=tokens.read_app_token
        )

    async def refresh(self, app: App, refresh_token: Secret) -> tuple[Observation, Tokens | None]:
        """Ask for a new access token in a user's name."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        return await self._ask_accounts(REFRESH, app, form=form, read=tokens.read_tokens)

    async def exchange_code(
        self, app: App, code: Secret, *, verifier: Secret, redirect_uri: str
    ) -> tuple[Observation, Tokens | None]:
        """Exchange what a person brought back from the consent page for tokens."""
        form = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": redirect_uri,
            "code_verifier": verifier.reveal(),
        }
        return await self._ask_accounts(EXCHANGE_CODE, app, form=form, read=tokens.read_tokens)

    async def ask(
        self,
        request: ApiRequest[Value],
        access_token: Secret,
        *,
        has_user: bool = True,
        etag: str = "",
    ) -> Answer[Value]:
        """Make a request to the Web API.

        Parameters
        ----------
        has_user : bool
            Whether the token is a user's, not the app's own.
        etag : str
            Of the answer that is kept; if it still holds, the new one is `is_unchanged`.
        """
        got = await self._make(self._api_call(request, access_token, has_user=has_user, etag=etag))
        if got.seen.outcome is not Outcome.OK:
            return Answer(got.seen)
        if got.status == NOT_MODIFIED:
            return Answer(got.seen, etag=etag, is_unchanged=True)
        seen, value = _read(got, request.read)
        return Answer(seen, value, got.body, got.headers.get("etag", ""))

    async def probe_api(self, app_token: Secret) -> Observation:
        """Make the smallest API call that needs no user: says whether the app may use the API."""
        return (await self.ask(probe_api(), app_token, has_user=False)).seen

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

    async def _ask_accounts(
        self,
        operation: str,
        app: App,
        *,
        form: Mapping[str, str],
        read: Callable[[bytes], Value],
    ) -> tuple[Observation, Value | None]:
        got = await self._make(self._token_call(operation, app, form=form))
        return _read(got, read) if got.seen.outcome is Outcome.OK else (got.seen, None)

    def _token_call(self, operation: str, app: App, *, form: Mapping[str, str]) -> _Call:
        headers: dict[str, str] = {}
        known: tuple[str, ...] = ()
        fields = dict(form)
        if isinstance(app, Credentials):
            secret = app.client_secret.reveal()
            pair = base64.b64encode(f"{app.client_id}:{secret}".encode()).decode()
            headers, known = {"Authorization": f"Basic {pair}"}, (secret, pair)
        else:
            fields["client_id"] = app.client_id
        request = self._http.build_request(
            "POST", f"{self._accounts_url}/api/token", data=fields, headers=headers
        )
        told = (form.get(name, "") for name in ("refresh_token", "code", "code_verifier"))
        return _Call(operation, request, (*known, *told), {"is_token_call": True})

    def _api_call(
        self, asked: ApiRequest[Value], access_token: Secret, *, has_user: bool, etag: str
    ) -> _Call:
        token, operation = access_token.reveal(), asked.operation
        headers = {"Authorization": f"Bearer {token}"} | ({"If-None-Match": etag} if etag else {})
        request = self._http.build_request(
            operation.method, f"{self._api_url}{asked.target}", json=asked.body, headers=headers
        )
        facts = {
            "is_token_call": False,
            "has_user": has_user,
            "names_a_thing": bool(asked.ids),
            "is_conditional": bool(etag),
            "is_answered": operation.is_answered,
        }
        return _Call(operation.name, request, (token,), facts)

    async def _make(self, call: _Call) -> _Received:
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
            evidence = outcome.value.replace("-", " ")
            return _Received(self._observe(call, outcome, evidence=evidence))
        status, headers = response.status_code, response.headers
        found = classify_answer(
            status, headers=headers, body=body, secrets=call.secrets, **call.facts
        )
        seen = self._observe(
            call,
            found.outcome,
            evidence=found.evidence,
            retry_after_s=found.retry_after_s,
            server_time=read_server_time(headers),
        )
        return _Received(seen, body, status, headers)

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


def _read(got: _Received, read: Callable[[bytes], Value]) -> tuple[Observation, Value | None]:
    try:
        return got.seen, read(got.body)
    except (ValueError, TypeError, KeyError, AttributeError):
        evidence = f"{got.status} in another shape"
        return replace(got.seen, outcome=Outcome.UNREADABLE, evidence=evidence), None


async def _read_body(response: "httpx2.Response") -> bytes:
    parts, n_bytes = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        n_bytes += len(part)
        if n_bytes > MAX_BODY_BYTES:
            break  # cut off it cannot be read, which is what the outcome will say
    return b"".join(parts)
