"""The pictures are well-formed, accessible and fit for a strict content security policy."""

import dataclasses
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from harmonyhub.analysis.curve_pictures import curves_svg, find_tempo_curve
from harmonyhub.analysis.harmony_pictures import chroma_svg, compare_moments, likeness_svg
from harmonyhub.analysis.overview_picture import choose_pulse, overview_svg, short_chord
from harmonyhub.analysis.picture_frame import LEFT, WIDTH
from harmonyhub.analysis.pictures import PICTURES, draw_pictures
from harmonyhub.analysis.track import analyse_file
from harmonyhub.domain.analysis import TrackAnalysis

SVG = "{http://www.w3.org/2000/svg}"
MIDDLE = f"{(LEFT + WIDTH) / 2:.1f}"


@pytest.fixture(scope="module")
def measured(encode, sounds, tmp_path_factory) -> TrackAnalysis:
    """Analyse a short real file."""
    path = tmp_path_factory.mktemp("pictures") / "a & b.flac"
    return analyse_file(encode(path, sounds.cadence(0, "major"), sample_rate=22_050))


@pytest.fixture
def analysis(measured: TrackAnalysis) -> TrackAnalysis:
    """Build on the file: beats, a form, keys and chords of 100 s."""
    return dataclasses.replace(
        measured,
        duration=100.0,
        tempo=120.0,
        beats=[number / 2 for number in range(180)],
        downbeats=[2.0 * number for number in range(45)],
        time_signature=4,
        sections=[(0.0, 50.0, "A"), (50.0, 80.0, "a <loud> B"), (80.0, 100.0, "A")],
        key_segments=[(0.0, 100.0, "C", "major")],
        chords=[(0.0, 99.0, "A:min7/b3"), (99.0, 99.5, "C:maj"), (99.5, 100.0, "N")],
        loudness_curve=[-30.0, -20.0, -10.0, -20.0],
    )


def parse(drawn: str) -> ET.Element:
    """Read our own output."""
    return ET.fromstring(drawn)  # noqa: S314


@pytest.mark.parametrize("draw", PICTURES.values(), ids=list(PICTURES))
def test_is_an_accessible_picture(analysis, draw):
    """All pictures have a role, a title and a description that screen readers find."""
    root = parse(draw(analysis))
    labels = root.get("aria-labelledby").split()
    assert "img" == root.get("role")
    assert labels == [root.find(f"{SVG}title").get("id"), root.find(f"{SVG}desc").get("id")]
    assert "a & b.flac" in root.find(f"{SVG}title").text
    assert len(root.find(f"{SVG}desc").text) > 20


def test_names_and_ids_are_unique_over_all_pictures(analysis):
    """One page holds them all: an id may stand there once."""
    ids = re.findall(r' id="([^"]+)"', "".join(draw_pictures(analysis).values()))
    assert len(set(ids)) == len(ids) == 2 * len(PICTURES)


@pytest.mark.parametrize("draw", PICTURES.values(), ids=list(PICTURES))
def test_needs_no_inline_style_or_script(analysis, draw):
    """A page that forbids inline styles and scripts shows them as they are."""
    assert re.search(r"style|<script|\son\w+=|href", draw(analysis)) is None


@pytest.mark.parametrize("length", [1, 40, 22_050])
def test_draws_silence_and_nothing(encode, tmp_path, length):
    """A silent file and a file of a few samples give well-formed pictures too."""
    path = encode(tmp_path / "silent.wav", np.zeros(length), sample_rate=22_050)
    for drawn in draw_pictures(analyse_file(path)).values():
        assert "svg" in parse(drawn).tag


def test_what_happens_together_stands_together(analysis):
    """Half the time is one place in all rows: a section, a beat, a bar and the axis agree."""
    root = parse(overview_svg(analysis))
    sections = root.findall(f"{SVG}g[@class='overview-part hue-5']/{SVG}rect")
    assert [MIDDLE, MIDDLE] == [box.get("x") for box in sections]
    for name in ("waveform-beats", "waveform-bars"):
        path = root.find(f"{SVG}path[@class='{name}']").get("d")
        assert MIDDLE in re.findall(r"M([\d.]+)", path)
    axis = {text.text: text.get("x") for text in root.find(f"{SVG}g[@class='axis']")}
    assert f"{float(MIDDLE) + 3:.1f}" == axis["0:50"]
    boxes = {box[0].text: box.get("x") for box in root.iter(f"{SVG}rect") if len(box)}
    assert {"C major": f"{LEFT:.1f}", "Am7/b3": f"{LEFT:.1f}"}.items() <= boxes.items()


