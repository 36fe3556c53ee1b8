"""Downbeats and meter from what a network could say."""

import numpy as np
import pytest

from harmonyhub.analysis.bars import find_bars
from harmonyhub.analysis.pulse_evidence import Evidence

FRAME_RATE, TONE_RATE = 86.13, 10.77


def hear(
    beats_s: np.ndarray,
    downbeats: np.ndarray,
    *,
    chords: np.ndarray | None = None,
    said: float = 0.6,
    parts: np.ndarray | None = None,
    strokes_s: np.ndarray | None = None,
) -> Evidence:
    """Say what the network is used to say of downbeats and of other beats.

    `chords` begin at these beats; at `parts` an instrument in two of the bands enters or leaves;
    at `strokes_s` something is struck.
    """
    likely = np.full((round((beats_s[-1] + 1) * FRAME_RATE), 2), 0.005, np.float32)
    frames = np.round(beats_s * FRAME_RATE).astype(int)
    likely[frames, 1] = np.where(downbeats, said, 0.03)
    times_s = np.arange(round((beats_s[-1] + 1) * TONE_RATE)) / TONE_RATE
    starts_s = beats_s[chords] if chords is not None else np.empty(0)
    root = np.searchsorted(starts_s, times_s + 0.5 / TONE_RATE) * 5 % 12
    mel_db = np.full((len(likely), 48), -40, np.float16)
    turns_s = beats_s[parts] if parts is not None else np.empty(0)
    sounds = np.searchsorted(turns_s, np.arange(len(likely)) / FRAME_RATE, side="right") % 2 == 1
    mel_db[sounds, 20:22] = -20
    if strokes_s is not None:
        mel_db[np.round(strokes_s * FRAME_RATE).astype(int), 30:40] = -10
    return Evidence(
        likely=likely,
        frame_rate=FRAME_RATE,
        bass=np.eye(28, dtype=np.float32)[root],
        tone_rate=TONE_RATE,
        chords=np.eye(12, dtype=np.float32)[root],
        chord_rate=TONE_RATE,
        mel_db=mel_db,
    )


@pytest.mark.parametrize("meter", [2, 3, 4, 5])
@pytest.mark.parametrize("first", [0, 1])
def test_finds_meter_and_downbeats(meter, first):
    """Bars of two to five beats with a chord each are found, with an upbeat or without."""
    beats = np.arange(0.5, 40, 0.5)
    downbeats = np.arange(len(beats)) % meter == first
    bars = find_bars(beats, hear(beats, downbeats, chords=downbeats, said=0.9))
    assert meter == bars.beats_per_bar
    assert downbeats.tolist() == (bars.positions == 0).tolist()
    assert 0.7 < bars.confidence <= 1


def test_one_wrong_word_moves_no_bar():
    """A strong beat in the middle of a bar does not begin a new one."""
    beats = np.arange(0.5, 40, 0.5)
    downbeats = np.arange(len(beats)) % 4 == 0
    said = downbeats.copy()
    said[30] = True
    bars = find_bars(beats, hear(beats, said))
    assert downbeats.tolist() == (bars.positions == 0).tolist()


def test_a_changed_meter_is_followed():
    """Ten bars of three after ten bars of four."""
    beats = 0.5 + 0.5 * np.arange(70)
    downbeats = np.concatenate([np.arange(40) % 4 == 0, np.arange(30) % 3 == 0])
    bars = find_bars(beats, hear(beats, downbeats))
    assert downbeats.tolist() == (bars.positions == 0).tolist()
    assert 4 == bars.beats_per_bar


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_bars_begin_where_chords_do(first):
    """Where the network hears no difference among the beats, the chords tell where bars begin."""
    beats = np.arange(0.5, 40, 0.5)
    chords = np.arange(len(beats)) % 4 == first
    bars = find_bars(beats, hear(beats, np.zeros(len(beats), bool), chords=chords))
    assert 4 == bars.beats_per_bar
    assert chords[4:-4].tolist() == (bars.positions == 0)[4:-4].tolist()


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_bars_begin_where_instruments_enter(first):
    """Loops that enter and leave every four bars tell where bars begin; nothing else does."""
    beats = np.arange(0.5, 60, 0.5)
    is_downbeat = np.arange(len(beats)) % 4 == first
    parts = np.arange(len(beats)) % 16 == first
    bars = find_bars(beats, hear(beats, np.zeros(len(beats), bool), parts=parts))
    assert 4 == bars.beats_per_bar
    assert is_downbeat[4:-4].tolist() == (bars.positions == 0)[4:-4].tolist()


@pytest.mark.parametrize(("thirds", "meter"), [(False, 4), (True, 2)])
def test_bars_of_two_are_of_beats_in_thirds(thirds, meter):
    """Chords that change every second beat are bars of 6/8, or half bars of a slow 4/4."""
    beats = np.arange(0.5, 60, 0.9)
    chords = np.arange(len(beats)) % 2 == 0
    parts = (1 / 3, 2 / 3) if thirds else (1 / 4, 1 / 2, 3 / 4)
    strokes_s = np.concatenate([beats[:-1] + 0.9 * part for part in parts])
    heard = hear(beats, chords, chords=chords, said=0.25, strokes_s=strokes_s)
    bars = find_bars(beats, heard)
    assert meter == bars.beats_per_bar


def test_nothing_comes_of_no_beats():
    """Without beats there are no bars."""
    bars = find_bars(np.empty(0), hear(np.array([0.5]), np.array([True])))
    assert (0, None) == (len(bars.positions), bars.beats_per_bar)
