"""Tempo and beats of sounds whose beats are known."""

import numpy as np
import pytest

from harmonyhub.analysis.beats import track_beats
from harmonyhub.analysis.onsets import measure_onset_strength
from harmonyhub.analysis.spectrum import SpectrumPass
from harmonyhub.analysis.tempo import Pulse, estimate_pulse

RATE = 22_050


def find_rhythm(signal: np.ndarray) -> tuple[Pulse | None, np.ndarray]:
    """Run the rhythm part of the recipe."""
    spectra = SpectrumPass(RATE)
    for start in range(0, len(signal), 10_007):
        spectra.add(signal[start : start + 10_007])
    spectrum = spectra.finish()
    strength = measure_onset_strength(spectrum.mel_db, spectrum.mel_rate)
    pulse = estimate_pulse(strength, spectrum.mel_rate)
    if pulse is None:
        return None, np.empty(0)
    return pulse, track_beats(strength, spectrum.mel_rate, pulse=pulse)


@pytest.mark.parametrize("bpm", [60, 70, 84, 96, 110, 120, 132, 148, 160, 174, 200])
def test_follows_a_click_track(sounds, bpm):
    """Every click from 60 to 200 a minute gets its beat within 25 ms, and no other beat.

    Clicks come 14 ms early: the offset is set for notes, which rise more slowly.
    """
    pulse, beats = find_rhythm(sounds.click_track(bpm))
    clicks = np.arange(0.5, 29.5, 60 / bpm)
    assert 60 / np.median(np.diff(beats)) == pytest.approx(bpm, rel=0.01)
    assert len(clicks) == pytest.approx(len(beats), abs=1)
    assert max(np.abs(clicks - beat).min() for beat in beats) < 0.025
    assert pulse.confidence > 0.8


def test_level_does_not_matter(sounds):
    """The same clicks 30 dB quieter have the same beats."""
    loud = find_rhythm(sounds.click_track(100))[1]
    quiet = find_rhythm(0.03 * sounds.click_track(100))[1]
    assert loud == pytest.approx(quiet, abs=0.005)


def test_follows_a_change_of_tempo(sounds):
    """After a change from 100 to 130 the beats follow."""
    first = sounds.click_track(100)[: 20 * RATE]
    second = sounds.click_track(130)[: 20 * RATE]
    beats = find_rhythm(np.concatenate([first, second]))[1]
    early, late = beats[beats < 18], beats[beats > 24]
    assert 60 / np.median(np.diff(early)) == pytest.approx(100, rel=0.02)
    assert 60 / np.median(np.diff(late)) == pytest.approx(130, rel=0.02)


def test_noise_has_no_beat(sounds):
    """White noise of any length up to a minute gets no tempo."""
    found = [find_rhythm(sounds.noise(length, seed=9))[0] for length in (5, 10, 30, 60)]
    assert [None] * 4 == found


def test_steady_sound_has_no_beat():
    """Silence and an endless tone have no onsets."""
    silence = np.zeros(10 * RATE, np.float32)
    tone = np.sin(2 * np.pi * 440 * np.arange(10 * RATE) / RATE).astype(np.float32)
    assert [None, None] == [find_rhythm(silence)[0], find_rhythm(tone)[0]]


def test_too_short_to_tell(sounds):
    """One second holds no tempo, and nothing fails on a handful of samples."""
    clicks = sounds.click_track(120)
    lengths = (0, 1, 100, 1000, RATE)
    assert [None] * 5 == [find_rhythm(clicks[:length])[0] for length in lengths]


def test_pieces_make_no_difference(sounds):
    """The spectrum is the same whether the signal comes at once or in pieces."""
    signal = sounds.click_track(120)[: 5 * RATE]
    whole, pieces = SpectrumPass(RATE), SpectrumPass(RATE)
    whole.add(signal)
    for start in range(0, len(signal), 777):
        pieces.add(signal[start : start + 777])
    first, second = whole.finish(), pieces.finish()
    assert first.mel_db.shape == second.mel_db.shape
    assert np.allclose(first.mel_db, second.mel_db, atol=0.1)
    assert np.allclose(first.pitches, second.pitches, atol=1e-3)
