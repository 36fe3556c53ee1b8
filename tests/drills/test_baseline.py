"""The application as it was: it serves while all is well, and fails as on that day."""

import random

import httpx2
import pytest

from harmonyhub.drills.baseline import NaiveService, Rehearsed, rehearse
from harmonyhub.drills.process import FakeApp, FakeSpotify, FakeUser

N_USERS = 40


def environ_of(fake: FakeSpotify, client_id: str, client_secret: str) -> dict[str, str]:
    """Give the environment of a deploy."""
    return {
        "HARMONYHUB_SPOTIFY_CLIENT_ID": client_id,
        "HARMONYHUB_SPOTIFY_CLIENT_SECRET": client_secret,
        "HARMONYHUB_SPOTIFY_API_URL": fake.api_url,
        "HARMONYHUB_SPOTIFY_ACCOUNTS_URL": fake.accounts_url,
    }


async def rehearse_with(
    fake: FakeSpotify, app: FakeApp, *, secret: str | None = None
) -> tuple[Rehearsed, tuple[FakeUser, ...]]:
    """Run two virtual hours with an app's credentials, or another secret."""
    users = await fake.control.seed_users(N_USERS)
    environ = environ_of(fake, app.client_id, secret or app.client_secret.reveal())
    rng = random.Random(1)  # noqa: S311 - a drill, not a secret
    return await rehearse(fake, environ, users, rng=rng, reads_per_s=0.2), users


@pytest.mark.slow
async def test_all_is_well_with_the_right_secret(fake: FakeSpotify) -> None:
    """With right credentials every read succeeds and no alert fires."""
    (app,) = await fake.control.apps()
    rehearsed, _ = await rehearse_with(fake, app)
    assert (1.0, 1.0, None, 0) == (
        rehearsed.users_served,
        rehearsed.reads_ok,
        rehearsed.alert_after_s,
        rehearsed.n_tokens_lost,
    )


@pytest.mark.slow
async def test_a_wrong_secret_fails_users_gradually_and_is_told_late(fake: FakeSpotify) -> None:
    """A wrong secret goes live, fails everybody within two hours, and is told after minutes."""
    (app,) = await fake.control.apps()
    rehearsed, _ = await rehearse_with(fake, app, secret="0" * 32)
    assert 0.0 == rehearsed.users_served
    assert 5 * 60 < (rehearsed.alert_after_s or 0) < 30 * 60
    assert 0 == rehearsed.n_tokens_lost
    assert rehearsed.token_calls_per_min > 2


@pytest.mark.slow
async def test_another_apps_credentials_lose_every_consent(fake: FakeSpotify) -> None:
    """With another app's credentials every user who comes is logged out for good."""
    other = await fake.control.add_app()
    rehearsed, users = await rehearse_with(fake, other)
    assert rehearsed.n_tokens_lost == len(users)
    assert 0.0 == rehearsed.users_served


@pytest.mark.parametrize("url", ["", "not an address", "http://127.0.0.1:1", "http://[::1"])
async def test_nonsense_is_not_refused(fake: FakeSpotify, url: str) -> None:
    """An address that leads nowhere goes live too; the user sees an error."""
    (app,) = await fake.control.apps()
    users = await fake.control.seed_users(1)
    environ = environ_of(fake, app.client_id, app.client_secret.reveal())
    environ["HARMONYHUB_SPOTIFY_API_URL"] = url
    async with httpx2.AsyncClient(trust_env=False, timeout=2) as client:
        service = NaiveService(environ, users, client=client)
        assert not await service.read(users[0].user_id, now=0)
