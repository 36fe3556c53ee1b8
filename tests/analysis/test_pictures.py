"""The pictures are well-formed, accessible and fit for a strict content security policy."""

import dataclasses
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from harmonyhub.analysis.pictures import choose_pulse, chroma_svg, waveform_svg
from harmonyhub.analysis.structure_picture import short_chord, structure_svg
from harmonyhub.analysis.track import analyse_file
from harmonyhub.domain.analysis import TrackAnalysis

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def analysis(encode, sounds, tmp_path) -> TrackAnalysis:
    """Analyse a short real file."""
    path = encode(tmp_path / "a & b.flac", sounds.cadence(0, "major"), sample_rate=22_050)
    return dataclasses.replace(analyse_file(path), tempo=120.0, beats=[0.5, 1.0, 1.5, 6.0])


@pytest.mark.parametrize("draw", [waveform_svg, chroma_svg, structure_svg])
def test_is_an_accessible_picture(analysis, draw):
    """All pictures have a role, a title and a description that screen readers find."""
    root = ET.fromstring(draw(analysis))  # noqa: S314  our own output
    labels = root.get("aria-labelledby").split()
    assert "img" == root.get("role")
    assert labels == [root.find(f"{SVG}title").get("id"), root.find(f"{SVG}desc").get("id")]
    assert "a & b.flac" in root.find(f"{SVG}title").text


@pytest.mark.parametrize("draw", [waveform_svg, chroma_svg, structure_svg])
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


@pytest.mark.parametrize("draw", [waveform_svg, chroma_svg, structure_svg])
def test_draws_silence_and_nothing(encode, tmp_path, draw):
    """A silent file and a file of a few samples give well-formed pictures too."""
    for number, length in enumerate((1, 40, 22_050)):
        path = encode(tmp_path / f"{number}.wav", np.zeros(length), sample_rate=22_050)
        assert ET.fromstring(draw(analyse_file(path))) is not None  # noqa: S314


def test_long_files_show_bars_or_nothing(analysis):
    """Hundreds of beats would paint the waveform grey: bars are drawn, or nothing of too many."""
    beats = [number / 100 for number in range(1000)]
    long = dataclasses.replace(analysis, beats=beats, downbeats=beats[::4])
    assert ("bars", beats[::4]) == choose_pulse(long)
    root = ET.fromstring(waveform_svg(long))  # noqa: S314
    assert 250 == root.find(f"{SVG}path[@class='waveform-beats']").get("d").count("M")
    longer = dataclasses.replace(analysis, beats=beats, downbeats=beats)
    assert "waveform-beats" not in waveform_svg(longer)


def test_draws_sections_keys_chords_and_bars(analysis):
    """Boxes lie where their time is, named where there is room; each bar has a tick."""
    built = dataclasses.replace(
        analysis,
        duration=100.0,
        sections=[(0.0, 50.0, "verse"), (50.0, 100.0, "a <loud> chorus")],
        key_segments=[(0.0, 100.0, "C", "major")],
        chords=[(0.0, 99.0, "A:min7/b3"), (99.0, 99.5, "C:maj"), (99.5, 100.0, "N")],
        downbeats=[10.0, 20.0],
        time_signature=4,
    )
    root = ET.fromstring(structure_svg(built))  # noqa: S314  our own output
    boxes = [(box.get("x"), box.find(f"{SVG}title").text) for box in root.iter(f"{SVG}rect")]
    assert [
        ("0.0", "verse"), ("500.0", "a <loud> chorus"), ("0.0", "C major"), ("0.0", "Am7/b3"),
        ("990.0", "C"),
    ] == boxes  # fmt: skip
    named = {text.text for text in root.iter(f"{SVG}text")}
    assert {"verse", "Am7/b3"} <= named
    assert "C" not in named
    ticks = root.find(f"{SVG}path[@class='structure-bars']").get("d")
    assert ["100.0", "200.0"] == re.findall(r"M([\d.]+)", ticks)


@pytest.mark.parametrize(
    ("label", "written"),
    [("C:maj", "C"), ("F#:min", "F#m"), ("Bb:hdim7", "Bbm7b5"), ("G:7/3", "G7/3"), ("N", "")],
)
def test_writes_chords_as_musicians_do(label, written):
    """The syntax of research becomes that of song books."""
    assert written == short_chord(label)
