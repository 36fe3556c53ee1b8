"""Beats of sounds whose beats are known, and the path through what the network hears."""

import numpy as np
import pytest

from harmonyhub.analysis.beats import propose_beats
from harmonyhub.analysis.harmony import hear_tones
from harmonyhub.analysis.rhythm import NO_RHYTHM, Rhythm, find_rhythm
from harmonyhub.analysis.spectrum import SpectrumPass

RATE = 22_050
FRAME_RATE = 86.13


def hear(signal: np.ndarray) -> Rhythm:
    """Run the rhythm part of the recipe."""
    spectra = SpectrumPass(RATE)
    for start in range(0, len(signal), 10_007):
        spectra.add(signal[start : start + 10_007])
    spectrum = spectra.finish()
    return find_rhythm(spectrum, hear_tones(spectrum), len(signal) / RATE)


def chances(beats_s: np.ndarray, *, duration_s: float) -> np.ndarray:
    """Make what a sure network would say of these beats."""
    likely = np.full(round(duration_s * FRAME_RATE), 0.003)
    frames = np.round(beats_s * FRAME_RATE).astype(int)
    likely[frames] = 0.9
    return likely


@pytest.mark.parametrize("bpm", [60, 84, 110, 132, 160])
def test_follows_a_click_track(sounds, bpm):
    """Nine of ten beats are on clicks or half-way, at the clicks' tempo, its half or its double."""
    rhythm = hear(sounds.click_track(bpm))
    ratio = rhythm.tempo_bpm / bpm
    assert min(abs(ratio - octave) for octave in (0.5, 1.0, 2.0)) < 0.02
    clicks = np.arange(0.5, 29.5, 30 / bpm)  # and between them
    near = [np.abs(clicks - beat).min() < 0.035 for beat in rhythm.beats_s]
    assert np.mean(near) > 0.9


def test_level_does_not_matter(sounds):
    """The same clicks 30 dB quieter have the same beats, but for one beside an edge of the file.

    Slower bare clicks may be counted double: nothing tells how they would be tapped.
    """
    loud = hear(sounds.click_track(120)).beats_s
    quiet = hear(0.03 * sounds.click_track(120)).beats_s
    inner = [beats[(beats > 0.3) & (beats < 29.7)] for beats in map(np.asarray, (loud, quiet))]
    assert len(inner[0]) == 59
    assert inner[0] == pytest.approx(inner[1], abs=0.01)


def find_nearest(beats: np.ndarray, likely: np.ndarray) -> np.ndarray:
    """Of all ways to count give the one nearest to these beats."""
    ways = [way for way in propose_beats(likely, FRAME_RATE) if len(way) == len(beats)]
    assert ways, "no way to count has as many beats"
    return min(ways, key=lambda way: np.abs(way - beats).max())


@pytest.mark.parametrize("bpm", [36, 50, 97, 180, 250])
def test_the_path_goes_through_likely_frames(bpm):
    """Beats that are likely are found to the frame, and one that nobody hears is filled in."""
    beats = np.arange(1.0, 59.0, 60 / bpm)
    likely = chances(np.delete(beats, 12), duration_s=60)
    assert beats == pytest.approx(find_nearest(beats, likely), abs=0.02)


def test_the_path_follows_a_change_of_tempo():
    """A beat that slows from 120 to 80 within ten beats is followed."""
    periods = np.concatenate([np.full(20, 0.5), np.linspace(0.5, 0.75, 10), np.full(20, 0.75)])
    beats = 1.0 + np.cumsum(periods)
    found = find_nearest(beats, chances(beats, duration_s=beats[-1] + 1))
    assert beats == pytest.approx(found, abs=0.02)


@pytest.mark.slow
def test_a_long_path_is_found_in_pieces():
    """Over the border of two pieces of ten minutes no beat is lost and none is doubled."""
    beats = np.arange(0.7, 1300.0, 0.61)
    found = find_nearest(beats, chances(beats, duration_s=1301))
    assert beats == pytest.approx(found, abs=0.02)


def test_noise_has_no_beat(sounds):
    """White noise of any length up to a minute gets no tempo."""
    lengths = [(5, 9), (20, 9), (60, 9), (20, 1)]  # in the last, four beats are fairly likely
    assert [NO_RHYTHM] * 4 == [hear(sounds.noise(length, seed=seed)) for length, seed in lengths]


def test_steady_sound_has_no_beat():
    """Silence and an endless tone have no beats."""
    silence = np.zeros(10 * RATE, np.float32)
    tone = np.sin(2 * np.pi * 440 * np.arange(10 * RATE) / RATE).astype(np.float32)
    assert [NO_RHYTHM, NO_RHYTHM] == [hear(silence), hear(tone)]


def test_too_short_to_tell(sounds):
    """One second holds no tempo, and nothing fails on a handful of samples."""
    clicks = sounds.click_track(120)
    lengths = (0, 1, 100, 1000, RATE)
    assert [None] * 5 == [hear(clicks[:length]).tempo_bpm for length in lengths]


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
    assert np.allclose(first.tones, second.tones, atol=1e-3)
