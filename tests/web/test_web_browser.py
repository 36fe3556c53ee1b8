"""The pages in a real Chromium: the policy holds, feedback and imports work live."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Page, async_playwright, expect

from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.domain.judgements import Judgement, Verdict
from harmonyhub.flows.quality import run_evaluation
from harmonyhub.flows.quality_log import keep_verdict
from harmonyhub.jobs.runner import run_job
from harmonyhub.recommender import future
from harmonyhub.settings.catalogue import UNKNOWN
from harmonyhub.wiring.house import House

CHROMIUM = Path("/usr/bin/chromium")
NOW = 1_760_000_000
LONG_NAME = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
JUDGED = Judgement(
    Verdict.GOOD, why="No worse.", new=0.3, live=0.28, difference=0.02, low=-0.01, high=0.05
)
expect.set_options(timeout=15_000)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
]


@pytest.fixture
async def page(client: httpx2.AsyncClient) -> AsyncIterator[Page]:
    """Give a page of Chromium whose complaints fail the test."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(base_url=str(client.base_url))
        page.set_default_timeout(15_000)
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else 0,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        await browser.close()
    assert [] == complaints


async def run_jobs(house: House) -> None:
    """Run jobs as the worker does, until cancelled."""
    while True:
        job = await house.store.jobs.claim(worker="test", now=NOW, lease_s=60)
        if job is None:
            await asyncio.sleep(0.05)
        else:
            await run_job(house, job)


async def test_no_page_breaks_the_policy(
    house: House, page: Page, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page makes the browser report a violation or a failed script, narrow or wide."""
    monkeypatch.setattr(future, "FEWEST_DATED", 10)  # the library has twelve listens a listener
    await run_evaluation(house, on_progress=lambda _: None)
    await keep_verdict(house, JUDGED, version="judged")
    paths = ["/quality", "/", "/discover", "/rediscover", "/import", "/status", "/search?q=song"]
    paths += [f"/tracks/{library.tracks[0]}", "/api/v1/docs"]
    for path in paths:
        for width in (360, 1280):
            await page.set_viewport_size({"width": width, "height": 800})
            await page.goto(path)
            overflow = await page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert (path, width, 0) == (path, width, overflow)


@pytest.mark.usefixtures("library")
async def test_feedback_changes_the_list_at_once(page: Page) -> None:
    """Never takes the card away without a reload, and the banner's undo brings it back."""
    await page.goto("/discover")
    await page.evaluate("window.isSamePage = true")
    first = page.locator(".card-title").first
    title = await first.inner_text()
    await page.locator(".card").first.get_by_role("button", name="Never").click()
    await expect(page.get_by_role("status")).to_contain_text(title)
    await expect(page.locator(".card-title").get_by_text(title, exact=True)).to_have_count(0)
    await page.get_by_role("status").get_by_role("button", name="Undo").click()
    await expect(page.locator(".card-title").get_by_text(title, exact=True)).to_have_count(1)
    assert await page.evaluate("window.isSamePage")


@pytest.mark.usefixtures("library")
async def test_the_picker_changes_the_user(page: Page) -> None:
    """Choosing another user shows their list, and stays chosen."""
    await page.goto("/")
    await page.get_by_label("Whose music").select_option("friend-2")
    await page.wait_for_url("**user=friend-2")
    await page.goto("/import")
    await expect(page.get_by_label("Whose music")).to_have_value("friend-2")


async def test_a_chosen_file_is_imported_live(page: Page, house: House, tmp_path: Path) -> None:
    """A file that is chosen goes up, is followed live, and ends as a balanced ledger and a list."""
    lines = [
        {
            "ts": f"2024-05-{1 + n % 28:02}T12:{n % 60:02}:00Z",
            "ms_played": 200_000,
            "master_metadata_track_name": f"Song {n % 40}",
            "master_metadata_album_artist_name": f"Band {n % 7}",
            "spotify_track_uri": f"spotify:track:{n % 40:022}",
        }
        for n in range(300)
    ]
    path = tmp_path / "Streaming_History_Audio_2024_1.json"
    path.write_text(json.dumps(lines), "utf-8")
    worker = asyncio.create_task(run_jobs(house))
    try:
        await page.goto("/import")
        await page.locator("input[type=file]").set_input_files(path)
        await page.wait_for_url("**/import/*")
        await expect(page.locator("#account ~ .state")).to_have_text("complete")
        await expect(page.locator("tfoot [data-count=lines]")).to_have_text("300")
        await expect(page.get_by_text("Your lists are ready.")).to_be_visible()
        await page.get_by_role("link", name="See your list").click()
        await expect(page.locator(".card").first).to_be_visible()
    finally:
        worker.cancel()
        await asyncio.wait([worker])


async def test_a_refused_file_says_why(page: Page, house: House, tmp_path: Path) -> None:
    """A file of no known kind ends on a page that says what to do."""
    path = tmp_path / "cat.json"
    path.write_text('{"cat": "meow"}', "utf-8")
    worker = asyncio.create_task(run_jobs(house))
    try:
        await page.goto("/import")
        await page.locator("input[type=file]").set_input_files(path)
        await page.wait_for_url("**/import/*")
        await expect(page.locator(".banner-warn .state")).to_have_text("refused")
        await expect(page.locator(".banner-warn")).to_contain_text("Nothing was taken")
    finally:
        worker.cancel()
        await asyncio.wait([worker])


async def test_long_name_of_a_variable_fits_a_phone(page: Page, house: House) -> None:
    """The cause of an incident, variable and all, does not widen the status page of a phone."""
    cause = UNKNOWN.found("Spotify rejects it.", fix="Fix it.", variable=LONG_NAME)
    await house.store.incidents.open(Diagnosis(causes=(cause,), failing_since=NOW), now=NOW)
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.goto("/status")
    await expect(page.get_by_text(LONG_NAME)).to_be_visible()
    overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert 0 == overflow
