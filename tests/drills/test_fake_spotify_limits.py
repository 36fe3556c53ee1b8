"""The fake's limits and its faults for schedules: counters, lost answers, latency."""

import time

import httpx2
import pytest

from harmonyhub.drills.fake_spotify.modes import Fault, Strike
from harmonyhub.drills.process import FakeSpotify


@pytest.fixture
async def headers(fake: FakeSpotify) -> dict[str, str]:
    """Give the header of somebody's access token."""
    (user,) = await fake.control.seed_users(1)
    return {"Authorization": f"Bearer {user.access_token.reveal()}"}


async def test_the_rolling_limit_says_how_many_seconds(
    fake: FakeSpotify, http: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    """The fourth call in 30 s is refused for as long as the first stays in the window."""
    await fake.control.set_limits(per_window=3)
    answers = [await http.get("/v1/me", headers=headers) for _ in range(4)]
    assert [200, 200, 200, 429] == [answer.status_code for answer in answers]
    wait_s = int(answers[-1].headers["Retry-After"])
    assert 20 < wait_s <= 31
    assert "reason" not in answers[-1].json()["error"]
    await fake.control.advance(wait_s)
    assert 200 == (await http.get("/v1/me", headers=headers)).status_code


async def test_the_quota_is_of_the_owner_and_lasts_a_day(
    fake: FakeSpotify, http: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    """Two apps of one owner share a day's calls; a day on, there are new ones."""
    twin = await fake.control.add_app(owner="owner-1")
    await fake.control.set_limits(per_day=2)
    (user,) = await fake.control.seed_users(1, client_id=twin.client_id, prefix="twin")
    other = {"Authorization": f"Bearer {user.access_token.reveal()}"}
    asked = [await http.get("/v1/me", headers=one) for one in (headers, other, headers)]
    assert [200, 200, 429] == [answer.status_code for answer in asked]
    assert "QUOTA_EXCEEDED" == asked[-1].json()["error"]["reason"]
    assert 80_000 < int(asked[-1].headers["Retry-After"]) <= 86_401
    assert 2 == (await fake.control.usage())["n_today"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.LOST_RESET, httpx2.ReadError), (Fault.LOST_HANG, httpx2.ReadTimeout)],
)
async def test_an_answer_is_lost_after_the_write(
    fake: FakeSpotify,
    http: httpx2.AsyncClient,
    headers: dict[str, str],
    fault: Fault,
    error: type[Exception],
) -> None:
    """The playlist is there though no answer came; the next request is answered."""
    await fake.control.strike(fault, operation="create-playlist")
    make = {"headers": headers, "json": {"name": "Lost"}}
    await fake.control.library("listener-1")  # making it may take longer than the client waits
    with pytest.raises(error):
        await http.post("/v1/me/playlists", timeout=0.5, **make)
    names = [one.name for one in (await fake.control.library("listener-1")).playlists]
    assert 1 == names.count("Lost")
    assert ("create-playlist", "answer-lost") in await fake.control.counts()
    assert 201 == (await http.post("/v1/me/playlists", **make)).status_code


async def test_a_refresh_is_lost_with_its_new_token(fake: FakeSpotify) -> None:
    """A rotation whose answer is lost kills the only token that the product knows."""
    (app,), (user,) = await fake.control.apps(), await fake.control.seed_users(1)
    await fake.control.set_rotation(1.0)
    await fake.control.strike(Fault.LOST_RESET, operation="refresh")
    form = {"grant_type": "refresh_token", "refresh_token": user.refresh_token.reveal()}
    auth = (app.client_id, app.client_secret.reveal())
    async with httpx2.AsyncClient(base_url=fake.url, trust_env=False) as http:
        with pytest.raises(httpx2.ReadError):
            await http.post("/api/token", data=form, auth=auth)
        answer = await http.post("/api/token", data=form, auth=auth)
    assert "invalid_grant" == answer.json()["error"]


async def test_strikes_skip_count_and_end(
    fake: FakeSpotify, http: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    """One goes through, two are hit, the rest is answered; a 429 bears its wait."""
    await fake.control.strike_all(
        Strike(fault=Fault.RATE_LIMIT, operation="me", skip=1, times=2, seconds=5)
    )
    answers = [await http.get("/v1/me", headers=headers) for _ in range(4)]
    assert [200, 429, 429, 200] == [answer.status_code for answer in answers]
    assert "5" == answers[1].headers["Retry-After"]


async def test_latency_is_added_to_every_answer(
    fake: FakeSpotify, http: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    """With 100 ms of latency no answer comes sooner."""
    await fake.control.set_latency(100)
    began = time.monotonic()
    await http.get("/v1/me", headers=headers)
    assert time.monotonic() - began >= 0.1
