"""The page of Spotify and its API, over the fake's consent page and back, without a browser."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from harmonyhub.domain.consents import CONSENT_LASTS_S, DAY_S
from harmonyhub.domain.spotify_messages import MESSAGES
from harmonyhub.domain.upstreams import Outcome, TokenState, UserToken
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.flows.sync import sync_due
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import House, furnish
from tests.tools.fakes import fresh_fake

HTML = {"Accept": "text/html"}
NOW = 1_760_000_000
Served = Callable[..., AbstractAsyncContextManager[str]]


@dataclass
class Town:
    """A served house that is set up for a fake Spotify, and a client of it."""

    house: House
    fake: FakeSpotify
    client: httpx2.AsyncClient
    redirect_uri: str

    async def page(self, path: str = "/spotify") -> str:
        """Get a page as text."""
        answer = await self.client.get(path, headers=HTML, follow_redirects=True)
        assert 200 == answer.status_code, answer.text
        return unescape(answer.text)

    async def press_connect(self, *, origin: str = "", **form: str) -> httpx2.Response:
        """Press Connect for ada."""
        headers = {**HTML, "Sec-Fetch-Site": "same-origin"} | ({"Origin": origin} if origin else {})
        return await self.client.post("/spotify/connect?user=ada", data=form, headers=headers)

    async def consent(self, answer: httpx2.Response, *, person: str = "anna") -> str:
        """Agree on the consent page that an answer leads to: the way back as a path."""
        assert 200 == answer.status_code, answer.text
        target = unescape(answer.text.partition("url=")[2].partition('"')[0])
        assert target.startswith(self.fake.accounts_url)
        decided = await self.client.post(target, data={"user": person, "decision": "agree"})
        location = decided.headers["location"]
        assert location.startswith(self.redirect_uri)
        parts = urlsplit(location)
        return f"{parts.path}?{parts.query}"

    async def give_consent(self, **changes: object) -> None:
        """Store a consent of ada's as a sign-in does."""
        assert self.house.spotify is not None
        facts: dict[str, object] = {
            "user_id": "ada",
            "client_id": self.house.spotify.credentials.client_id,
            "state": TokenState.ACTIVE,
            "consented_at": NOW - 10 * DAY_S,
            "access_expires_at": NOW,
            "account_name": "Ada L.",
        }
        token = UserToken(**facts | changes)  # type: ignore[arg-type]
        secret = Secret("r" * 40)
        await self.house.store.tokens.save(token, refresh_token=secret, access_token=None)


def _house(store: Store, folder: Path, **variables: str) -> House:
    environ = {"HARMONYHUB_DATA_DIR": str(folder)} | {
        f"HARMONYHUB_{name.upper()}": value for name, value in variables.items()
    }
    settings, findings = load_settings(environ, folder=folder)
    assert settings is not None, findings
    return furnish(settings, store, clock=lambda: NOW)


@pytest.fixture
async def town(store: Store, tmp_path: Path, served: Served, free_port: int) -> AsyncIterator[Town]:
    """Give a served house with a fake Spotify of seed 7."""
    redirect_uri = f"http://127.0.0.1:{free_port}/spotify/callback"
    async with fresh_fake() as fake:
        (app,) = await fake.control.apps()
        house = _house(
            store,
            tmp_path,
            port=str(free_port),
            spotify_client_id=app.client_id,
            spotify_client_secret=app.client_secret.reveal(),
            spotify_accounts_url=fake.accounts_url,
            spotify_api_url=fake.api_url,
            spotify_redirect_uri=redirect_uri,
        )
        assert house.spotify is not None
        async with (
            served(house, free_port) as url,
            httpx2.AsyncClient(base_url=url, timeout=20) as client,
        ):
            yield Town(house, fake, client, redirect_uri)
        await house.spotify.aclose()


async def test_connect_go_there_and_come_back(town: Town) -> None:
    """The button leads to the consent page, the way back to the connected page, DELETE to none."""
    assert "Connect Spotify" in await town.page("/spotify?user=ada")
    answer = await town.press_connect()
    cookie = answer.headers["set-cookie"].lower()
    assert all(
        part in cookie for part in ("hh_spotify=", "httponly", "samesite=lax", "max-age=900")
    )
    assert "secure" not in cookie  # http on loopback
    text = await town.page(await town.consent(answer))
    assert "Your Spotify account is connected." in text
    assert "Connected for ada" in text.replace("<b>", "").replace("</b>", "")

    state = (await town.client.get("/api/v1/users/ada/spotify")).json()
    assert ("connected", None, []) == (
        state["standing"],
        state["trouble"],
        state["missing_scopes"],
    )
    assert 202 == (await town.client.post("/api/v1/users/ada/spotify/sync")).status_code
    assert 204 == (await town.client.delete("/api/v1/users/ada/spotify")).status_code
    state = (await town.client.get("/api/v1/users/ada/spotify")).json()
    assert "not-connected" == state["standing"]
    refused = await town.client.post("/api/v1/users/ada/spotify/sync")
    assert (404, "not-found") == (refused.status_code, refused.json()["code"])


