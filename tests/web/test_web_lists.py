"""Ways between tracks, kept lists and lists for several, over real HTTP."""

import re
from typing import Any

import httpx2


async def test_a_way_is_the_same_on_page_and_api(client: httpx2.AsyncClient, library: Any) -> None:
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
    assert 404 == (await client.get(f"/api/v1/tracks/{start}/path/nothing")).status_code
