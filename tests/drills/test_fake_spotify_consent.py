"""The fake's accounts service: consent page, PKCE, scopes, rotation, allow list."""

import base64
from hashlib import sha256
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from harmonyhub.drills.fake_spotify.world import CONSENT_LIFE_S
from harmonyhub.drills.process import FakeApp, FakeSpotify

URI = "http://127.0.0.1:8123/spotify/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
SCOPE = "user-top-read playlist-modify-private"
WRONG_QUESTIONS = (
    {"client_id": "0" * 32},
    {"response_type": "token"},
    {"redirect_uri": "http://127.0.0.1:8123/elsewhere"},
    {"redirect_uri": "http://localhost:8123/spotify/callback"},
    {"redirect_uri": "https://evil.example/spotify/callback"},
    {"scope": "everything"},
    {"code_challenge_method": "plain"},
)


@pytest.fixture
async def app(fake: FakeSpotify) -> FakeApp:
    """Give the main app."""
    return (await fake.control.apps())[0]


def question(app: FakeApp, **changes: str) -> str:
    """Give the address of the consent page as the product asks for it."""
    query = {
        "client_id": app.client_id,
        "response_type": "code",
        "redirect_uri": URI,
        "scope": SCOPE,
        "state": "a b&c",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return "/authorize?" + urlencode({**query, **changes})


async def decide(
    http: httpx2.AsyncClient, address: str, *, user: str = "anna", decision: str = "agree"
) -> dict[str, list[str]]:
    """Decide on the consent page, and read what the person is sent back with."""
    answer = await http.post(address, data={"user": user, "decision": decision})
    assert answer.status_code == 302, answer.text
    location = urlsplit(answer.headers["Location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == URI
    return parse_qs(location.query)


async def ask_token(
    http: httpx2.AsyncClient, app: FakeApp, *, with_secret: bool = False, **form: str
) -> dict[str, str]:
    """Ask the token endpoint, with the client id alone if not told otherwise."""
    secret = {"client_secret": app.client_secret.reveal()} if with_secret else {}
    answer = await http.post("/api/token", data={"client_id": app.client_id, **secret, **form})
    return dict(answer.json())


async def sign_in(
    http: httpx2.AsyncClient, app: FakeApp, *, user: str = "anna", scope: str = SCOPE
) -> dict[str, str]:
    """Walk the whole way of PKCE: the answer with the tokens."""
    back = await decide(http, question(app, scope=scope), user=user)
    return await ask_token(
        http,
        app,
        grant_type="authorization_code",
        code=back["code"][0],
        redirect_uri=URI,
        code_verifier=VERIFIER,
    )


async def status(http: httpx2.AsyncClient, tokens: dict[str, str], path: str) -> int:
    """Ask the Web API and give the status."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return (await http.get(f"/v1{path}", headers=headers)).status_code


async def test_the_page_says_who_asks_for_what_without_scripts(
    http: httpx2.AsyncClient, app: FakeApp
) -> None:
    """The page names the app, the scopes in words, the people and that it is a fake."""
    answer = await http.get(question(app))
    assert 200 == answer.status_code
    for text in (app.client_id[:8], "see your top artists", "Anna", "This is a fake Spotify"):
        assert text in answer.text
    assert "<script" not in answer.text


async def test_both_decisions_bring_the_state_back(http: httpx2.AsyncClient, app: FakeApp) -> None:
    """Who agrees comes back with a code, who cancels with `access_denied`, both with the state."""
    agreed = await decide(http, question(app))
    assert ["a b&c"] == agreed["state"]
    assert agreed["code"]
    cancelled = await decide(http, question(app), decision="cancel")
    assert {"error": ["access_denied"], "state": ["a b&c"]} == cancelled


async def test_a_wrong_question_is_shown_and_never_redirected(
    http: httpx2.AsyncClient, app: FakeApp
) -> None:
    """Neither the page nor a decision sends anybody anywhere."""
    for changes in WRONG_QUESTIONS:
        for method in ("GET", "POST"):
            data = {"user": "anna", "decision": "agree"}
            answer = await http.request(method, question(app, **changes), data=data)
            seen = (answer.status_code, answer.headers.get("Location"))
            assert (400, None) == seen, changes


async def test_localhost_cannot_be_registered(fake: FakeSpotify) -> None:
    """The dashboard refuses the word localhost and takes another address."""
    with pytest.raises(httpx2.HTTPStatusError):
        await fake.control.change_app(redirect_uris=["http://localhost:8000/cb"])
    await fake.control.change_app(redirect_uris=["https://music.example.net/cb"])


async def test_only_the_right_verifier_gets_the_tokens(
    http: httpx2.AsyncClient, app: FakeApp
) -> None:
    """A code asked for with a challenge answers `invalid_grant` without its verifier."""
    for verifier in ({"code_verifier": "w" * 64}, {}):
        back = await decide(http, question(app))
        form = {"grant_type": "authorization_code", "redirect_uri": URI, **verifier}
        answer = await ask_token(http, app, with_secret=True, code=back["code"][0], **form)
        assert "invalid_grant" == answer["error"]
    assert SCOPE.split()[::-1] == (await sign_in(http, app))["scope"].split()


async def test_a_public_refresh_rotates_and_the_old_token_dies(
    http: httpx2.AsyncClient, app: FakeApp
) -> None:
    """Of two refreshes with one token only the first is granted."""
    tokens = await sign_in(http, app)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    first, second = await ask_token(http, app, **form), await ask_token(http, app, **form)
    assert first["refresh_token"] != tokens["refresh_token"]
    assert "invalid_grant" == second["error"]
    form["refresh_token"] = first["refresh_token"]
    assert "access_token" in await ask_token(http, app, **form)


async def test_rotating_does_not_make_a_consent_younger(
    fake: FakeSpotify, http: httpx2.AsyncClient, app: FakeApp
) -> None:
    """Six months after consent the rotated token is refused too."""
    tokens = await sign_in(http, app)
    await fake.control.advance(CONSENT_LIFE_S - 60)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    form["refresh_token"] = (await ask_token(http, app, **form))["refresh_token"]
    await fake.control.advance(60)
    assert "invalid_grant" == (await ask_token(http, app, **form))["error"]


async def test_a_secret_seldom_rotates(
    fake: FakeSpotify, http: httpx2.AsyncClient, app: FakeApp
) -> None:
    """Of 40 refreshes with a secret some bring a new token, most do not."""
    (user,) = await fake.control.seed_users(1)
    await fake.control.set_rotation(0.125)
    token, n_rotated = user.refresh_token.reveal(), 0
    for _ in range(40):
        form = {"grant_type": "refresh_token", "refresh_token": token}
        answer = await ask_token(http, app, with_secret=True, **form)
        n_rotated += "refresh_token" in answer
        token = answer.get("refresh_token", token)
    assert 0 < n_rotated < 20


async def test_scopes_are_real(http: httpx2.AsyncClient, app: FakeApp) -> None:
    """A token reads what was granted and answers 403 elsewhere."""
    tokens = await sign_in(http, app)
    assert [200, 403] == [
        await status(http, tokens, path) for path in ("/me/top/tracks", "/me/tracks")
    ]


async def test_the_sixth_person_passes_the_page_and_is_refused_by_the_api(
    fake: FakeSpotify, http: httpx2.AsyncClient, app: FakeApp
) -> None:
    """Five may use a new app; the next has tokens that are good for nothing, until allowed."""
    tokens = await sign_in(http, app, user="fatou")
    assert 403 == await status(http, tokens, "/me")
    await fake.control.change_app(allowed=["fatou"])
    assert 200 == await status(http, tokens, "/me")
    with pytest.raises(httpx2.HTTPStatusError):
        await fake.control.change_app(allowed=["a", "b", "c", "d", "e", "f"])