async def test_a_stand_in_is_named(town: Town) -> None:
    """Nobody takes a fake for Spotify: the page says what answers, and where."""
    page = await town.page()

    assert "This is not Spotify itself" in page
    assert town.fake.accounts_url in page


@pytest.mark.slow
async def test_what_was_read_is_accounted_for(town: Town) -> None:
    """The page follows the reading; then page and API show every part with its ledger."""
    await town.page(await town.consent(await town.press_connect()))
    assert 'http-equiv="refresh"' in await town.page("/spotify?user=ada")
    await sync_due(town.house)
    text = await town.page("/spotify?user=ada")
    assert 'http-equiv="refresh"' not in text
    library = (await town.client.get("/api/v1/users/ada/spotify/library")).json()
    parts = {part["part"]: part for part in library["parts"]}
    assert 500 == parts["saved-tracks"]["n_entries"]
    for part in parts.values():
        told = ("n_kept", "n_duplicate", "n_not_music", "n_unreadable")
        assert part["n_total"] == part["n_entries"] == sum(part[name] for name in told)
        assert f'<td class="num" data-label="kept">{part["n_kept"]:,}</td>' in text


async def test_the_way_back_needs_the_cookie(town: Town) -> None:
    """Somebody else's browser gets no further, and the address keeps neither code nor state."""
    path = await town.consent(await town.press_connect())
    town.client.cookies.clear()
    answer = await town.client.get(path, headers=HTML)
    assert (303, "/spotify?end=unknown") == (answer.status_code, answer.headers["location"])
    assert None is await town.house.store.tokens.get("ada")


async def test_another_host_name_is_led_to_the_right_one(town: Town) -> None:
    """Begun at localhost the cookie would be lost: first to the host of the redirect URI."""
    elsewhere = town.redirect_uri.replace("127.0.0.1", "localhost").partition("/spotify")[0]
    text = unescape((await town.press_connect(origin=elsewhere)).text)
    assert f"url={town.redirect_uri.removesuffix('/callback')}?user=ada" in text
    assert "hh_spotify" not in str(town.client.cookies)
    here = town.redirect_uri.partition("/spotify")[0]
    assert town.fake.accounts_url in (await town.press_connect(origin=here)).text


async def test_from_another_device_a_loopback_address_leads_nowhere(town: Town) -> None:
    """A phone is told so, and not sent to itself."""
    text = (await town.press_connect(origin="https://music.example.org")).text
    assert "Connect on the machine itself" in text
    assert "http-equiv" not in text


async def test_other_sites_cannot_press_connect(town: Town) -> None:
    """The gate refuses it: nobody is signed in to an account that is not theirs."""
    headers = {"Sec-Fetch-Site": "cross-site"}
    for path in ("connect", "sync", "disconnect"):
        answer = await town.client.post(f"/spotify/{path}", headers=headers)
        assert (403, "cross-site") == (answer.status_code, answer.json()["code"])


async def test_a_household_pastes_a_client_id(town: Town) -> None:
    """Its shape is checked; then the consent page asks for that app."""
    answer = await town.press_connect(household_app="nonsense")
    assert 422 == answer.status_code
    assert "no client id" in answer.text
    text = unescape((await town.press_connect(household_app="AB" * 16)).text)
    query = parse_qs(urlsplit(text.partition("url=")[2].partition('"')[0]).query)
    assert ["ab" * 16] == query["client_id"]
    assert town.redirect_uri in await town.page()


async def test_disconnecting_deletes_and_says_so(town: Town) -> None:
    """The button leaves no token, and the page offers to connect."""
    await town.give_consent()
    assert "Disconnect and delete" in await town.page("/spotify?user=ada")
    await town.client.post("/spotify/disconnect?user=ada", headers=HTML)
    assert None is await town.house.store.tokens.get("ada")
    assert "Connect Spotify" in await town.page("/spotify?user=ada")


@pytest.mark.parametrize(
    "outcome", [Outcome.GRANT_REJECTED, Outcome.USER_NOT_ALLOWED, Outcome.TOKEN_REJECTED]
)
async def test_a_consent_that_is_set_aside_says_why(town: Town, outcome: Outcome) -> None:
    """The page has the failure's own words and a button; every other page leads there."""
    await town.give_consent(
        state=TokenState.QUARANTINED, quarantined_for=outcome, quarantined_at=NOW - 60
    )
    text = await town.page("/spotify?user=ada")
    assert MESSAGES[outcome].what in text
    assert MESSAGES[outcome].do in text
    assert "Connect again" in text
    other = await town.page("/import?user=ada")
    assert MESSAGES[outcome].what in other
    assert 'href="/spotify"' in other
    trouble = (await town.client.get("/api/v1/users/ada/spotify")).json()["trouble"]
    assert (outcome.value, MESSAGES[outcome].what) == (trouble["outcome"], trouble["what"])


