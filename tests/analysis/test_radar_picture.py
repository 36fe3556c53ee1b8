"""A track against what its listener usually hears."""

import dataclasses
import re
from xml.etree import ElementTree as ET

import pytest

from harmonyhub.analysis.radar_picture import describe_radar, radar_svg, say_unusual
from harmonyhub.analysis.usual import Usual, find_usual, gather_traits, place_trait
from harmonyhub.domain.analysis import AudioTags, Descriptor, TrackAnalysis
from harmonyhub.domain.ids import AudioHash
from harmonyhub.domain.sound import SoundTraits

SVG = "{http://www.w3.org/2000/svg}"


def analysed(*, tempo: float | None = 120.0, energy: float = 0.9) -> TrackAnalysis:
    """Make an analysis that says what the radar shows."""
    values = {"energy": energy, "danceability": 0.5, "valence": 0.5, "brightness": 1000.0,
              "acousticness": 0.1, "camelot": "8B"}  # fmt: skip
    return TrackAnalysis(
        audio_hash=AudioHash("h"), file_name="a & b.flac", codec="flac", duration=2.0,
        sample_rate=44_100, n_channels=2, loudness=-14.0, true_peak=-1.0, tempo=tempo,
        tempo_confidence=0.9, beats=[], key=None, waveform=[], chroma=[], measurements={},
        notes=[], tags=AudioTags(), analysis_version="6",
        descriptors={name: Descriptor(value, 0.5, "as said") for name, value in values.items()},
    )  # fmt: skip


@pytest.fixture
def usual() -> Usual:
    """Make five favourites, two of them without a tempo."""
    return find_usual(
        [
            SoundTraits(
                energy=0.2 + step / 10, danceability=0.5, valence=0.5, brightness=500.0,
                acousticness=0.4 + step / 10, tempo=None if step < 2 else 100.0,
            )
            for step in range(5)
        ]
    )  # fmt: skip


def test_usual_is_the_middle_half(usual):
    """Quartiles of what is measured; a trait that fewer than five have is left out."""
    energy = usual.traits["energy"]
    assert (0.3, 0.4, 0.5) == pytest.approx((energy.low, energy.median, energy.high))
    assert 5 == usual.n_tracks
    assert "tempo" not in usual.traits


def test_few_favourites_have_no_usual():
    """Quartiles of four tracks would be single tracks."""
    assert find_usual([gather_traits(analysed())] * 4) is None
    assert find_usual([gather_traits(analysed())] * 5).traits["energy"].median == 0.9


def test_says_what_is_unusual(usual):
    """What is above and below the middle half has a sentence, and the numbers follow."""
    said = "Above your usual: energy, brightness. Below your usual: acousticness."
    assert said == say_unusual(analysed(), usual)
    described = describe_radar(analysed(), usual)
    assert described.startswith(f"{said} Energy 0.90, usually 0.30 to 0.50. ")
    assert "Brightness 1000 Hz, usually 500 Hz to 500 Hz." in described
    same = find_usual([gather_traits(analysed())] * 5)
    assert "Nothing of it is outside of your usual." == say_unusual(analysed(), same)


def test_each_trait_has_its_corner(usual):
    """Six corners for six traits, at 90 % of the first axis; what is not measured has none."""
    root = ET.fromstring(radar_svg(analysed(), usual))  # noqa: S314  our own output
    path = root.find(f"{SVG}path[@class='radar-track']").get("d")
    corners = [
        tuple(map(float, corner.split(","))) for corner in re.findall(r"[\d.]+,[\d.]+", path)
    ]
    assert 6 == len(corners)
    assert (220.0, 170 - 0.9 * 115) == pytest.approx(corners[0])
    flowing = dataclasses.replace(analysed(), tempo=None)
    root = ET.fromstring(radar_svg(flowing, usual))  # noqa: S314
    assert 5 == root.find(f"{SVG}path[@class='radar-track']").get("d").count(",")
    assert "not measured" in {part.text for part in root.iter(f"{SVG}tspan")}


def test_is_accessible_and_fits_a_strict_policy(usual):
    """Title and description are there; no inline style, no script, nothing unescaped."""
    drawn = radar_svg(analysed(), usual)
    assert re.search(r"style|<script|\son\w+=|href", drawn) is None
    root = ET.fromstring(drawn)  # noqa: S314
    assert "radar-title radar-desc" == root.get("aria-labelledby")
    assert "a & b.flac against what you usually hear" == root[0].text


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [("energy", 0.3, 0.3), ("brightness", 1000.0, 0.5), ("brightness", 9000.0, 1.0),
     ("brightness", 0.0, 0.0), ("tempo", 45.0, 0.0), ("tempo", 94.87, 0.5)],
)  # fmt: skip
def test_axes_of_ratios_are_in_octaves(name, value, place):
    """Twice as bright or as quick is the same step everywhere; what is beyond is at the end."""
    assert place == pytest.approx(place_trait(name, value), abs=0.001)
