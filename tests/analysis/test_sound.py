"""The space of sound: what sounds alike is near, whatever its key and level."""

from dataclasses import replace

import numpy as np
import pytest

from harmonyhub.analysis.character import measure_character
from harmonyhub.analysis.chroma import fold_chroma
from harmonyhub.analysis.decode import ANALYSIS_RATE
from harmonyhub.analysis.embedding import embed
from harmonyhub.analysis.sound import measure_sound
from harmonyhub.analysis.spectrum import SpectrumPass
from harmonyhub.domain.analysis import Key, SoundPrint
from harmonyhub.domain.sound import SOUND_PARTS, SOUND_WIDTH, SoundFacts


def print_of(signal: np.ndarray) -> SoundPrint:
    """Measure the print of a signal at the rate of the analysis."""
    listening = SpectrumPass(ANALYSIS_RATE)
    listening.add(signal.astype(np.float32))
    spectrum = listening.finish()
    chroma = fold_chroma(spectrum.pitches, 0.0)
    return measure_sound(spectrum, chroma, measure_character(spectrum, 0.0))


def point_of(signal: np.ndarray, **facts) -> np.ndarray:
    """Embed a signal of which only the print and the given facts are known."""
    known = dict.fromkeys(("tempo", "key", "loudness", "lra", "energy", "valence")) | facts
    return embed(SoundFacts(sound=print_of(signal), **known))


def apart(one: np.ndarray, other: np.ndarray, part: str | None = None) -> float:
    """Give the squared distance, of a part or of all."""
    columns = SOUND_PARTS[part].columns if part else slice(None)
    return float(((one - other)[columns] ** 2).sum())


@pytest.fixture(scope="module")
def points(sounds) -> dict[str, np.ndarray]:
    """Embed the same chords in two keys and levels, clicks at two tempi, and noise."""
    return {
        "chords": point_of(sounds.cadence(0, "major")),
        "chords in Eb": point_of(sounds.cadence(3, "major")),
        "quiet chords": point_of(0.1 * sounds.cadence(0, "major")),
        "clicks": point_of(sounds.click_track(120.0, duration_s=12)),
        "quick clicks": point_of(sounds.click_track(190.0, duration_s=12)),
        "noise": point_of(sounds.noise(12.0)),
    }


@pytest.mark.parametrize("other", ["chords in Eb", "quiet chords"])
def test_key_and_level_do_not_change_a_sound(points, other):
    """Chords in another key or at a tenth of the level stay nearer than anything else."""
    near = apart(points["chords"], points[other])
    others = ("clicks", "quick clicks", "noise")
    assert near < 0.2 * min(apart(points["chords"], points[name]) for name in others)


def test_the_timbre_knows_no_level(sounds):
    """Noise at a tenth of the level has the very cepstral means: the level is taken out first."""
    loud, quiet = (print_of(gain * sounds.noise(12.0)).timbre for gain in (1.0, 0.1))
    assert np.allclose(loud, quiet, atol=0.02)


def test_each_part_hears_its_own(points):
    """Clicks at two tempi have one timbre and two rhythms."""
    one, other = points["clicks"], points["quick clicks"]
    assert apart(one, other, "timbre") < 0.05 * apart(one, points["noise"], "timbre")
    assert apart(one, other, "rhythm") > 5 * apart(one, other, "timbre")


def test_parts_fill_the_point_and_share_the_distance():
    """The parts lie side by side, fill every coordinate, and their shares make one."""
    ends = [part.start + part.width for part in SOUND_PARTS.values()]
    assert [0, *ends[:-1]] == [part.start for part in SOUND_PARTS.values()]
    assert SOUND_WIDTH == ends[-1]
    assert 1.0 == pytest.approx(sum(part.share for part in SOUND_PARTS.values()))


def test_double_tempo_and_relative_keys_are_near(sounds):
    """Twice the tempo is nearer than half as much again; A minor is nearer to C than to F#."""
    chords = print_of(sounds.cadence(0, "major"))
    silent = SoundFacts(None, None, None, None, None, None, chords)

    def at(**facts) -> np.ndarray:
        return embed(replace(silent, **facts))

    c, a_minor, f_sharp = (
        at(key=Key(tonic=tonic, mode=mode, name="", confidence=1.0))
        for tonic, mode in ((0, "major"), (9, "minor"), (6, "major"))
    )
    assert apart(at(tempo=80.0), at(tempo=160.0)) < apart(at(tempo=80.0), at(tempo=120.0))
    assert apart(a_minor, c) < 0.5 * apart(a_minor, f_sharp)
    # Opposite places on the circle of fifths, 4 apart, of pieces that are 2.5 apart on the average.
    g_flat = apart(c, f_sharp)
    assert pytest.approx(4 / 2.5 * SOUND_PARTS["key"].share, rel=1e-4) == g_flat
    assert apart(at(), at(tempo=80.0)) == pytest.approx(apart(at(), at(tempo=80.0), "tempo"))


def test_without_a_print_there_is_no_point():
    """Analyses of former versions have no place in the space."""
    assert embed(SoundFacts(120.0, None, -14.0, 5.0, 0.5, 0.5, None)) is None
