"""Downbeats and meter from what a network could say."""

import numpy as np
import pytest

from harmonyhub.analysis.bars import find_bars

FRAME_RATE = 86.13


def chances(beats_s: np.ndarray, downbeats: np.ndarray) -> np.ndarray:
    """Make a curve of chances as the network gives them: 0.6 at downbeats, 0.03 at other beats."""
    likely = np.full(round((beats_s[-1] + 1) * FRAME_RATE), 0.005)
    frames = np.round(beats_s * FRAME_RATE).astype(int)
    likely[frames] = np.where(downbeats, 0.6, 0.03)
    return likely


@pytest.mark.parametrize("meter", [2, 3, 4, 5])
@pytest.mark.parametrize("first", [0, 1])
def test_finds_meter_and_downbeats(meter, first):
    """Bars of two to five beats are found, with an upbeat or without."""
    beats = np.arange(0.5, 40, 0.5)
    downbeats = np.arange(len(beats)) % meter == first
    bars = find_bars(beats, chances(beats, downbeats), FRAME_RATE)
    assert meter == bars.beats_per_bar
    assert downbeats.tolist() == (bars.positions == 0).tolist()
    assert 0.7 < bars.confidence <= 1


def test_one_wrong_word_moves_no_bar():
    """A strong beat in the middle of a bar does not begin a new one."""
    beats = np.arange(0.5, 40, 0.5)
    downbeats = np.arange(len(beats)) % 4 == 0
    said = downbeats.copy()
    said[30] = True
    bars = find_bars(beats, chances(beats, said), FRAME_RATE)
    assert downbeats.tolist() == (bars.positions == 0).tolist()


def test_a_changed_meter_is_followed():
    """Ten bars of three after ten bars of four."""
    beats = 0.5 + 0.5 * np.arange(70)
    downbeats = np.concatenate([np.arange(40) % 4 == 0, np.arange(30) % 3 == 0])
    bars = find_bars(beats, chances(beats, downbeats), FRAME_RATE)
    assert downbeats.tolist() == (bars.positions == 0).tolist()
    assert 4 == bars.beats_per_bar


def test_nothing_comes_of_no_beats():
    """Without beats there are no bars."""
    bars = find_bars(np.empty(0), np.zeros(100), FRAME_RATE)
    assert (0, None) == (len(bars.positions), bars.beats_per_bar)
