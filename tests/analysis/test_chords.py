"""Chords: what the network says of single frames, and what the whole track makes of it."""

import numpy as np
import pytest

from harmonyhub.analysis.chords import find_chords
from harmonyhub.analysis.network import QUALITIES, HarmonyLogits
from harmonyhub.domain.analysis import Chord

PAIR_RATE = 5.4
N_CHORDS, SPAN = 12, 20
TRIAD, SEVENTH = (12 * QUALITIES.index(quality) for quality in ("maj", "7"))
CLEAR, UNCLEAR = 3.0, 0.5


def hear(is_seventh: list[bool], unclear: int) -> list[Chord]:
    """Find twelve chords on twelve roots, of which one may nearly as well be the other quality."""
    chords = np.zeros((N_CHORDS * SPAN, 12 * len(QUALITIES) + 1), np.float32)
    for number, named in enumerate(is_seventh):
        span, size = slice(number * SPAN, (number + 1) * SPAN), CLEAR
        chords[span, (SEVENTH if named else TRIAD) + number] = 9
        if number == unclear:
            size = UNCLEAR
        chords[span, (TRIAD if named else SEVENTH) + number] = 9 - size
    silent = np.zeros((len(chords), 24), np.float32)
    logits = HarmonyLogits(chords, silent[:, :13], silent)
    starts_s = np.arange(N_CHORDS) * SPAN / PAIR_RATE
    return find_chords(logits, PAIR_RATE, beats_s=starts_s, duration_s=len(chords) / PAIR_RATE)


def name(found: list[Chord]) -> list[str]:
    """Give the quality of each chord."""
    return [chord.label.partition(":")[2] for chord in found]


def test_a_track_of_triads_has_no_lone_seventh():
    """What sounds a little more like a seventh is a triad where all others are."""
    is_seventh = [number == 5 for number in range(N_CHORDS)]
    assert ["maj"] * N_CHORDS == name(hear(is_seventh, unclear=5))


def test_a_track_of_sevenths_keeps_them():
    """The same frames are a seventh where others are, and a clear one is one anywhere."""
    assert ["7"] * N_CHORDS == name(hear([True] * N_CHORDS, unclear=5))
    is_seventh = [number == 5 for number in range(N_CHORDS)]
    assert "7" == name(hear(is_seventh, unclear=-1))[5]


@pytest.mark.parametrize("is_seventh", [False, True])
def test_confidence_is_a_chance(is_seventh):
    """It lies in [0, 1], high for what is clear and lower for what may be another chord."""
    found = hear([is_seventh] * N_CHORDS, unclear=5)
    confidence = np.array([chord.confidence for chord in found])
    assert len(found) == N_CHORDS
    assert confidence.min() > 0
    assert confidence.max() <= 1
    assert confidence[5] == confidence.min() < confidence[4]
