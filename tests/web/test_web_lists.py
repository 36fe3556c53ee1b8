"""Ways between tracks and kept lists, over real HTTP."""

import re
from typing import Any

import httpx2
import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.kept_lists import KeptListName, period_at
from harmonyhub.domain.music import TrackDescription
from harmonyhub.flows.keep_lists import make_lists
from harmonyhub.wiring.house import House


async def test_a_way_is_the_same_on_page_and_api(
    client: httpx2.AsyncClient, library: Any, house: House
) -> None:
    """The page of a way shows the tracks and reasons of the API; a search leads to it."""
    start, end = library.tracks[1], library.tracks[20]
    way = (await client.get(f"/api/v1/tracks/{start}/path/{end}?n=4")).json()
    assert [start, end] == [way["steps"][0]["track"]["id"], way["steps"][-1]["track"]["id"]]
    assert 4 == len(way["steps"])
    text = (await client.get(f"/tracks/{start}/way?to={end}&n=4")).text
    shown = re.findall(r'<h2 class="card-title"><a href="/tracks/(\w+)"', text)
    assert [step["track"]["id"] for step in way["steps"]] == shown
    assert all(step["reason"]["text"].rpartition("”")[2] in text for step in way["steps"][1:])
    found = (await client.get(f"/tracks/{start}/way?q=song&n=4")).text
    assert f'href="/tracks/{start}/way?to={end}&amp;n=4"' in found
    missing = await client.get(f"/api/v1/tracks/{start}/path/nothing")
    assert (404, True) == (missing.status_code, "/api/v1/tracks?q=" in missing.json()["hint"])
    mute = await client.get(f"/api/v1/tracks/{start}/path/{end}?n=4&by=sound")
    assert ([], True) == (mute.json()["steps"], "how any track sounds" in mute.json()["note"])
    assert (
        "harmonyhub analyse FOLDER"
        in (await client.get(f"/tracks/{start}/way?to={end}&by=sound")).text
    )
    assert f"/way?to={end}&amp;n=4&amp;by=sound" in text
    assert 400 == (await client.get(f"/api/v1/tracks/{start}/path/{end}?by=smell")).status_code
    late = TrackDescription(title="Late", artists=("Band",))
    (new,) = await house.store.tracks.resolve([late])
    way = (await client.get(f"/api/v1/tracks/{start}/path/{new}")).json()
    assert ([], True) == (way["steps"], way["note"].startswith("“Late” by Band came after"))


@pytest.mark.usefixtures("library")
async def test_a_kept_list_is_shown_as_it_was_given(
    client: httpx2.AsyncClient, house: House
) -> None:
    """Page and API show the week's tracks; before there is one, the page says when."""
    assert "yet" in (await client.get("/lists/weekly")).text
    period = period_at(KeptListName.WEEKLY, house.clock())
    await make_lists(house, KeptListName.WEEKLY, period)
    kept = await house.store.kept_lists.get(UserId("local"), KeptListName.WEEKLY, period.id)
    assert kept is not None
    ids = [item.track.id for item in kept.items]
    for path in ("/lists/weekly", f"/lists/weekly/{period.id}"):
        text = (await client.get(path)).text
        assert ids == re.findall(r'<h2 class="card-title"><a href="/tracks/(\w+)"', text)
        assert " yet." not in text
    one = (await client.get(f"/api/v1/users/local/lists/weekly/{period.id}")).json()
    assert ids == [item["track"]["id"] for item in one["items"]]
    listed = (await client.get("/api/v1/users/local/lists?list=weekly")).json()
    assert [one] == listed["items"]
    for path in ("/lists/monthly", "/api/v1/users/local/lists/weekly/2001-W01"):
        assert 404 == (await client.get(path)).status_code
