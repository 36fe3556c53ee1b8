"""The pages as a browser without JavaScript gets them."""

import re
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from harmonyhub.domain.audio_files import FileRecord, FoundFile
from harmonyhub.domain.judgements import Judgement, Verdict
from harmonyhub.flows.training_report import keep_judgement
from harmonyhub.wiring.house import House

HTML = {"Accept": "text/html"}
PAGES = ("/", "/discover", "/rediscover", "/import", "/status", "/search?q=song")


async def page(client: httpx2.AsyncClient, path: str, status: int = 200) -> str:
    """Get a page, following redirects."""
    answer = await client.get(path, headers=HTML, follow_redirects=True)
    assert status == answer.status_code, answer.text
    assert "text/html" == answer.headers["content-type"].partition(";")[0]
    return answer.text


async def test_an_empty_house_leads_to_import(client: httpx2.AsyncClient) -> None:
    """Before any import the first page says what to do, and where."""
    text = await page(client, "/")
    assert "Bring your music" in text
    assert 'href="/import"' in text


async def test_the_music_folder_tells_how_far_it_is(
    house: House, served: Any, tmp_path: Any
) -> None:
    """The page of analysed tracks names the folder, and what was refused in it."""
    settings = replace(house.settings, music_dir=tmp_path / "music")
    house = replace(house, settings=settings)
    file = FoundFile(tmp_path / "music" / "<b>.mp3", 1, 1)
    record = FileRecord(1, 1, "3", refused="no audio")
    await house.store.audio_files.put(house.place, file, record, now=1)
    async with served(house) as url, httpx2.AsyncClient(base_url=url) as client:
        text = await page(client, "/search")
    assert f"<code>{tmp_path / 'music'}</code>: not looked at yet" in text
    assert "&lt;b&gt;.mp3</code>" in text
    assert "no audio" in text


@pytest.mark.usefixtures("library")
async def test_pages_need_nothing_that_the_policy_bars(client: httpx2.AsyncClient) -> None:
    """No page has an inline script or style, or anything from another site."""
    for path in (*PAGES, "/api/v1/docs"):
        text = await page(client, path)
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
        assert all("src=" in script for script in re.findall(r"<script[^>]*>", text))
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)


@pytest.mark.usefixtures("library")
async def test_pages_have_landmarks_and_one_heading(client: httpx2.AsyncClient) -> None:
    """Each page has a language, a skip link, main, nav, and exactly one first heading."""
    for path in PAGES:
        text = await page(client, path)
        for part in ('<html lang="en">', 'class="skip" href="#main"', '<main id="main"', "<nav"):
            assert part in text
        assert 1 == text.count("<h1")


async def test_foreign_text_is_escaped(client: httpx2.AsyncClient, library: Any) -> None:
    """A track called <script> is text everywhere."""
    for path in (f"/tracks/{library.tracks[0]}", "/search?q=alert", "/search?q=<script>"):
        text = await page(client, path)
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


async def test_feedback_works_without_javascript(client: httpx2.AsyncClient, library: Any) -> None:
    """A button posts a form, leads back to the list, and the banner offers to undo it."""
    track = library.tracks[20]
    form = {"track": track, "kind": "never", "next": "/discover?said=more&track=old"}
    answer = await client.post("/feedback", data=form, headers=HTML)
    assert 303 == answer.status_code
    assert f"/discover?said=never&track={track}" == answer.headers["location"]
    text = await page(client, answer.headers["location"])
    assert "You will not be shown this again" in text
    assert "What you said so far (1)" in text
    undone = await client.post("/feedback", data=form | {"kind": "undo"}, headers=HTML)
    assert "What you said so far" not in await page(client, undone.headers["location"])


@pytest.mark.usefixtures("library")
async def test_a_list_is_steered_by_its_address(client: httpx2.AsyncClient) -> None:
    """The form sends words and sliders in the address, shows them again, and can be reset."""
    text = await page(client, "/discover?words=rare+folk,+no+band+2,+zyx&varied=0.5&new=0")
    assert 'value="rare folk, no band 2, zyx"' in text
    assert 'name="varied" min="-1" max="1" step="0.25" value="0.5"' in text
    assert '<a href="/discover">Reset</a>' in text
    assert "Not understood: “zyx”" in text
    assert "nothing by Band 2" in text
    assert '<p class="artist">Band 2</p>' not in text
    ways = re.findall(r'<input type="hidden" name="next" value="([^"]*)"', text)
    assert all("varied=0.5" in way for way in ways)
    assert "Reset" not in await page(client, "/discover")
    relaxed = await page(client, "/discover?words=folk+60+bpm")
    assert "Too few tracks fit all of that, so: at any tempo." in relaxed