async def test_everybodys_trouble_names_its_owner(town: Town) -> None:
    """Rejected credentials: the page says for whom that is, the button Connect is away."""
    assert town.house.spotify is not None
    await town.fake.control.set(Mode.SECRET_REVOKED)
    await town.house.spotify.probe()
    await asyncio.sleep(0)
    # What the process knows is a second old at most, and this clock stands.
    await town.house.upstreams.states(now=NOW + 1)
    await town.house.upstreams.states(now=NOW)
    text = await town.page("/spotify?user=ada")
    assert MESSAGES[Outcome.CLIENT_REJECTED].what in text
    assert "The operator's" in text
    assert "Connect Spotify</button>" not in text
    refused = await town.press_connect()
    assert 503 == refused.status_code
    assert "rejects the credentials" in refused.text


async def test_the_end_of_a_consent_is_announced(town: Town) -> None:
    """A week before it every page says so, with a button; the calendar has the day."""
    await town.give_consent(consented_at=NOW - CONSENT_LASTS_S + 7 * DAY_S)
    assert "ends in 7 days" in await town.page("/import?user=ada")
    assert "Connect again" in await town.page("/spotify?user=ada")
    state = (await town.client.get("/api/v1/users/ada/spotify")).json()
    assert (7, 7) == (state["days_left"], state["notice"])
    calendar = await town.client.get("/spotify/consent.ics?user=ada")
    assert "text/calendar; charset=utf-8" == calendar.headers["content-type"]
    assert calendar.text.startswith("BEGIN:VCALENDAR\r\n")
    assert 404 == (await town.client.get("/spotify/consent.ics?user=bob")).status_code


async def test_only_listeners_of_this_house_are_named(town: Town) -> None:
    """An address that somebody made up puts no words of theirs onto the page."""
    await town.give_consent(user_id="bob")
    await town.house.store.users.ensure("bob", now=NOW)  # type: ignore[arg-type]
    assert "belongs to <b>bob</b>" in await town.page("/spotify?user=ada&end=taken&holder=bob")
    assert "Call me" not in await town.page("/spotify?user=ada&end=taken&holder=Call+me")
    answer = await town.client.get("/spotify?end=nonsense", headers=HTML)
    assert 400 == answer.status_code


async def test_without_an_app_the_page_has_the_strings_to_paste(
    client: httpx2.AsyncClient,
) -> None:
    """The redirect URI of this very address, and the three variables."""
    text = unescape((await client.get("/spotify", headers=HTML)).text)
    port = str(client.base_url).rpartition(":")[2].strip("/")
    assert f"HARMONYHUB_SPOTIFY_REDIRECT_URI=http://127.0.0.1:{port}/spotify/callback" in text
    assert "HARMONYHUB_SPOTIFY_CLIENT_SECRET=" in text
    assert "Connect Spotify" not in text
    state = (await client.get("/api/v1/users/ada/spotify")).json()
    assert "not-set-up" == state["standing"]
    answer = await client.post("/spotify/connect", headers=HTML)
    assert 409 == answer.status_code


async def test_the_access_password_lets_the_way_back_in(
    store: Store, tmp_path: Path, served: Served, free_port: int
) -> None:
    """A browser that has entered comes back from Spotify; others are asked for the password."""
    async with fresh_fake() as fake:
        (app,) = await fake.control.apps()
        redirect_uri = f"http://127.0.0.1:{free_port}/spotify/callback"
        house = _house(
            store,
            tmp_path,
            port=str(free_port),
            access_password="correct horse battery",
            spotify_client_id=app.client_id,
            spotify_client_secret=app.client_secret.reveal(),
            spotify_accounts_url=fake.accounts_url,
            spotify_api_url=fake.api_url,
            spotify_redirect_uri=redirect_uri,
        )
        assert house.spotify is not None
        async with (
            served(house, free_port) as url,
            httpx2.AsyncClient(base_url=url, timeout=20) as client,
        ):
            town = Town(house, fake, client, redirect_uri)
            client.auth = ("anyone", "correct horse battery")
            answer = await town.press_connect()
            client.auth = None
            path = await town.consent(answer)
            assert 401 == (await client.get(path, headers=HTML)).status_code
            client.auth = ("anyone", "correct horse battery")
            assert "is connected." in await town.page(path)
        await house.spotify.aclose()
