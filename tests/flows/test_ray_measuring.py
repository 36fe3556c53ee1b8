"""A folder of music measured on Ray."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from harmonyhub.analysis.track import analyse_file
from harmonyhub.domain.analysis import ANALYSIS_VERSION
from harmonyhub.flows.folder_analysis import run_folder_analysis
from harmonyhub.flows.ray_measuring import RayMeasurer
from harmonyhub.flows.tag_weights import open_tagger
from harmonyhub.wiring.house import House
from harmonyhub.wiring.ray_engine import RayEngine
from tests.analysis.conftest import Sounds, encode_audio
from tests.tools.tag_weights import install_random_tags


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
@pytest.mark.timeout(300)  # a busy machine starts Ray in 40 s
async def test_ray_stores_the_bytes_of_one_process(house: House, tmp_path: Path) -> None:
    """On Ray the analyses are the same to the byte, and a file that is no audio says why."""
    install_random_tags(house.settings.data_dir)
    for tempo in (100, 120):
        clicks = Sounds.click_track(tempo, duration_s=4)
        encode_audio(tmp_path / f"{tempo}.flac", clicks, sample_rate=22_050)
    (tmp_path / "letter.mp3").write_text("Dear Sir or Madam,\n" * 100)
    with RayEngine(2) as engine:
        result = await run_folder_analysis(
            house,
            folder=tmp_path,
            on_progress=lambda _: None,
            n_processes=2,
            measurer=partial(RayMeasurer, engine),
        )
    assert 2 == result.analysed
    assert "letter.mp3 is not an audio file" in result.refused[str(tmp_path / "letter.mp3")]
    tagger = open_tagger(house.settings.data_dir)
    for tempo in (100, 120):
        alone = analyse_file(tmp_path / f"{tempo}.flac", tagger=tagger)
        assert alone.heard_tags is not None
        stored = await house.store.analyses.get(alone.audio_hash, ANALYSIS_VERSION)
        assert msgspec.json.encode(alone) == msgspec.json.encode(stored)