@pytest.mark.usefixtures("library")
async def test_the_form_keeps_what_only_the_address_can_say(client: httpx2.AsyncClient) -> None:
    """Show does not drop tags and a tempo that came in with a link."""
    text = await page(client, "/discover?with_tag=folk&balanced=0.5&tempo=90-120")
    for name, value in (("with_tag", "folk"), ("balanced", "0.5"), ("tempo", "90.0-120.0")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in text


async def test_a_form_leads_to_no_other_site(client: httpx2.AsyncClient, library: Any) -> None:
    """The way back of a form stays on this site, whatever it says."""
    for way in ("https://evil.example", "//evil.example", "/\\evil.example", "x"):
        form = {"track": library.tracks[1], "kind": "more", "next": way}
        answer = await client.post("/feedback", data=form, headers=HTML)
        assert answer.headers["location"].startswith("/?said=more")


@pytest.mark.usefixtures("library")
async def test_a_chosen_user_is_remembered(client: httpx2.AsyncClient) -> None:
    """`?user=` chooses whose music is shown; the cookie keeps it for the next page."""
    assert '<option value="local" selected>' in await page(client, "/")
    answer = await client.get("/", params={"user": "friend-3"}, headers=HTML)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert '<option value="friend-3" selected>' in await page(client, "/import")


async def test_a_damaged_cookie_counts_as_none(client: httpx2.AsyncClient) -> None:
    """Nobody is locked out by a cookie; the page is that of the default user."""
    answer = await client.get("/import", headers=HTML | {"Cookie": "hh_user=%2F%00"})
    assert "to that of <b>local</b>" in answer.text


@pytest.mark.usefixtures("library")
async def test_a_user_with_a_strange_name_has_pages(client: httpx2.AsyncClient) -> None:
    """A name with spaces and signs survives cookie and links."""
    await client.get("/", params={"user": 'Zoë "Z" & <b>'}, headers=HTML)
    text = await page(client, "/import")
    assert "Zoë &#34;Z&#34; &amp; &lt;b&gt;" in text


async def test_a_missing_page_is_a_page(client: httpx2.AsyncClient) -> None:
    """A person gets an error as a page with a way on, a program gets problem details."""
    for path in ("/nothing", "/nothing/at/all", "/tracks/nope", "/import/nope", "/jobs/nope"):
        text = await page(client, path, status=404)
        assert "Back to your list" in text
        assert "not-found" == (await client.get(path)).json()["code"]


async def test_an_import_works_without_javascript(client: httpx2.AsyncClient, house: House) -> None:
    """The form posts the file and leads to the ledger, which refreshes itself while it runs."""
    answer = await client.post("/import", files={"file": ("a.json", b"[]")}, headers=HTML)
    assert 303 == answer.status_code
    text = await page(client, answer.headers["location"])
    assert '<noscript><meta http-equiv="refresh"' in text
    assert 'data-job="' in text
    (job,) = await house.store.jobs.recent(5)
    assert "queued" == job.state.value


@pytest.mark.usefixtures("library")
async def test_status_tells_figures(client: httpx2.AsyncClient) -> None:
    """The status page counts what there is and says what works."""
    text = await page(client, "/status")
    assert re.search(r"<b>7</b>\s*<span>users</span>", text)
    assert "the model has seen every listen" in text
    assert "The first index" in text


@pytest.mark.usefixtures("library")
async def test_status_tells_of_a_refused_training(house: House, client: httpx2.AsyncClient) -> None:
    """A training that did not go live is on the operator's page, with its figures."""
    why = "Worse than the live index: 0.1 and 0.2."
    await keep_judgement(house, Judgement(Verdict.WORSE, why=why))
    text = await page(client, "/status")
    assert "did not go live: " + why in text


async def test_train_now_leads_to_the_job(client: httpx2.AsyncClient) -> None:
    """The button queues a training and shows it."""
    answer = await client.post("/training", headers=HTML, follow_redirects=True)
    assert "Learning your taste" in answer.text


async def test_the_reference_names_operations_and_codes(client: httpx2.AsyncClient) -> None:
    """The API page lists each operation with its parameters, and each error code."""
    text = await page(client, "/api/v1/docs")
    assert "/api/v1/users/{user}/recommendations" in text
    assert "more-like-this" in text
    assert 'id="store-unavailable"' in text


async def test_static_files_are_kept_for_ever_by_version(client: httpx2.AsyncClient) -> None:
    """An address with the version never changes its content; without it, browsers ask again."""
    url = re.findall(r'"(/static/style\.css\?v=\w+)"', await page(client, "/import"))[0]
    assert "immutable" in (await client.get(url)).headers["cache-control"]
    bare = await client.get("/static/style.css")
    assert "no-cache" == bare.headers["cache-control"]
    headers = {"If-None-Match": bare.headers["etag"]}
    assert 304 == (await client.get("/static/style.css", headers=headers)).status_code
    assert 404 == (await client.get("/static/..%2Fapp.py")).status_code
