"""What a demo shows of itself, and the way to tracks with an analysis."""

import math
import re
import struct
import wave
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.listens import Ledger, LedgerState, SourceKind
from harmonyhub.domain.sound_tags import MTT, TAGS_VERSION, HeardTags
from harmonyhub.flows.analyse import keep_analysis, run_analysis
from harmonyhub.wiring.house import House

HTML = {"Accept": "text/html"}
PAGES = ("/", "/discover", "/search", "/import", "/status", "/api/v1/docs", "/nothing")
BANNER = "these listeners are generated"


async def read(client: httpx2.AsyncClient, path: str) -> str:
    """Read a page, whatever its status."""
    return (await client.get(path, headers=HTML)).text


async def test_a_demo_says_so_on_every_page(
    house: House, served: Callable[[House], AbstractAsyncContextManager[str]]
) -> None:
    """Every page of a demo, errors too, has the banner; the picker tells who is generated."""
    for user in ("local", "zoe"):
        await house.store.users.ensure(UserId(user), now=1)
    generated = Ledger(
        id=LedgerId("demo-local"),
        user_id=UserId("local"),
        file_name="generated",
        source=SourceKind.DEMO,
        state=LedgerState.COMPLETE,
        started_at=1,
    )
    await house.store.ledgers.open(generated)
    async with served(house) as url, httpx2.AsyncClient(base_url=url) as client:
        counts = {path: (await read(client, path)).count(BANNER) for path in PAGES}
        text = await read(client, "/")
    assert dict.fromkeys(PAGES, 1) == counts
    options = re.findall(r'<(option value|optgroup label)="([^"]*)"', text)
    assert [
        ("option value", "zoe"),
        ("optgroup label", "Generated for the demo"),
        ("option value", "local"),
    ] == options


@pytest.mark.slow
@pytest.mark.usefixtures("library")
async def test_only_a_demo_calls_itself_one(client: httpx2.AsyncClient) -> None:
    """An ordinary house has no banner and calls nobody generated."""
    for path in PAGES:
        assert "enerated" not in await read(client, path), path


async def test_tracks_with_an_analysis_are_listed(
    client: httpx2.AsyncClient, house: House, library: Any, tmp_path: Path
) -> None:
    """The Tracks page, a search without words, leads to what was analysed."""
    assert "None yet. On any track" in await read(client, "/search")
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        tone = (int(20_000 * math.sin(0.345 * n)) for n in range(16_000))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in tone))
    track = library.tracks[3]
    _, analysis = await run_analysis(
        house, path=path, file_name=path.name, track_id=track, on_progress=lambda _: None
    )
    text = await read(client, "/search?q=%20")
    assert [track] == re.findall(r'<li><a href="/tracks/(\w+)"', text)
    text = await read(client, f"/tracks/{track}")
    assert 'class="overview"' in text
    assert 'class="chroma"' in text
    assert "Heard in it" not in text
    scores = {"mtt": [0.9 if name == "harp" else 0.0 for name in MTT]}
    heard = replace(analysis, heard_tags=HeardTags(TAGS_VERSION, n_excerpts=1, scores=scores))
    await keep_analysis(house, heard, track_id=track)
    text = await read(client, f"/tracks/{track}")
    assert re.search(r'Heard in it: <span class="tag" title="instrument, 0.90">harp</span>', text)
