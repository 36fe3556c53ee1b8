"""What sounds like a track, over HTTP: the API and the page of the track."""

import dataclasses
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx2

from harmonyhub.domain.analysis import (
    BASIC_VERSION,
    AudioTags,
    Descriptor,
    Key,
    SoundPrint,
    TrackAnalysis,
)
from harmonyhub.domain.ids import AudioHash
from harmonyhub.flows.train import run_training
from harmonyhub.wiring.house import House


def sounding(name: str, tempo: float, *, level: float) -> TrackAnalysis:
    """Make an analysis with a plain print; tracks of one level sound alike."""
    return TrackAnalysis(
        audio_hash=AudioHash(name), file_name=name, codec="flac", duration=2.0,
        sample_rate=44_100, n_channels=2, loudness=-14.0, true_peak=-1.0, tempo=tempo,
        tempo_confidence=0.9, beats=[], key=Key(0, "major", "C major", 0.9), waveform=[],
        chroma=[], measurements={}, notes=[], tags=AudioTags(), analysis_version="4",
        sound=SoundPrint([level] * 36, [0.3] * 44, [0.2] * 13, [level] * 8),
    )  # fmt: skip


async def test_names_what_sounds_alike_and_in_what(
    house: House,
    library,
    served: Callable[..., AbstractAsyncContextManager[str]],
) -> None:
    """After a training the nearest analysed track comes first, with words, in API and page."""
    plan = ((0, 120.0, 0.1), (20, 121.0, 0.1), (25, 95.0, 9.0))
    for number, tempo, level in plan:
        analysis = sounding(f"f{number}", tempo, level=level)
        await house.store.analyses.put(analysis, track_id=library.tracks[number], now=1)
    await run_training(house, on_progress=lambda _: None)
    asked = f"/api/v1/tracks/{library.tracks[0]}/similar"
    async with served(house) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        answer = (await client.get(asked)).json()
        page = (await client.get(f"/tracks/{library.tracks[0]}")).text
        far = (await client.get(f"/api/v1/tracks/{library.tracks[25]}/similar")).json()
        far_page = (await client.get(f"/tracks/{library.tracks[25]}")).text
        lonely = (await client.get(f"/api/v1/tracks/{library.tracks[3]}/similar")).json()
        way = f"/api/v1/tracks/{library.tracks[0]}/path/{library.tracks[3]}?by=sound"
        note = (await client.get(way)).json()["note"]
        params = {"track": [library.tracks[n] for n in (0, 25, 20, 3)], "keep_first": "true"}
        mix = (await client.get("/api/v1/mixes", params=params)).json()
    assert note.startswith("How “Song 3” by ")
    order = [library.tracks[n] for n in (0, 20, 25)]
    assert (order, [library.tracks[3]]) == ([one["id"] for one in mix["items"]], mix["left_out"])
    assert "the same key and the same tempo" == mix["items"][1]["because"]
    assert ["Song 20"] == [one["title"] for one in answer["items"]]
    assert "the same tempo" in answer["items"][0]["alike_in"]
    assert "Compared with 2 analysed tracks of the last training." == answer["based_on"]
    assert "Sounds like" in page
    assert "once at least 5 other tracks that you play are analysed" in page
    assert answer["items"][0]["why"] in page
    # As far off as any two tracks are: nothing sounds like it, and that is what it says.
    assert ([], "None of the 2 analysed tracks of the last training sounds like it.") == (
        far["items"],
        far["based_on"],
    )
    assert far["based_on"] in far_page
    assert [] == lonely["items"]
    assert "not analysed" in lonely["based_on"]


async def test_a_track_is_drawn_against_the_usual(
    house: House,
    library,
    served: Callable[..., AbstractAsyncContextManager[str]],
) -> None:
    """With five other analysed tracks in the history the page draws the radar."""
    for number in (0, 1, 2, 3, 4, 5, 20):  # the last one is of others' histories only
        energy = Descriptor(value=0.9 if number == 0 else 0.4, confidence=0.6, definition="loud")
        analysis = sounding(f"f{number}", 120.0, level=0.1)
        described = dataclasses.replace(analysis, descriptors={"energy": energy})
        await house.store.analyses.put(described, track_id=library.tracks[number], now=1)
    await run_training(house, on_progress=lambda _: None)
    async with served(house) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        page = (await client.get(f"/tracks/{library.tracks[0]}")).text
    assert 'class="radar"' in page
    assert "your 5 analysed favourites" in page
    assert "Above your usual: energy." in page
    assert "Energy 0.90, usually 0.40 to 0.40." in page


async def test_a_quick_look_is_compared_too_and_says_that_it_was_one(
    house: House,
    library,
    served: Callable[..., AbstractAsyncContextManager[str]],
) -> None:
    """A basic analysis has neighbours and can be mixed; its page draws nothing and says why."""
    for number, tempo in ((0, 120.0), (20, 121.0)):
        analysis = dataclasses.replace(
            sounding(f"f{number}", tempo, level=0.1), analysis_version=BASIC_VERSION
        )
        await house.store.analyses.put(analysis, track_id=library.tracks[number], now=1)
    await run_training(house, on_progress=lambda _: None)
    first, second = library.tracks[0], library.tracks[20]
    async with served(house) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        similar = (await client.get(f"/api/v1/tracks/{first}/similar")).json()
        mix = (await client.get("/api/v1/mixes", params={"track": [first, second]})).json()
        page = (await client.get(f"/tracks/{first}")).text
        plain = (await client.get(f"/api/v1/tracks/{first}/analysis")).json()
    assert [second] == [one["id"] for one in similar["items"]]
    assert 2 == len(mix["items"])
    assert "this is a quick look" in page
    assert 'class="overview"' not in page
    assert (True, 120.0) == (plain["is_basic"], plain["tempo"])
