"""The fake Spotify: a real process that answers as Spotify was seen to answer."""

import asyncio
import time
from email.utils import parsedate_to_datetime

import httpx2
import pytest

from harmonyhub.drills.fake_spotify.modes import Behaviour, Mode, Surface
from harmonyhub.drills.fake_spotify.wording import NO_TEXT, REFUSED_GRANT, WRONG_SECRET
from harmonyhub.drills.process import FakeApp, FakeSpotify, FakeUser
from harmonyhub.settings.secret import Secret


async def ask_token(
    http: httpx2.AsyncClient, app: FakeApp, **form: str
) -> tuple[int, dict[str, object]]:
    """Ask the token endpoint as an app: status and answer."""
    answer = await http.post(
        "/api/token",
        data={"grant_type": "client_credentials", **form},
        auth=(app.client_id, app.client_secret.reveal()),
    )
    return answer.status_code, answer.json()


async def refresh(http: httpx2.AsyncClient, app: FakeApp, user: FakeUser) -> dict[str, object]:
    """Refresh a person's consent as an app: the answer."""
    token = user.refresh_token.reveal()
    _, document = await ask_token(http, app, grant_type="refresh_token", refresh_token=token)
    return document


def bearer(token: str) -> dict[str, str]:
    """Give the header of an access token."""
    return {"Authorization": f"Bearer {token}"}


async def ask(http: httpx2.AsyncClient, user: FakeUser, path: str = "/v1/me") -> httpx2.Response:
    """Ask the Web API as a person."""
    return await http.get(path, headers=bearer(user.access_token.reveal()))


async def test_right_credentials_get_a_token(fake: FakeSpotify, http: httpx2.AsyncClient) -> None:
    """The main app's credentials get a bearer token for an hour, without a refresh token."""
    (app,) = await fake.control.apps()
    status, document = await ask_token(http, app)
    assert status == 200
    assert sorted(document) == ["access_token", "expires_in", "token_type"]
    assert (document["token_type"], document["expires_in"]) == ("Bearer", 3600)


async def test_wrong_credentials_are_invalid_client(
    fake: FakeSpotify, http: httpx2.AsyncClient
) -> None:
    """An unknown id and a wrong secret both answer 400 `invalid_client`."""
    (app,) = await fake.control.apps()
    for wrong in (FakeApp("0" * 32, app.client_secret), FakeApp(app.client_id, Secret("0" * 32))):
        status, document = await ask_token(http, wrong)
        assert (400, "invalid_client") == (status, document["error"])


async def test_a_rotated_secret_ends_the_old_one(
    fake: FakeSpotify, http: httpx2.AsyncClient
) -> None:
    """After a rotation only the new secret is taken, and consents go on."""
    (old,) = await fake.control.apps()
    (user,) = await fake.control.seed_users(1)
    new = await fake.control.rotate_secret(old.client_id)
    assert "invalid_client" == (await refresh(http, old, user))["error"]
    assert "access_token" in await refresh(http, new, user)


async def test_another_apps_credentials_pass_and_their_refreshes_fail(
    fake: FakeSpotify, http: httpx2.AsyncClient
) -> None:
    """Another app gets a token of its own, and `invalid_grant` for the first app's consents."""
    (user,) = await fake.control.seed_users(1)
    other = await fake.control.add_app()
    assert 200 == (await ask_token(http, other))[0]
    assert "invalid_grant" == (await refresh(http, other, user))["error"]


async def test_consents_end_after_six_months_or_when_withdrawn(
    fake: FakeSpotify, http: httpx2.AsyncClient
) -> None:
    """A consent of six months and a withdrawn one answer `invalid_grant`, a young one a token."""
    (app,) = await fake.control.apps()
    (old,) = await fake.control.seed_users(1, prefix="old", consent_age_s=183 * 86_400)
    young, gone = await fake.control.seed_users(2, prefix="young", consent_age_s=86_400)
    await fake.control.revoke([gone.user_id])
    answers = [(await refresh(http, app, one)).get("error") for one in (old, young, gone)]
    assert ["invalid_grant", None, "invalid_grant"] == answers


