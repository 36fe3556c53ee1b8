"""Tuning, chroma and key of chords whose key is known."""

import numpy as np
import pytest

from harmonyhub.analysis.chroma import draw_columns, estimate_tuning, fold_chroma
from harmonyhub.analysis.key import NAMES, estimate_key
from harmonyhub.analysis.spectrum import SpectrumPass
from harmonyhub.domain.analysis import Key

RATE = 22_050


def measure(signal: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the tuning in cents and the chroma."""
    spectra = SpectrumPass(RATE)
    spectra.add(signal)
    pitches = spectra.finish().pitches
    tuning_cents = estimate_tuning(pitches)
    return tuning_cents, fold_chroma(pitches, tuning_cents)


def find_key(signal: np.ndarray) -> Key | None:
    """Run the harmony part of the recipe."""
    return estimate_key(measure(signal)[1])


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("tonic", range(12))
def test_names_the_key_of_a_cadence(sounds, tonic, mode):
    """A plain cadence in each of the 24 keys gets its own name."""
    key = find_key(sounds.cadence(tonic, mode))
    assert (tonic, mode, f"{NAMES[mode][tonic]} {mode}") == (key.tonic, key.mode, key.name)
    assert 0 < key.confidence <= 1


@pytest.mark.parametrize("cents", [-45.0, -20.0, 0.0, 15.0, 45.0])
def test_finds_the_tuning(sounds, cents):
    """A detuned cadence gives its tuning within 5 cents and keeps its key."""
    tuning_cents, chroma = measure(sounds.cadence(9, "minor", tuning_cents=cents))
    assert tuning_cents == pytest.approx(cents, abs=5)
    assert "A minor" == estimate_key(chroma).name


def test_level_does_not_matter(sounds):
    """A cadence 30 dB quieter has the same key with the same confidence."""
    loud = find_key(sounds.cadence(4, "major"))
    quiet = find_key(0.03 * sounds.cadence(4, "major"))
    assert loud.name == quiet.name
    assert loud.confidence == pytest.approx(quiet.confidence, abs=0.03)


def test_no_key_without_pitches(sounds):
    """Noise, silence, a single tone and nothing at all have no key."""
    tone = np.sin(2 * np.pi * 440 * np.arange(10 * RATE) / RATE).astype(np.float32)
    nothing = [sounds.noise(20), np.zeros(RATE, np.float32), tone, tone[:0]]
    assert [None] * 4 == [find_key(signal) for signal in nothing]


def test_chroma_shows_the_note():
    """One A fills row 9 of the picture and nothing else."""
    tone = np.sin(2 * np.pi * 220 * np.arange(5 * RATE) / RATE).astype(np.float32)
    columns = draw_columns(measure(tone)[1], 20)
    assert (12, 20) == columns.shape
    assert (columns[9] > 0.99).all()
    assert np.delete(columns, 9, axis=0).max() < 0.05
