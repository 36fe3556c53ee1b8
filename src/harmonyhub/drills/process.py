"""The drill's hold on a fake Spotify: start it, seed it, break it, read what it was asked."""

import ssl
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import httpx2

from harmonyhub.drills.children import run_module
from harmonyhub.drills.fake_libraries import LibraryControl
from harmonyhub.drills.fake_spotify.journal import Entry, Exchange
from harmonyhub.drills.fake_spotify.modes import Behaviour, Fault, Mode, Strike, Surface
from harmonyhub.settings.secret import Secret

MODULE = "harmonyhub.drills.fake_spotify"
TIMEOUT_S = 10.0
# The fake speaks plain HTTP: reading all certificates for it would take 60 ms a client.
TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

AppMode = Literal["development", "extended"]


@dataclass(frozen=True, slots=True)
class FakeApp:
    """An app on the fake's dashboard."""

    client_id: str
    client_secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeUser:
    """A person with a consent; times in unix seconds of the fake's clock."""

    user_id: str
    client_id: str
    consented_at: int
    access_expires_at: int
    refresh_token: Secret
    access_token: Secret


class Control(LibraryControl):
    """The commands of a running fake; each takes effect before it returns."""

    async def set(
        self,
        mode: Mode,
        *,
        surface: Surface | None = None,
        client_id: str | None = None,
        user_ids: Iterable[str] = (),
        seconds: int = 0,
    ) -> None:
        """Turn one mode on and all others off; see `Behaviour` for the rest."""
        await self.set_all(
            Behaviour(
                mode=mode,
                surface=surface,
                client_id=client_id,
                user_ids=tuple(user_ids),
                seconds=seconds,
            )
        )

    async def set_all(self, *behaviours: Behaviour) -> None:
        """Turn on these modes and no others."""
        modes = [
            {
                "mode": one.mode,
                "surface": one.surface,
                "client_id": one.client_id,
                "user_ids": list(one.user_ids),
                "seconds": one.seconds,
            }
            for one in behaviours
        ]
        await self._send("PUT", "modes", {"modes": modes})

    async def clear(self) -> None:
        """Turn all modes off."""
        await self.set_all()

    async def strike(
        self,
        fault: Fault,
        *,
        operation: str = "*",
        skip: int = 0,
        times: int = 1,
        seconds: int = 0,
    ) -> None:
        """Let the next requests of one operation fail; see `Strike`. Ends former strikes."""
        await self.strike_all(
            Strike(fault=fault, operation=operation, skip=skip, times=times, seconds=seconds)
        )

    async def strike_all(self, *strikes: Strike) -> None:
        """Let requests fail by these strikes and no others; none: no more."""
        await self._send("PUT", "strikes", {"strikes": [asdict(one) for one in strikes]})

    async def set_latency(self, latency_ms: float) -> None:
        """Let every answer take so much longer."""
        await self._send("PUT", "conditions", {"latency_ms": latency_ms})

    async def set_hollow(self, *, is_hollow: bool) -> None:
        """Let answers break the contract where Spotify's do (the default), or never."""
        await self._send("PUT", "conditions", {"is_hollow": is_hollow})

    async def set_rotation(self, share: float) -> None:
        """Let so many refreshes with a secret rotate, in [0, 1], of all consents there are.

        Before, it is none of the seeded ones, and an eighth of those from the consent page.
        """
        await self._send("PUT", "conditions", {"rotation_share": share})

    async def record(self, *, is_recording: bool = True) -> None:
        """Keep requests to the Web API and answers with their bodies from now on."""
        await self._send("PUT", "conditions", {"is_recording": is_recording})

    async def exchanges(self, *, since: float = 0.0) -> tuple[Exchange, ...]:
        """List what was recorded, oldest first."""
        answer = await self._send("GET", f"exchanges?since={since!r}")
        return tuple(Exchange(**document) for document in answer)

    async def apps(self) -> tuple[FakeApp, ...]:
        """List the apps with their current secrets, the main one first."""
        return tuple(map(_app, await self._send("GET", "apps")))

    async def add_app(self, *, owner: str | None = None) -> FakeApp:
        """Put another app on the dashboard, of another developer account if none is named."""
        return _app(await self._send("POST", "apps", {"owner": owner}))

    async def change_app(
        self,
        client_id: str | None = None,
        *,
        mode: AppMode | None = None,
        redirect_uris: Iterable[str] | None = None,
        allowed: Iterable[str] | None = None,
    ) -> FakeApp:
        """Change what is named of an app, the main one if none is.

        Parameters
        ----------
        mode : str
            What a new app gets (`development`), or what an old one keeps (`extended`).
        redirect_uris : iterable of str
            In place of those that are registered; `http://127.0.0.1/...` stands for any port.
        allowed : iterable of str
            The allow list of development mode, five at most.
        """
        changes = {
            "client_id": client_id,
            "mode": mode,
            "redirect_uris": None if redirect_uris is None else list(redirect_uris),
            "allowed": None if allowed is None else list(allowed),
        }
        given = {name: value for name, value in changes.items() if value is not None}
        return _app(await self._send("PUT", "apps", given))

    async def set_limits(
        self,
        client_id: str | None = None,
        *,
        per_window: int | None = None,
        per_day: int | None = None,
    ) -> None:
        """Limit an app's calls to the Web API; None: no limit, as at the start.

        Parameters
        ----------
        per_window : int
            How many in any 30 s; one more answers 429 with `Retry-After` in seconds.
        per_day : int
            How many a day all apps of its developer account have together; one more answers 429
            with `QUOTA_EXCEEDED` and what is left of the day.
        """
        limits = {"client_id": client_id, "per_window": per_window, "per_day": per_day}
        await self._send("PUT", "apps", limits)

    async def usage(self, client_id: str | None = None) -> Mapping[str, int]:
        """Tell what counts against an app's limits: `n_today`, `n_in_window`."""
        query = "" if client_id is None else f"?client_id={client_id}"
        return dict(await self._send("GET", f"usage{query}"))

    async def rotate_secret(self, client_id: str) -> FakeApp:
        """Give an app a new secret; the old one is revoked."""
        return _app(await self._send("POST", "rotate", {"client_id": client_id}))

    async def seed_users(
        self,
        n_users: int,
        *,
        client_id: str | None = None,
        prefix: str = "listener",
        consent_age_s: int | None = None,
        scopes: Iterable[str] | None = None,
    ) -> tuple[FakeUser, ...]:
        """Make people who consented to an app, named PREFIX-1 and so on, all on its allow list.

        Their access tokens end spread over the life of a token, their consents over five months,
        or all `consent_age_s` ago. They granted all scopes, if none are named.
        """
        command = {
            "n": n_users,
            "client_id": client_id,
            "prefix": prefix,
            "consent_age_s": consent_age_s,
            "scopes": None if scopes is None else list(scopes),
        }
        return tuple(map(_user, await self._send("POST", "users", command)))

    async def revoke(self, user_ids: Iterable[str]) -> int:
        """Let people withdraw their consents; how many there were."""
        answer = await self._send("POST", "revoke", {"user_ids": list(user_ids)})
        return int(answer["n_revoked"])

    async def issue_code(
        self,
        user_id: str,
        *,
        client_id: str,
        redirect_uri: str,
        scopes: Iterable[str] | None = None,
        challenge: str = "",
    ) -> str:
        """Let a person pass the consent page, who is then on the allow list: the code."""
        command = {
            "user_id": user_id,
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scopes": None if scopes is None else list(scopes),
            "challenge": challenge,
        }
        return str((await self._send("POST", "codes", command))["code"])

    async def begin_again(self, seed: int) -> None:
        """Forget everything and go on as a fake of this seed does that has just been started."""
        await self._send("PUT", "seed", {"seed": seed})

    async def advance(self, seconds: int) -> int:
        """Move the fake's clock on; its new time."""
        return int((await self._send("POST", "clock", {"advance_s": seconds}))["now"])

    async def requests(self, *, since: float = 0.0) -> tuple[Entry, ...]:
        """List what was asked at or after a time of the real clock."""
        answer = await self._send("GET", f"requests?since={since!r}")
        return tuple(Entry(**document) for document in answer)

    async def counts(self, *, since: float = 0.0) -> Mapping[tuple[str, str], int]:
        """Count what was asked, by operation and outcome."""
        entries = await self.requests(since=since)
        return Counter((entry.operation, entry.outcome) for entry in entries)


