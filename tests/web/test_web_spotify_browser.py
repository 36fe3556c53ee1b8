"""Connecting in a real Chromium: there, agree on the consent page, back, and the lists follow."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from harmonyhub.drills.process import FakeSpotify
from harmonyhub.flows.train import run_training
from harmonyhub.jobs.sync import run_sync
from harmonyhub.settings.load import load_settings
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import House, furnish

CHROMIUM = Path("/usr/bin/chromium")
Served = Callable[..., AbstractAsyncContextManager[str]]
expect.set_options(timeout=15_000)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
]


@dataclass
class Visit:
    """A browser at a house with a fake Spotify; what the browser complained of fails the test."""

    page: Page
    fake: FakeSpotify
    house: House
    url: str

    async def agree(self, *, name: str) -> None:
        """Agree on the consent page as one of its people."""
        await self.page.wait_for_url(f"{self.fake.accounts_url}/authorize*")
        await self.page.get_by_label(name).check()
        await self.page.get_by_role("button", name="Agree").click()
        await self.page.wait_for_url(f"{self.url}/spotify?**")


@pytest.fixture
async def visit(
    store: Store, tmp_path: Path, served: Served, free_port: int
) -> AsyncIterator[Visit]:
    """Open a browser at a house that is set up for a fake Spotify."""
    complaints: list[str] = []
    async with FakeSpotify.start(seed=7) as fake, async_playwright() as playwright:
        (app,) = await fake.control.apps()
        settings, findings = load_settings(
            {
                "HARMONYHUB_DATA_DIR": str(tmp_path),
                "HARMONYHUB_PORT": str(free_port),
                **fake.variables(
                    app, redirect_uri=f"http://127.0.0.1:{free_port}/spotify/callback"
                ),
            },
            folder=tmp_path,
        )
        assert settings is not None, findings
        house = furnish(settings, store)
        assert house.spotify is not None
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page()
        page.set_default_timeout(15_000)
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else 0,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        async with served(house, free_port) as url:
            await page.goto(f"{url}/spotify?user=ada")
            yield Visit(page, fake, house, url)
        await browser.close()
        await house.spotify.aclose()
    assert [] == complaints


async def test_connect_see_lists_follow_and_leave(visit: Visit) -> None:
    """The button, the consent page, back; the library comes in, lists speak of it; all goes."""
    page = visit.page
    await run_training(visit.house, on_progress=lambda _: None)  # of the starter catalogue
    await page.get_by_role("button", name="Connect Spotify").click()
    await visit.agree(name="Anna")
    await expect(page.get_by_role("status")).to_contain_text("Your Spotify account is connected.")
    assert "code=" not in page.url
    synchronizing = asyncio.create_task(run_sync(visit.house))
    try:
        table = page.locator("table.stacked")
        await expect(table).to_contain_text("Saved tracks")  # by itself, without a reload
        await expect(page.get_by_text("up to date")).to_be_visible()
        await expect(page.get_by_role("row", name="Saved albums")).to_contain_text("40")
        await expect(page.locator("dl.facts")).to_contain_text("Anna")
        await page.get_by_role("link", name="See your list").last.click()
        await expect(page.locator(".card .reason").first).to_contain_text("Spotify")
        listens = await page.request.get(f"{visit.url}/api/v1/users/ada/listens")
        assert 50 == len((await listens.json())["items"])
    finally:
        synchronizing.cancel()
        await asyncio.wait([synchronizing])
    await page.goto(f"{visit.url}/spotify?user=ada")
    await page.get_by_text("Disconnect …").click()
    await page.get_by_role("button", name="Disconnect and delete").click()
    await expect(page.get_by_role("button", name="Connect Spotify")).to_be_visible()
    await page.goto(f"{visit.url}/?user=ada")
    await expect(page.locator("main")).not_to_contain_text("at Spotify")
    listens = await page.request.get(f"{visit.url}/api/v1/users/ada/listens")
    assert [] == (await listens.json())["items"]


async def test_begun_at_localhost_it_goes_on_at_the_right_address(visit: Visit) -> None:
    """The page at localhost leads to 127.0.0.1 by itself; from there it works."""
    page = visit.page
    elsewhere = visit.url.replace("127.0.0.1", "localhost")
    await page.goto(f"{elsewhere}/spotify?user=ada")
    await page.get_by_role("button", name="Connect Spotify").click()
    await page.get_by_role("link", name="Open that page").click()
    await page.wait_for_url(f"{visit.url}/spotify?user=ada")
    await page.get_by_role("button", name="Connect Spotify").click()
    await visit.agree(name="Ben")
    await expect(page.get_by_role("status")).to_contain_text("is connected.")


async def test_cancelling_and_not_being_let_in_are_told_apart(visit: Visit) -> None:
    """Who cancels is left in peace; who is not on the allow list learns whom to ask."""
    page = visit.page
    await page.get_by_role("button", name="Connect Spotify").click()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("alert")).to_contain_text("You cancelled on Spotify's page")
    await page.get_by_role("button", name="Connect Spotify").click()
    await visit.agree(name="Hana")
    await expect(page.get_by_role("alert")).to_contain_text("does not let your account in")
    await expect(page.get_by_role("alert")).to_contain_text("User Management")


async def test_a_household_of_six_uses_its_own_app(visit: Visit) -> None:
    """A client id typed on the page is all that this server needs."""
    app = await visit.fake.control.add_app()
    await visit.fake.control.change_app(app.client_id, allowed=["hana"])
    page = visit.page
    await page.get_by_text("Connect with an app of your household").click()
    await page.get_by_label("Client ID of your household's app").fill(app.client_id)
    await page.get_by_role("button", name="Connect with this app").click()
    await visit.agree(name="Hana")
    await expect(page.get_by_role("status")).to_contain_text("is connected.")
    await expect(page.locator("dl.facts")).to_contain_text("of your household")


async def test_no_state_of_the_page_breaks_the_policy(visit: Visit) -> None:
    """Narrow and wide, before and after a message, without a scroll bar to the side."""
    for query in ("", "&end=connected", "&end=failed&outcome=dns-failed", "&end=taken&holder=ada"):
        for width in (390, 1280):
            await visit.page.set_viewport_size({"width": width, "height": 800})
            await visit.page.goto(f"{visit.url}/spotify?user=ada{query}")
            overflow = await visit.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert (query, width, 0) == (query, width, overflow)
