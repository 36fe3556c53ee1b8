"""Descriptors follow their definitions without the audio."""

from dataclasses import replace
from pathlib import Path

from harmonyhub.analysis.descriptors import describe
from harmonyhub.analysis.track import analyse_file
from harmonyhub.domain.ids import AudioHash, TrackId
from harmonyhub.flows.describing import describe_outdated
from harmonyhub.wiring.house import House
from tests.analysis.conftest import Sounds, encode_audio

SONG = TrackId("song")


async def test_older_definitions_are_replaced(house: House, tmp_path: Path) -> None:
    """A stored analysis gets the descriptors of a fresh one, and keeps its track and numbers."""
    clicks = Sounds.click_track(120, duration_s=6) + 0.2 * Sounds.cadence(0, "major")[: 6 * 22_050]
    fresh = analyse_file(encode_audio(tmp_path / "a.flac", clicks, sample_rate=22_050))
    (tmp_path / "a.flac").unlink()
    assert fresh.descriptors
    assert fresh == describe(fresh)

    analyses = house.store.analyses
    older = replace(fresh, descriptors={}, description_version="0")
    other = replace(older, audio_hash=AudioHash("other"), analysis_version="4")
    await analyses.put(older, track_id=SONG, now=1)
    await analyses.put(other, track_id=None, now=2)
    assert 1 == await describe_outdated(house)
    stored = await analyses.of_track(SONG)
    assert stored is not None
    assert (fresh.descriptors, fresh.beats) == (stored.descriptors, stored.beats)
    assert other == await analyses.get(other.audio_hash, "4")
    assert 0 == await describe_outdated(house)