async def test_a_code_is_good_once_for_its_redirect_uri(
    fake: FakeSpotify, http: httpx2.AsyncClient
) -> None:
    """A code answers tokens once, and `invalid_grant` with another redirect URI."""
    (app,) = await fake.control.apps()
    uri = "http://127.0.0.1:8000/spotify/callback"

    async def exchange(code: str, redirect_uri: str) -> dict[str, object]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return (await ask_token(http, app, **form))[1]

    wrong, right = [
        await fake.control.issue_code("anna", client_id=app.client_id, redirect_uri=uri)
        for _ in range(2)
    ]
    assert "invalid_grant" == (await exchange(wrong, uri + "/"))["error"]
    assert "refresh_token" in await exchange(right, uri)
    assert "invalid_grant" == (await exchange(right, uri))["error"]


@pytest.mark.parametrize(
    ("mode", "accounts", "api"),
    [
        (Mode.SECRET_REVOKED, "400 invalid_client", "200"),
        (Mode.ID_DELETED, "400 invalid_client", "200"),
        (Mode.FOREIGN_APP, "400 invalid_grant", "200"),
        (Mode.PREMIUM_LAPSED, "200", "403 text/plain; charset=utf-8"),
        (Mode.QUOTA, "200", "429 application/json"),
        (Mode.RATE_LIMIT, "200", "429 application/json"),
        (Mode.UNAVAILABLE, "503", "503 text/plain; charset=utf-8"),
        (Mode.CAPTIVE_PORTAL, "200", "200 text/html; charset=utf-8"),
        (Mode.RESET, "reset", "reset"),
        (Mode.HANG, "hang", "hang"),
    ],
)
async def test_each_mode_fails_in_its_own_way(
    fake: FakeSpotify, http: httpx2.AsyncClient, mode: Mode, accounts: str, api: str
) -> None:
    """A mode shows on the service that it hits, in the form that Spotify was seen to use."""
    (app,) = await fake.control.apps()
    (user,) = await fake.control.seed_users(1)
    await fake.control.set(mode, seconds=7200)
    form = {"grant_type": "refresh_token", "refresh_token": user.refresh_token.reveal()}
    auth = (app.client_id, app.client_secret.reveal())

    async def describe(method: str, path: str, **more: object) -> str:
        try:
            answer = await http.request(method, path, timeout=0.5, **more)
        except httpx2.ReadTimeout:
            return "hang"
        except httpx2.ReadError:
            return "reset"
        kind = answer.headers["Content-Type"]
        shown = answer.json().get("error", "") if kind == "application/json" else kind
        if path != "/api/token" and answer.status_code != 200:
            shown = kind
        return f"{answer.status_code} {shown}".strip()

    assert (await describe("POST", "/api/token", data=form, auth=auth)).startswith(accounts)
    headers = bearer(user.access_token.reveal())
    assert (await describe("GET", "/v1/me", headers=headers)).startswith(api)


async def test_a_mode_ends_when_it_is_cleared(fake: FakeSpotify, http: httpx2.AsyncClient) -> None:
    """After `clear` the same call succeeds."""
    (user,) = await fake.control.seed_users(1)
    await fake.control.set(Mode.PREMIUM_LAPSED)
    refused = await ask(http, user)
    await fake.control.clear()
    assert [403, 200] == [refused.status_code, (await ask(http, user)).status_code]


async def test_an_outage_may_hit_one_service(fake: FakeSpotify, http: httpx2.AsyncClient) -> None:
    """An outage of the accounts service leaves the Web API as it is."""
    (user,) = await fake.control.seed_users(1)
    await fake.control.set(Mode.UNAVAILABLE, surface=Surface.ACCOUNTS)
    assert 503 == (await http.post("/api/token")).status_code
    assert 200 == (await ask(http, user)).status_code


async def test_the_quota_says_why_and_how_long(fake: FakeSpotify, http: httpx2.AsyncClient) -> None:
    """A spent quota names its reason and asks to wait for hours; it hits apps' tokens too."""
    (app,) = await fake.control.apps()
    await fake.control.set(Mode.QUOTA, seconds=14_400)
    token = str((await ask_token(http, app))[1]["access_token"])
    answer = await http.get("/v1/search?q=a&type=track", headers=bearer(token))
    assert "14400" == answer.headers["Retry-After"]
    assert "QUOTA_EXCEEDED" == answer.json()["error"]["reason"]


