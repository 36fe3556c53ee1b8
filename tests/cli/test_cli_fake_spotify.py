"""`harmonyhub demo --spotify`: the settings that a demo gets, and what becomes of them."""

from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest

from harmonyhub.cli.fake_spotify import describe_people, fake_spotify_beside
from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.settings.load import read_settings

NAMES = ("CLIENT_ID", "CLIENT_SECRET_FILE", "REDIRECT_URI", "API_URL", "ACCOUNTS_URL")


@pytest.fixture
def _configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand in a folder without `.env`, with a Spotify app that is somebody's real one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARMONYHUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HARMONYHUB_PORT", "8123")
    monkeypatch.setenv("HARMONYHUB_SPOTIFY_CLIENT_SECRET", "restored after the test")
    for name in NAMES:
        monkeypatch.setenv(f"HARMONYHUB_SPOTIFY_{name}", "/real")


@pytest.mark.usefixtures("_configured")
async def test_the_fake_takes_the_place_of_a_real_app() -> None:
    """All five settings name the fake, whose consent page takes their redirect URI."""
    async with fake_spotify_beside(), httpx2.AsyncClient(trust_env=False) as http:
        settings = read_settings()
        assert "http://127.0.0.1:8123/spotify/callback" == settings.spotify_redirect_uri
        assert f"{settings.spotify_accounts_url}/v1" == settings.spotify_api_url
        query = {
            "client_id": settings.spotify_client_id,
            "redirect_uri": settings.spotify_redirect_uri,
            "response_type": "code",
        }
        page = f"{settings.spotify_accounts_url}/authorize?{urlencode(query)}"
        assert 200 == (await http.get(page)).status_code
        assert settings.spotify_client_secret is not None
        answer = await http.post(
            f"{settings.spotify_accounts_url}/api/token",
            data={"grant_type": "client_credentials"},
            auth=(settings.spotify_client_id, settings.spotify_client_secret.reveal()),
        )
        assert 200 == answer.status_code
    async with httpx2.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(page)


@pytest.mark.usefixtures("_configured")
async def test_another_start_keeps_the_app_and_forgets_the_tokens() -> None:
    """Two demos are of one app, and a token of the first is nobody's in the second."""
    apps, tokens = set(), set()
    for _ in range(2):
        async with fake_spotify_beside(), httpx2.AsyncClient(trust_env=False) as http:
            settings = read_settings()
            secret = settings.spotify_client_secret
            assert secret is not None
            answer = await http.post(
                f"{settings.spotify_accounts_url}/api/token",
                data={"grant_type": "client_credentials"},
                auth=(settings.spotify_client_id, secret.reveal()),
            )
            apps.add(settings.spotify_client_id)
            tokens.add(answer.json()["access_token"])
    assert (1, 2) == (len(apps), len(tokens))


@pytest.mark.usefixtures("_configured")
async def test_an_address_that_spotify_would_refuse_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With http beyond this machine nobody could sign in: the demo says so and does not start."""
    monkeypatch.setenv("HARMONYHUB_BASE_URL", "http://music.example.org")
    with pytest.raises(ConfigurationError, match=r"music\.example\.org/spotify/callback"):
        async with fake_spotify_beside():
            pass


def test_the_terminal_says_that_it_is_a_fake(capsys: pytest.CaptureFixture[str]) -> None:
    """It says whom one can be, who will be refused, and that nobody is real."""
    describe_people()
    told = capsys.readouterr().err
    for text in ("Spotify is a fake here", "as any of these people: Anna", "refused: Fatou"):
        assert text in told
