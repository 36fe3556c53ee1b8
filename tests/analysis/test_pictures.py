"""The pictures are well-formed, accessible and fit for a strict content security policy."""

import dataclasses
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from harmonyhub.analysis.pictures import chroma_svg, waveform_svg
from harmonyhub.analysis.track import analyse_file
from harmonyhub.domain.analysis import TrackAnalysis

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def analysis(encode, sounds, tmp_path) -> TrackAnalysis:
    """Analyse a short real file."""
    path = encode(tmp_path / "a & b.flac", sounds.cadence(0, "major"), sample_rate=22_050)
    return dataclasses.replace(analyse_file(path), tempo=120.0, beats=[0.5, 1.0, 1.5, 6.0])


@pytest.mark.parametrize("draw", [waveform_svg, chroma_svg])
def test_is_an_accessible_picture(analysis, draw):
    """Both pictures have a role, a title and a description that screen readers find."""
    root = ET.fromstring(draw(analysis))  # noqa: S314  our own output
    labels = root.get("aria-labelledby").split()
    assert "img" == root.get("role")
    assert labels == [root.find(f"{SVG}title").get("id"), root.find(f"{SVG}desc").get("id")]
    assert "a & b.flac" in root.find(f"{SVG}title").text


@pytest.mark.parametrize("draw", [waveform_svg, chroma_svg])
def test_needs_no_inline_style_or_script(analysis, draw):
    """A page that forbids inline styles and scripts shows them as they are."""
    assert re.search(r"style|<script|\son\w+=|href", draw(analysis)) is None


def test_draws_a_line_per_beat_at_its_time(analysis):
    """Four beats of a 12-second file are four lines; 6 s is the middle."""
    root = ET.fromstring(waveform_svg(analysis))  # noqa: S314  our own output
    path = root.find(f"{SVG}path[@class='waveform-beats']").get("d")
    assert ["41.7", "83.3", "125.0", "500.0"] == re.findall(r"M([\d.]+)", path)


def test_draws_the_chord(analysis):
    """The first column of a C major chord is dark at C, E and G."""
    loud = [row for row in range(12) if analysis.chroma[row][3] > 0.3]
    assert {0, 4, 7} <= set(loud)
    root = ET.fromstring(chroma_svg(analysis))  # noqa: S314  our own output
    assert root.findall(f"{SVG}g[@class='chroma-cells']/{SVG}path")


@pytest.mark.parametrize("draw", [waveform_svg, chroma_svg])
def test_draws_silence_and_nothing(encode, tmp_path, draw):
    """A silent file and a file of a few samples give well-formed pictures too."""
    for number, length in enumerate((1, 40, 22_050)):
        path = encode(tmp_path / f"{number}.wav", np.zeros(length), sample_rate=22_050)
        assert ET.fromstring(draw(analyse_file(path))) is not None  # noqa: S314


def test_long_files_show_no_beat_lines(analysis):
    """Hundreds of beats would paint the waveform grey: they are left out."""
    many = dataclasses.replace(analysis, beats=[number / 100 for number in range(1000)])
    assert "waveform-beats" not in waveform_svg(many)
