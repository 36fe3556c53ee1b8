"""Leaving over real HTTP: on the page without JavaScript, and through the API."""

import re
from html import unescape

import httpx2
import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.wiring.house import House

HTML = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
API = "/api/v1/users"


@pytest.mark.usefixtures("library")
async def test_a_listener_leaves_on_the_page(client: httpx2.AsyncClient, house: House) -> None:
    """The page of imports leads there; the name is typed; then this browser is nobody's."""
    imports = (await client.get("/import?user=friend-1", headers=HTML)).text
    way = re.search(r'href="(/leave[^"]+)"', imports)
    assert way
    page = (await client.get(unescape(way[1]), headers=HTML)).text
    shown = " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())
    assert "Listens 15" in shown
    assert "the next training, queued at once" in shown
    form = re.search(r'<form method="post" action="(/leave[^"]+)"', page)
    assert form
    action = unescape(form[1])

    wrong = await client.post(action, data={"name": "Friend-1"}, headers=HTML)
    assert (422, True) == (wrong.status_code, "Nothing was deleted" in wrong.text)
    assert await house.store.users.revision(UserId("friend-1")) is not None
    strange = {**HTML, "Sec-Fetch-Site": "cross-site"}
    refused = await client.post(action, data={"name": "friend-1"}, headers=strange)
    assert 403 == refused.status_code

    done = await client.post(action, data={"name": " friend-1 "}, headers=HTML)
    assert (200, True) == (done.status_code, "Everything of friend-1 is deleted" in done.text)
    assert "hh_user" not in client.cookies
    start = (await client.get("/", headers=HTML)).text
    assert "friend-1" not in start.partition("<main")[0]
    assert UserId("friend-1") not in await house.store.users.list_all()
    assert 404 == (await client.get(action, headers=HTML)).status_code


@pytest.mark.usefixtures("library")
async def test_a_listener_leaves_through_the_api(client: httpx2.AsyncClient) -> None:
    """DELETE says what went and what is left; a second time there is nobody."""
    await client.get(f"{API}/friend-2/recommendations")
    gone = (await client.delete(f"{API}/friend-2")).json()
    assert {"listens": 15, "imports": 1, "lists that were shown": 1} == gone["deleted"]
    assert "friend-2" == gone["user_id"]
    assert gone["remains"]
    again = await client.delete(f"{API}/friend-2")
    assert (404, "not-found") == (again.status_code, again.json()["code"])
    assert 404 == (await client.get(f"{API}/friend-2/listens/export")).status_code
    assert ["train"] == [one["kind"] for one in (await client.get("/api/v1/jobs")).json()["items"]]
