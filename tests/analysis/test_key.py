"""Tuning, chroma, key and chords of cadences that are known."""

from itertools import pairwise

import numpy as np
import pytest

from harmonyhub.analysis.chroma import draw_columns, estimate_tuning, fold_chroma
from harmonyhub.analysis.harmony import Harmony, find_harmony, hear_tones
from harmonyhub.analysis.key import NAMES
from harmonyhub.analysis.spectrum import SpectrumPass

RATE = 22_050


def hear(signal: np.ndarray) -> Harmony:
    """Run the harmony part of the recipe, without beats."""
    spectra = SpectrumPass(RATE)
    spectra.add(signal)
    return find_harmony(hear_tones(spectra.finish()), np.empty(0), len(signal) / RATE)


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("tonic", range(12))
def test_names_the_key_of_a_cadence(sounds, tonic, mode):
    """A plain cadence in each of the 24 keys gets its own name."""
    key = hear(sounds.cadence(tonic, mode)).key
    assert (tonic, mode, f"{NAMES[mode][tonic]} {mode}") == (key.tonic, key.mode, key.name)
    assert 0 < key.confidence <= 1


def test_names_the_chords_of_a_cadence(sounds):
    """I IV V I in F, a second each, three times: the right chord most of the time."""
    found = hear(sounds.cadence(5, "major")).chords
    truth = ["F:maj", "Bb:maj", "C:maj", "F:maj"] * 3
    right = sum(
        max(0.0, min(chord.end_s, second + 1) - max(chord.start_s, second))
        for second, label in enumerate(truth)
        for chord in found
        if chord.label.partition("/")[0] == label
    )
    assert right > 0.75 * 12
    assert 0.0 == found[0].start_s
    assert 12.0 == pytest.approx(found[-1].end_s, abs=0.01)
    assert all(one.end_s == other.start_s for one, other in pairwise(found))


def test_tells_a_change_of_key(sounds):
    """Half a minute in C, then half a minute in E flat minor: two keys, a border between."""
    signal = np.concatenate([sounds.cadence(0, "major")] * 3 + [sounds.cadence(3, "minor")] * 3)
    segments = hear(signal).key_segments
    assert ["C major", "Eb minor"] == [key.name for _, _, key in segments]
    assert 36 == pytest.approx(segments[0][1], abs=6)


@pytest.mark.parametrize("cents", [-45.0, -20.0, 0.0, 15.0, 45.0])
def test_finds_the_tuning(sounds, cents):
    """A detuned cadence gives its tuning within 5 cents and keeps its key."""
    harmony = hear(sounds.cadence(9, "minor", tuning_cents=cents))
    assert harmony.tuning_cents == pytest.approx(cents, abs=5)
    assert "A minor" == harmony.key.name


def test_level_does_not_matter(sounds):
    """A cadence 30 dB quieter has the same key and chords."""
    loud = hear(sounds.cadence(4, "major"))
    quiet = hear(0.03 * sounds.cadence(4, "major"))
    assert loud.key.name == quiet.key.name
    assert [chord.label for chord in loud.chords] == [chord.label for chord in quiet.chords]


def test_no_key_without_pitches(sounds):
    """Noise, silence, a single tone and nothing at all have no key and no chords."""
    tone = np.sin(2 * np.pi * 440 * np.arange(10 * RATE) / RATE).astype(np.float32)
    nothing = [sounds.noise(20), np.zeros(RATE, np.float32), tone, tone[:0]]
    found = [hear(signal) for signal in nothing]
    assert [(None, [])] * 4 == [(harmony.key, harmony.chords) for harmony in found]


def test_chroma_shows_the_note():
    """One A fills row 9 of the picture and nothing else."""
    tone = np.sin(2 * np.pi * 220 * np.arange(5 * RATE) / RATE).astype(np.float32)
    spectra = SpectrumPass(RATE)
    spectra.add(tone)
    pitches = spectra.finish().pitches
    columns = draw_columns(fold_chroma(pitches, estimate_tuning(pitches)), 20)
    assert (12, 20) == columns.shape
    assert (columns[9] > 0.99).all()
    assert np.delete(columns, 9, axis=0).max() < 0.05
