"""The status page: what everybody may know, and what the operator sees."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from harmonyhub.domain.findings import Finding, Owner, Severity
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.domain.upstreams import Outcome
from harmonyhub.settings.load import load_settings
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import House, furnish

NOW = 1_760_000_000
PASSWORD = "correct horse battery"
ENTERED = {"Authorization": f"Bearer {PASSWORD}"}
SECRET_NAME = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
PAGES_OK = "Everything that you use here works"
Served = Callable[[House], AbstractAsyncContextManager[str]]


@pytest.fixture
def house(store: Store, tmp_path: Path) -> House:
    """Give a house with Spotify's credentials and a password."""
    settings, findings = load_settings(
        {
            "HARMONYHUB_DATA_DIR": str(tmp_path),
            "HARMONYHUB_ACCESS_PASSWORD": PASSWORD,
            "HARMONYHUB_SPOTIFY_CLIENT_ID": "0f9b" * 8,
            "HARMONYHUB_SPOTIFY_CLIENT_SECRET": "5e0a" * 8,
            "HARMONYHUB_SPOTIFY_REDIRECT_URI": "http://127.0.0.1:8000/spotify/callback",
        },
        folder=tmp_path,
    )
    assert settings is not None, findings
    return replace(furnish(settings, store), clock=lambda: NOW)


async def reject(house: House) -> None:
    """Let Spotify reject the client secret, with an open incident."""
    await house.store.upstreams.update(
        "spotify",
        lambda old: replace(
            old, latched=Outcome.CLIENT_REJECTED, latched_since=NOW - 60, last_ok_at=NOW - 90
        ),
    )
    cause = Finding(
        check_id="HH101",
        severity=Severity.ERROR,
        owner=Owner.OPERATOR,
        message="Spotify rejects the credentials.",
        fix="Write the right one.",
        variable=SECRET_NAME,
        evidence="400 invalid_client",
    )
    await house.store.incidents.open(Diagnosis(causes=(cause,), failing_since=NOW - 60), now=NOW)


async def read_page(url: str, headers: dict[str, str] | None = None) -> str:
    """Ask for the page."""
    async with httpx2.AsyncClient(base_url=url) as client:
        answer = await client.get("/status", headers=headers or {})
    assert 200 == answer.status_code, answer.text
    return answer.text


async def test_everybody_sees_what_works(house: House, served: Served) -> None:
    """Without the password the page says what works, and nothing of who uses it."""
    await house.store.users.touch(UserId("anna-k"))
    async with served(house) as url:
        page = await read_page(url)
    assert PAGES_OK in page
    assert '<a href="/">entering with the access password</a>' in page
    hidden = ("anna-k", "schema", "Train now", "Recent jobs", "listens</span>")
    assert [] == [word for word in hidden if word in page]


async def test_everybody_learns_of_an_incident_in_one_sentence(
    house: House, served: Served
) -> None:
    """An open incident is said as what it means for people, without anything of the inside."""
    await reject(house)
    async with served(house) as url:
        page = await read_page(url)
    assert PAGES_OK not in page
    assert "New plays from Spotify do not come in; lists and pages keep working." in page
    assert "rejects this service" in page
    assert [] == [word for word in (SECRET_NAME, "invalid_client", "HH101") if word in page]


async def test_operator_sees_the_cause(house: House, served: Served) -> None:
    """Who has the password sees the headline with its variable, and the figures."""
    await reject(house)
    async with served(house) as url:
        page = await read_page(url, ENTERED)
    assert f"Spotify rejects the credentials: {SECRET_NAME}" in page
    assert "harmonyhub why" in page
    assert "Train now" in page


async def test_page_tells_until_when_a_source_is_held(house: House, served: Served) -> None:
    """A quota is no incident: the page says until when new plays wait."""
    await house.store.upstreams.update(
        "spotify", lambda old: replace(old, not_before=NOW + 3600, last_ok_at=NOW - 9)
    )
    async with served(house) as url:
        page = await read_page(url)
    assert PAGES_OK in page
    assert "asked us to wait" in page
    assert "Until <time" in page


async def test_outage_tells_strangers_nothing_of_the_inside(
    house: House, served: Served, mongodb_uri: str
) -> None:
    """Without MongoDB the page stays; only who has the password reads the cause."""
    store = await Store.connect(mongodb_uri, database="gone")
    lost = furnish(house.settings, store)
    async with served(lost) as url, httpx2.AsyncClient(base_url=url) as client:
        await store.close()
        public = await client.get("/status")
        entered = await client.get("/status", headers=ENTERED)
    assert (503, 503) == (public.status_code, entered.status_code)
    assert "A part of HarmonyHub does not answer." in public.text
    assert [False, True] == ["MongoDB" in answer.text for answer in (public, entered)]


async def test_lists_carry_the_freshness_of_their_sources(house: House, served: Served) -> None:
    """Every answer with recommendations says what state its sources are in."""
    await reject(house)
    async with (
        served(house) as url,
        httpx2.AsyncClient(base_url=url, headers=ENTERED) as client,
    ):
        answer = await client.get("/api/v1/users/local/recommendations")
    [source] = answer.json()["freshness"]["sources"]
    assert ("spotify", "rejected", NOW - 90) == (
        source["name"],
        source["state"],
        source["answered_at"],
    )
