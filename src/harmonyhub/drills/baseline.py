"""The application as it was: no check at the start, reads that wait for Spotify, a ratio alert.

It stands beside the product in the drill, against the same fake, in virtual time.
"""

import asyncio
import random
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from harmonyhub.drills.faults_in_values import ACCOUNTS_URL, API_URL, CLIENT_ID, CLIENT_SECRET
from harmonyhub.drills.process import FakeSpotify, FakeUser
from harmonyhub.drills.ratio_alerts import RATIO, RATIO_WINDOW_S
from harmonyhub.settings.secret import Secret

TRIES = 3
TIMEOUT_S = 5.0
STEP_S = 30


@dataclass(slots=True)
class Session:
    """A signed-in user as the application keeps them."""

    refresh_token: Secret
    access_token: Secret
    access_expires_at: int


class NaiveService:
    """The application: what is in the environment is used as it is.

    Parameters
    ----------
    environ : mapping
        Never checked.
    """

    def __init__(
        self, environ: Mapping[str, str], users: Iterable[FakeUser], *, client: httpx2.AsyncClient
    ) -> None:
        self._environ = environ
        self._client = client
        self.sessions = {
            user.user_id: Session(user.refresh_token, user.access_token, user.access_expires_at)
            for user in users
        }

    async def read(self, user_id: str, *, now: int) -> bool:
        """Show a user their page, which asks Spotify first; tell whether they saw it."""
        session = self.sessions.get(user_id)
        if session is None:
            return False
        if session.access_expires_at <= now and not await self._refresh(user_id, session, now=now):
            return False
        token = session.access_token.reveal()
        answer = await self._try(
            "GET",
            f"{self._environ.get(API_URL, '')}/me/player/recently-played",
            headers={"Authorization": f"Bearer {token}"},
        )
        return answer is not None and answer.status_code == 200

    async def _refresh(self, user_id: str, session: Session, *, now: int) -> bool:
        form = {"grant_type": "refresh_token", "refresh_token": session.refresh_token.reveal()}
        answer = await self._try(
            "POST",
            f"{self._environ.get(ACCOUNTS_URL, '')}/api/token",
            data=form,
            auth=(self._environ.get(CLIENT_ID, ""), self._environ.get(CLIENT_SECRET, "")),
        )
        if answer is None:
            return False
        if answer.status_code == 200:
            document = answer.json()
            session.access_token = Secret(document["access_token"])
            session.access_expires_at = now + int(document["expires_in"])
            return True
        if b"invalid_grant" in answer.content:
            del self.sessions[user_id]  # the worst of it: the user's consent is gone for good
        return False

    async def _try(self, method: str, url: str, **more: Any) -> httpx2.Response | None:
        """Ask up to three times at once, whatever the answer was."""
        answer = None
        for _ in range(TRIES):
            try:
                answer = await self._client.request(method, url, **more)
            except (httpx2.HTTPError, httpx2.InvalidURL):
                continue
            if answer.status_code == 200:
                break
        return answer


class RatioAlert:
    """Fires once more than 20 % of the requests of the last 5 minutes have failed."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, bool]] = deque()

    def note(self, now: int, *, is_ok: bool) -> None:
        """Count one request."""
        self._seen.append((now, is_ok))

    def fires(self, now: int) -> bool:
        """Tell whether it fires now."""
        while self._seen and self._seen[0][0] <= now - RATIO_WINDOW_S:
            self._seen.popleft()
        n_failed = sum(not is_ok for _, is_ok in self._seen)
        return bool(self._seen) and n_failed / len(self._seen) > RATIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """How the application fared; times in virtual seconds.

    Attributes
    ----------
    users_served : float
        Share of the users whose last read succeeded.
    reads_ok : float
        Share of the reads that succeeded.
    alert_after_s : int or None
        None: it never fired. Its text is "more than 20 % of requests fail", with no cause.
    n_tokens_lost : int
        Consents that were deleted.
    token_calls_per_min : float
        Over the last hour, when nothing can succeed any more.
    """

    users_served: float
    reads_ok: float
    alert_after_s: int | None
    n_tokens_lost: int
    token_calls_per_min: float
    n_reads: int


async def rehearse(
    fake: FakeSpotify,
    environ: Mapping[str, str],
    users: tuple[FakeUser, ...],
    *,
    rng: random.Random,
    hours: int = 2,
    reads_per_s: float = 0.4,
) -> Rehearsed:
    """Run the application with an environment for some virtual hours, from its deploy on.

    Users read at random, as many a step; the clock of the fake moves on with each.
    """
    began = now = await fake.control.advance(0)
    n_a_step = max(1, round(reads_per_s * STEP_S))
    alert, alert_after_s = RatioAlert(), None
    last: dict[str, bool] = {user.user_id: True for user in users}
    n_ok = n_reads = n_token_calls = 0
    async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
        service = NaiveService(environ, users, client=client)
        for _ in range(hours * 3600 // STEP_S):
            readers = rng.sample(list(last), min(n_a_step, len(last)))
            seen = await asyncio.gather(*(service.read(reader, now=now) for reader in readers))
            for reader, is_ok in zip(readers, seen, strict=True):
                last[reader] = is_ok
                alert.note(now, is_ok=is_ok)
            n_ok, n_reads = n_ok + sum(seen), n_reads + len(seen)
            now = await fake.control.advance(STEP_S)
            if alert_after_s is None and alert.fires(now):
                alert_after_s = now - began
            if now - began == (hours - 1) * 3600:
                n_token_calls = await _count_token_calls(fake)
    return Rehearsed(
        users_served=sum(last.values()) / len(last),
        reads_ok=n_ok / n_reads,
        alert_after_s=alert_after_s,
        n_tokens_lost=len(users) - len(service.sessions),
        token_calls_per_min=(await _count_token_calls(fake) - n_token_calls) / 60,
        n_reads=n_reads,
    )


async def _count_token_calls(fake: FakeSpotify) -> int:
    counts = await fake.control.counts()
    return sum(n for (operation, _), n in counts.items() if operation == "refresh")
