"""The page of a radio, over real HTTP."""

import re
from html import unescape
from typing import Any

import httpx2

CARD = re.compile(r'<h2 class="card-title"><a href="/tracks/(\w+)"')


async def test_a_radio_starts_from_a_track_an_artist_or_a_list_and_goes_on(
    client: httpx2.AsyncClient, library: Any
) -> None:
    """A track's page and a list lead to it; it can be steered, and repeats nothing."""
    seed = library.tracks[1]
    page = (await client.get(f"/tracks/{seed}")).text
    assert 'href="/radio?artist=Band%201"' in page
    assert f'href="/radio?from={seed}"' in page
    text = (await client.get(f"/radio?from={seed}&artist=Band+2&varied=0.5")).text
    assert "<h1>Radio from “Song 1”, Band 2</h1>" in text
    for name, value in (("from", seed), ("artist", "Band 2")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in text
    assert f'<a href="/radio?from={seed}&amp;artist=Band+2">Reset</a>' in text
    first = CARD.findall(text)
    assert seed not in first
    (more,) = re.findall(r'<a class="button" href="([^"]+)">Go on', text)
    second = CARD.findall((await client.get(unescape(more))).text)
    assert first
    assert set(first).isdisjoint(second)

    said = await client.post(
        "/feedback",
        data={"track": first[0], "kind": "less", "next": unescape(more)},
        headers={"Origin": str(client.base_url)},
    )
    assert f"from={seed}" in said.headers["location"]

    (these,) = re.findall(r'href="(/radio\?from=[^"]+)"', (await client.get("/discover")).text)
    assert f"{these.count('from=') - 2} more</h1>" in (await client.get(unescape(these))).text


async def test_a_radio_from_nothing_says_how_to_start(client: httpx2.AsyncClient) -> None:
    """Nothing given is a page with a search; an unknown track or artist is named."""
    assert 'action="/search"' in (await client.get("/radio")).text
    missing = await client.get("/radio?from=nothing")
    assert 404 == missing.status_code
    assert 200 == (await client.get("/radio?artist=Nobody")).status_code