def test_names_boxes_where_there_is_room(analysis):
    """A chord of half a second is not written, and says its name when pointed at."""
    root = parse(overview_svg(analysis))
    written = {text.text for text in root.iter(f"{SVG}text")}
    assert {"A", "a <loud> B", "Am7/b3", "C major"} <= written
    assert "C" not in written
    assert "C" in {title.text for title in root.iter(f"{SVG}title")}


def test_says_the_overview_in_words(analysis):
    """The description holds the form with times, beats, keys and the chords that last."""
    assert (
        "1:40 long, 180 beats at 120 beats per minute, 45 bars of 4. "
        "Sections: A at 0:00, a <loud> B at 0:50, A at 1:20. Keys: C major at 0:00. "
        "Chords, by time: Am7/b3 99 %, C 1 %." == parse(overview_svg(analysis))[1].text
    )


def test_long_files_show_bars_or_nothing(analysis):
    """Hundreds of beats would paint the waveform grey: of too many, none are drawn."""
    beats = [number / 100 for number in range(1000)]
    assert ((), beats[::4]) == choose_pulse(
        dataclasses.replace(analysis, beats=beats, downbeats=beats[::4])
    )
    assert ((), ()) == choose_pulse(dataclasses.replace(analysis, beats=beats, downbeats=beats))


def test_tempo_follows_the_beats(analysis):
    """A piece that goes from 120 to 60 beats a minute is drawn so, and its curve says where."""
    beats = [*np.arange(0, 50, 0.5), *np.arange(50, 100, 1.0)]
    slowing = dataclasses.replace(analysis, beats=beats)
    curve = find_tempo_curve(slowing)
    assert [120.0, 60.0] == [curve[0][1], curve[-1][1]]
    assert {120.0, 60.0} == {tempo for at, tempo in curve if not 46 < at < 54}
    described = parse(curves_svg(slowing))[1].text
    assert re.match(r"Tempo from 60 BPM at 0:5\d to 120 BPM at 0:02\. Loudness from", described)
    assert "from \u221230 LUFS at 0:12 to \u221210 LUFS at 1:02" in described


def test_curves_of_what_is_not_known_say_so(analysis):
    """Without a beat there is no tempo curve but a sentence."""
    flowing = dataclasses.replace(analysis, tempo=None, beats=[], downbeats=[])
    root = parse(curves_svg(flowing))
    assert 1 == len(root.findall(f"{SVG}path[@class='curve']"))
    assert "Tempo in BPM: no steady beat was found" in {t.text for t in root.iter(f"{SVG}text")}


def test_draws_the_chord(measured):
    """The first column of a C major chord is dark at C, E and G."""
    loud = [row for row in range(12) if measured.chroma[row][3] > 0.3]
    assert {0, 4, 7} <= set(loud)
    root = parse(chroma_svg(measured))
    assert root.findall(f"{SVG}g[@class='chroma-cells']/{SVG}path")


def test_what_returns_is_alike(analysis):
    """Of a form A B A the first third is like the last and unlike the middle; it stays small."""
    rng = np.random.default_rng(8)
    one, other = rng.random((12, 100)), rng.random((12, 100))
    chroma = np.hstack([one, other, one]).tolist()
    likeness = compare_moments(chroma)
    assert (96, 96) == likeness.shape
    assert likeness[2, 66] > 0.9
    assert likeness[2, 34] < 0.6
    drawn = likeness_svg(dataclasses.replace(analysis, chroma=chroma))
    assert len(drawn) < 100_000
    assert "Sections that return: A at 0:00, 1:20." == parse(drawn)[1].text


@pytest.mark.parametrize(
    ("label", "written"),
    [("C:maj", "C"), ("F#:min", "F#m"), ("Bb:hdim7", "Bbm7b5"), ("G:7/3", "G7/3"), ("N", "")],
)
def test_writes_chords_as_musicians_do(label, written):
    """The syntax of research becomes that of song books."""
    assert written == short_chord(label)
