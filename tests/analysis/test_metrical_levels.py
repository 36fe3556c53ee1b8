"""Which way to count is chosen, from what a network and the bass could say."""

import numpy as np
import pytest

from harmonyhub.analysis.metrical_levels import choose_beats
from harmonyhub.analysis.pulse_evidence import Evidence

FRAME_RATE, TONE_RATE = 86.13, 10.77
LENGTH_S = 40.0


def hear(chances: dict[float, float], *, step_s: float, bass_s: float) -> Evidence:
    """Give a beat these chances at these shares of a step; the bass changes every `bass_s`."""
    likely = np.full((round(LENGTH_S * FRAME_RATE), 2), 0.002, np.float32)
    for share, chance in chances.items():
        times = np.arange(0.5 + share * step_s, LENGTH_S - 0.5, step_s)
        likely[np.round(times * FRAME_RATE).astype(int), 0] = chance
    note = np.floor((np.arange(round(LENGTH_S * TONE_RATE)) / TONE_RATE - 0.5) / bass_s)
    bass = np.eye(28, dtype=np.float32)[note.astype(int) * 5 % 28]
    mel_db = np.zeros((len(likely), 48), np.float16)
    return Evidence(likely, FRAME_RATE, bass, TONE_RATE, bass[::2], TONE_RATE / 2, mel_db)


def count(step_s: float, *, off_s: float = 0.0) -> np.ndarray:
    """Count every `step_s`, from half a second on."""
    return np.arange(0.5 + off_s, LENGTH_S - 0.5, step_s)


def choose(evidence: Evidence) -> tuple[float, float]:
    """Choose among whole, half, double and off the beat: the step and the first beat."""
    ways = [count(0.6), count(1.2), count(0.3), count(0.6, off_s=0.3), count(1.2, off_s=0.6)]
    chosen = choose_beats(ways, evidence)
    return float(np.diff(chosen)[0]), float(chosen[0])


@pytest.mark.parametrize("between", [0.01, 0.1, 0.3])
def test_beats_are_where_they_are_likelier_than_between(between):
    """A hundred a minute, on the beat, where half-way is heard a little or not at all."""
    evidence = hear({0.0: 0.8, 0.5: between}, step_s=0.6, bass_s=1.2)
    assert (0.6, 0.5) == pytest.approx(choose(evidence))


@pytest.mark.parametrize(("bass_s", "step_s"), [(0.6, 0.3), (1.2, 0.6), (2.4, 1.2)])
def test_the_bass_tells_which_pace_is_felt(bass_s, step_s):
    """Where the network leaves it open, beats are those of which every second moves the bass."""
    evidence = hear({0.0: 0.6, 0.5: 0.35}, step_s=0.6, bass_s=bass_s)
    assert step_s == pytest.approx(choose(evidence)[0])


def test_three_beats_are_no_way_to_count():
    """Nothing is chosen where every way is too short to have a tempo."""
    evidence = hear({0.0: 0.9}, step_s=0.6, bass_s=0.6)
    assert [] == choose_beats([count(0.6)[:3], np.empty(0)], evidence).tolist()
