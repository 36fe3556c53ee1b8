"""Friends over real HTTP: on the page without JavaScript, and through the API."""

import json
import re
from html import unescape

import httpx2
import pytest

API = "/api/v1/users"
HTML = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@pytest.mark.usefixtures("library")
async def test_friends_are_made_and_ended_on_the_page(client: httpx2.AsyncClient) -> None:
    """One asks by name, the other accepts with a button, either ends it; both see where it is."""

    async def press(user: str, label: str, name: str) -> None:
        text = (await client.get(f"/friends?user={user}", headers=HTML)).text
        form = next(
            one for one in re.findall(r"<form method.*?</form>", text, re.DOTALL) if label in one
        )
        action = re.search(r'action="([^"]+)"', form)
        assert action
        assert "value" not in form or f'value="{name}"' in form
        answer = await client.post(unescape(action[1]), data={"name": name}, headers=HTML)
        assert 303 == answer.status_code, answer.text

    async def seen(user: str) -> str:
        main = (await client.get(f"/friends?user={user}", headers=HTML)).text.partition("<main")[2]
        return " ".join(re.sub(r"<[^>]+>", " ", main).split())

    await press("local", ">Ask<", "friend-1")
    assert "You asked friend-1" in await seen("local")
    await press("friend-1", ">Accept<", "local")
    assert "Your friends local" in await seen("friend-1")
    assert "Your friends friend-1" in await seen("local")
    await press("local", ">End<", "friend-1")
    assert "None yet." in await seen("friend-1")


@pytest.mark.usefixtures("library")
async def test_friends_are_made_and_ended_through_the_api(client: httpx2.AsyncClient) -> None:
    """PUT asks and accepts, DELETE ends; errors say what is wrong, and the export has friends."""
    asked = await client.put(f"{API}/local/friends/friend-2")
    assert "asked" == asked.json()["standing"]
    statuses = {}
    for name in ("friend-2", "nobody", "local", "harmonyhub-check"):
        statuses[name] = (await client.put(f"{API}/local/friends/{name}")).status_code
    assert {"friend-2": 409, "nobody": 404, "local": 422, "harmonyhub-check": 404} == statuses
    strange = await client.put(
        f"{API}/local/friends/friend-3", headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert 403 == strange.status_code
    accepted = (await client.put(f"{API}/friend-2/friends/local")).json()
    assert ("local", "friend") == (accepted["name"], accepted["standing"])
    export = (await client.get(f"{API}/local/listens/export")).text.splitlines()
    told = [one for line in export if (one := json.loads(line))["type"] == "friend"]
    assert [("friend-2", "friend")] == [(one["name"], one["standing"]) for one in told]
    assert 204 == (await client.delete(f"{API}/local/friends/friend-2")).status_code
    assert [] == (await client.get(f"{API}/friend-2/friends")).json()["items"]
    assert 404 == (await client.delete(f"{API}/local/friends/friend-2")).status_code


@pytest.mark.usefixtures("library")
async def test_a_list_for_friends_is_the_same_on_page_and_api(client: httpx2.AsyncClient) -> None:
    """One list for both keeps to what either refused, and strangers get none."""
    path = "/together?friend=friend-3&list=discover"
    api = f"{API}/local/together?friend=friend-3&list=discover"
    assert 404 == (await client.get(api)).status_code
    await client.put(f"{API}/local/friends/friend-3")
    assert 404 == (await client.get(api)).status_code
    await client.put(f"{API}/friend-3/friends/local")
    assert "One list for you and" in (await client.get("/friends")).text
    first = (await client.get(api)).json()
    assert "What you and friend-3 play" in first["based_on"]
    refused = first["items"][0]["track"]["id"]
    said = {"track": refused, "kind": "never"}
    assert 200 == (await client.post(f"{API}/friend-3/feedback", json=said)).status_code
    second = [one["track"]["id"] for one in (await client.get(api)).json()["items"]]
    assert refused not in second
    text = (await client.get(path, headers=HTML)).text
    assert second == re.findall(r'<h2 class="card-title"><a href="/tracks/(\w+)"', text)
    assert '<input type="hidden" name="friend" value="friend-3">' in text
    wider = (await client.get(f"{api}&words=folk+at+60+bpm")).json()
    assert wider["items"]
    assert ["at any tempo"] == wider["relaxed"]
    for wrong in ("list=rediscover&friend=friend-3", "friend=friend-3&words=like+Band+1"):
        assert 422 == (await client.get(f"{API}/local/together?{wrong}")).status_code
    assert 400 == (await client.get(f"{API}/local/together")).status_code