@dataclass(frozen=True, slots=True)
class FakeSpotify:
    """A running fake; give its two addresses to the product."""

    url: str
    pid: int
    control: Control

    @property
    def accounts_url(self) -> str:
        """The address of its accounts service."""
        return self.url

    @property
    def api_url(self) -> str:
        """The address of its Web API."""
        return f"{self.url}/v1"

    def variables(self, app: FakeApp, *, redirect_uri: str | None = None) -> dict[str, str]:
        """Give the variables that lead a product to this fake, in the name of an app."""
        named = {
            "CLIENT_ID": app.client_id,
            "CLIENT_SECRET": app.client_secret.reveal(),
            "ACCOUNTS_URL": self.accounts_url,
            "API_URL": self.api_url,
        }
        if redirect_uri is not None:
            named["REDIRECT_URI"] = redirect_uri
        return {f"HARMONYHUB_SPOTIFY_{name}": value for name, value in named.items()}

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        *,
        seed: int = 0,
        port: int = 0,
        token_life_s: int = 3600,
        mode: AppMode = "development",
        is_recording: bool = False,
        salt: str = "",
    ) -> AsyncIterator[Self]:
        """Run a fake as long as the context is open.

        Parameters
        ----------
        mode : str
            What a new app gets (`development`), or what an old one keeps (`extended`); of all apps.
        is_recording : bool
            Whether requests and answers are kept with their bodies, as after `Control.record`.
        salt : str
            Makes tokens differ from those of other fakes of the same seed.
        """
        arguments = [
            f"--seed={seed}",
            f"--port={port}",
            f"--token-life-s={token_life_s}",
            f"--mode={mode}",
            f"--salt={salt}",
            *(["--record"] if is_recording else []),
        ]
        async with (
            run_module(MODULE, arguments) as running,
            cls.at(running.ready["url"], pid=running.pid) as fake,
        ):
            yield fake

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str, *, pid: int) -> AsyncIterator[Self]:
        """Take hold of a fake that runs already."""
        async with httpx2.AsyncClient(
            base_url=url, timeout=TIMEOUT_S, trust_env=False, verify=TRUSTS_NOBODY
        ) as client:
            yield cls(url, pid, Control(client))


def _app(document: Mapping[str, str]) -> FakeApp:
    return FakeApp(document["client_id"], Secret(document["client_secret"]))


def _user(document: Mapping[str, Any]) -> FakeUser:
    return FakeUser(
        user_id=document["user_id"],
        client_id=document["client_id"],
        consented_at=document["consented_at"],
        access_expires_at=document["access_expires_at"],
        refresh_token=Secret(document["refresh_token"]),
        access_token=Secret(document["access_token"]),
    )
