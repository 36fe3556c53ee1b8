"""The demo in a real Chromium, as a person sees it the first time."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from harmonyhub.sources.starter.library import load_library
from tests.journeys.conftest import Service, free_port
from tests.tools.spotify_zip import Song, write_listener_zip

CHROMIUM = Path("/usr/bin/chromium")
DROP = """
([selector, name, text]) => {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  for (const type of ["dragover", "drop"]) {
    const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
    document.querySelector(selector).dispatchEvent(event);
  }
}
"""
expect.set_options(timeout=30_000)  # 5 s is short where two cores do all
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One running demo for all tests of this module."""
    folder = tmp_path_factory.mktemp("browser") / "data"
    running = Service(folder=folder, port=free_port(), command="demo")
    running.start()
    yield running
    assert 0 == running.stop(), running.log()


@pytest.fixture
def page(demo: Service) -> Iterator[Page]:
    """A page of Chromium; violations of the policy and other complaints fail the test."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(base_url=demo.url, viewport={"width": 1280, "height": 900})
        page.set_default_timeout(30_000)
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        browser.close()
    assert [] == complaints


def titles(page: Page) -> list[str]:
    """Read the titles of all cards, from the top."""
    return page.locator(".card-title").all_inner_texts()


def drop(page: Page, path: Path) -> None:
    """Drop a file on the page's drop zone."""
    text = base64.b64encode(path.read_bytes()).decode()
    page.evaluate(DROP, [".drop", path.name, text])


def test_the_first_page_has_cards_with_reasons_and_obeys(page: Page) -> None:
    """For you shows cards that say why; never takes the first one off the very next list."""
    page.goto("/")
    expect(page.get_by_role("complementary", name="Demo")).to_contain_text("generated")
    before = titles(page)
    assert 20 == len(before)
    reasons = page.locator(".card .reason").all_inner_texts()
    assert 20 == len(reasons)
    assert all(len(reason) > 10 for reason in reasons)

    page.locator(".card").first.get_by_role("button", name="Never").click()
    expect(page.get_by_role("status")).to_contain_text(before[0])
    assert before[0] not in titles(page)
    page.reload()
    assert before[0] not in titles(page)
    assert before[1] in titles(page)


def test_a_demo_piece_shows_its_analysis(page: Page) -> None:
    """From the banner to a piece: its pictures, and numbers with unit and method."""
    page.goto("/")
    page.get_by_role("complementary", name="Demo").get_by_role("link").click()
    page.get_by_role("link", name="Night Line").click()
    for picture in ("svg.overview", "svg.curves", "svg.chroma", "svg.likeness"):
        box = page.locator(picture).bounding_box()
        assert box is not None
        assert box["width"] > 500
        assert box["height"] > 100
    key = page.get_by_role("row", name="Key")
    expect(key).to_contain_text("A minor")
    expect(key).to_contain_text("profiles")
    tempo = page.get_by_role("row", name="Tempo").locator(".value").inner_text()
    assert (124, "BPM") == (round(float(tempo.split()[0])), tempo.split()[1])


def test_a_dropped_zip_balances_and_changes_the_list(page: Page, tmp_path: Path) -> None:
    """A Spotify ZIP dropped on Import ends in a balanced ledger, and For you becomes another."""
    songs = [
        Song(
            title=track.title,
            artist=track.artists[0],
            release=track.release or "",
            spotify_id=f"{number:022d}",
        )
        for number, track in enumerate(load_library()[-1].tracks + load_library()[-2].tracks)
    ]
    path = tmp_path / "my_spotify_data.zip"
    tally = write_listener_zip(
        path, n_listens=900, songs=songs, too_short=12, podcasts=5, private=2, nameless=3
    )
    page.goto("/")
    before = titles(page)

    page.goto("/import")
    drop(page, path)
    page.wait_for_url("**/import/*")
    expect(page.get_by_text("Your lists are ready.")).to_be_visible()
    expect(page.locator("#account ~ .state")).to_have_text("complete")
    names = ("kept", "duplicate", "too_short", "not_music", "unreadable")
    shown = {name: _number(page, f"tbody [data-count={name}]") for name in names}
    assert {name: getattr(tally, name) for name in names} == shown
    assert sum(shown.values()) == _number(page, "tfoot [data-count=lines]")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download too short lines").click()
    assert 1 + 12 == len(download.value.path().read_text("utf-8").splitlines())

    page.get_by_role("link", name="See your list").click()
    page.locator(".card").first.wait_for()
    assert before != titles(page)


def test_a_file_of_another_kind_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    """Garbage ends on a page that says so, with a way on; nothing is taken."""
    path = tmp_path / "holiday.json"
    path.write_text(json.dumps({"sea": "blue"}), "utf-8")
    page.goto("/import")
    drop(page, path)
    page.wait_for_url("**/import/*")
    expect(page.get_by_role("status")).to_contain_text("Nothing was taken from this file")
    page.get_by_role("link", name="Try another file").click()
    expect(page.get_by_role("heading", name="Import", exact=True)).to_be_visible()


def _number(page: Page, selector: str) -> int:
    return int(page.locator(selector).inner_text().replace("\u202f", ""))