async def test_only_the_listed_users_are_off_the_allow_list(
    fake: FakeSpotify, http: httpx2.AsyncClient
) -> None:
    """NOT_ALLOWED refuses whom it names and nobody else."""
    users = await fake.control.seed_users(2)
    await fake.control.set(Mode.NOT_ALLOWED, user_ids=[users[1].user_id])
    assert [200, 403] == [(await ask(http, user)).status_code for user in users]


async def test_the_date_header_can_be_wrong(fake: FakeSpotify, http: httpx2.AsyncClient) -> None:
    """CLOCK_SKEW moves the `Date` header by its seconds."""
    await fake.control.set(Mode.CLOCK_SKEW, seconds=-900)
    answer = await http.get("/v1/me")
    skew_s = parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()
    assert -903 < skew_s < -897


async def test_access_tokens_end_with_the_fakes_time(
    fake: FakeSpotify, http: httpx2.AsyncClient
) -> None:
    """Tokens of 50 people end spread over an hour; an hour on, none is good."""
    users = await fake.control.seed_users(50)
    ends = sorted(user.access_expires_at for user in users)
    assert ends[-1] - ends[0] > 2400
    await fake.control.advance(3600)
    answer = await ask(http, users[0])
    assert (401, 401) == (answer.status_code, answer.json()["error"]["status"])


async def test_two_modes_at_once(fake: FakeSpotify, http: httpx2.AsyncClient) -> None:
    """Two faults can hold at the same time."""
    (app,) = await fake.control.apps()
    (user,) = await fake.control.seed_users(1)
    await fake.control.set_all(
        Behaviour(mode=Mode.SECRET_REVOKED), Behaviour(mode=Mode.PREMIUM_LAPSED)
    )
    assert 400 == (await ask_token(http, app))[0]
    assert 403 == (await ask(http, user)).status_code


async def test_every_request_is_counted(fake: FakeSpotify, http: httpx2.AsyncClient) -> None:
    """The journal tells operation, outcome, app and time of each request, without the control's."""
    (app,) = await fake.control.apps()
    began = time.time()
    await ask_token(http, app)
    await http.get("/v1/me", headers=bearer("nonsense"))
    entries = await fake.control.requests(since=began)
    told = [(entry.operation, entry.outcome, entry.status, entry.client_id) for entry in entries]
    assert [("app-token", "ok", 200, app.client_id), ("me", "invalid-token", 401, "")] == told
    assert all(began <= entry.at <= time.time() for entry in entries)
    assert {("app-token", "ok"): 1, ("me", "invalid-token"): 1} == await fake.control.counts()


async def test_the_seed_draws_the_wording_and_keeps_the_keys(
    fake: FakeSpotify, http: httpx2.AsyncClient
) -> None:
    """Twelve seeds word a wrong secret in more than one way, always as `invalid_client`."""
    wordings = set()
    for seed in range(12):
        await fake.control.begin_again(seed)
        (app,) = await fake.control.apps()
        _, document = await ask_token(http, FakeApp(app.client_id, Secret("0" * 32)))
        assert "invalid_client" == document["error"]
        wordings.add(document.get("error_description", NO_TEXT))
    assert len(wordings) > 1
    assert wordings <= set(WRONG_SECRET)
    assert REFUSED_GRANT[0] not in wordings


async def test_the_same_seed_makes_the_same_world() -> None:
    """Started with a seed or begun again with it: the same apps and the same tokens."""
    worlds = []
    for first_seed in (3, 4):
        async with FakeSpotify.start(seed=first_seed) as fake:
            if first_seed != 3:
                await fake.control.seed_users(5)
                await fake.control.set(Mode.UNAVAILABLE)
                await fake.control.begin_again(3)
            users = await fake.control.seed_users(2)
            worlds.append(
                (await fake.control.apps(), [(user.user_id, user.refresh_token) for user in users])
            )
    assert worlds[0] == worlds[1]


async def test_it_ends_with_its_context() -> None:
    """After the context nothing listens any more."""
    async with FakeSpotify.start() as fake:
        url = fake.url
    async with httpx2.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(f"{url}/v1/me")


async def test_many_at_once(fake: FakeSpotify, http: httpx2.AsyncClient) -> None:
    """A hundred requests at once are all answered."""
    (user,) = await fake.control.seed_users(1)
    answers = await asyncio.gather(*(ask(http, user) for _ in range(100)))
    assert {200} == {answer.status_code for answer in answers}
