"""The drill's hold on a fake Spotify: start it, seed it, break it, read what it was asked."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx2

from harmonyhub.drills.children import run_module
from harmonyhub.drills.fake_spotify.journal import Entry
from harmonyhub.drills.fake_spotify.modes import Behaviour, Mode, Surface
from harmonyhub.settings.secret import Secret

MODULE = "harmonyhub.drills.fake_spotify"
TIMEOUT_S = 10.0


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


class Control:
    """The commands of a running fake; each takes effect before it returns."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

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

    async def apps(self) -> tuple[FakeApp, ...]:
        """List the apps with their current secrets, the main one first."""
        return tuple(map(_app, await self._send("GET", "apps")))

    async def add_app(self) -> FakeApp:
        """Put another app on the dashboard."""
        return _app(await self._send("POST", "apps", {}))

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
    ) -> tuple[FakeUser, ...]:
        """Make people who consented to an app, named PREFIX-1 and so on.

        Their access tokens end spread over the life of a token, their consents over five months,
        or all `consent_age_s` ago.
        """
        command = {
            "n": n_users,
            "client_id": client_id,
            "prefix": prefix,
            "consent_age_s": consent_age_s,
        }
        return tuple(map(_user, await self._send("POST", "users", command)))

    async def revoke(self, user_ids: Iterable[str]) -> int:
        """Let people withdraw their consents; how many there were."""
        answer = await self._send("POST", "revoke", {"user_ids": list(user_ids)})
        return int(answer["n_revoked"])

    async def issue_code(self, user_id: str, *, client_id: str, redirect_uri: str) -> str:
        """Let a person pass the consent page: the authorization code."""
        command = {"user_id": user_id, "client_id": client_id, "redirect_uri": redirect_uri}
        return str((await self._send("POST", "codes", command))["code"])

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

    async def _send(self, method: str, command: str, document: object = None) -> Any:
        answer = await self._client.request(method, f"/control/{command}", json=document)
        answer.raise_for_status()
        return answer.json()


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

    @classmethod
    @asynccontextmanager
    async def start(
        cls, *, seed: int = 0, port: int = 0, token_life_s: int = 3600
    ) -> AsyncIterator[Self]:
        """Run a fake as long as the context is open."""
        arguments = [f"--seed={seed}", f"--port={port}", f"--token-life-s={token_life_s}"]
        async with (
            run_module(MODULE, arguments) as running,
            httpx2.AsyncClient(
                base_url=running.ready["url"], timeout=TIMEOUT_S, trust_env=False
            ) as client,
        ):
            yield cls(running.ready["url"], running.pid, Control(client))


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
