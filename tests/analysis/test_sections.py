"""Parts of pieces that are made of known parts."""

import numpy as np
import pytest

from harmonyhub.analysis.section_labels import name_parts
from harmonyhub.analysis.sections import BarTable, find_sections, tabulate_bars

BAR_S = 2.0


def table(form: str, *, n_bars: int = 8, seed: int = 5) -> BarTable:
    """Make bars of parts named by letters: each letter has its own timbre and chords."""
    rng = np.random.default_rng(seed)
    letters = sorted(set(form))
    colours = {letter: rng.normal(0, 6, 48) for letter in letters}
    chords = {letter: np.abs(rng.normal(0, 1, (n_bars, 24))) for letter in letters}
    timbre = np.concatenate([colours[part] + rng.normal(0, 1, (n_bars, 48)) for part in form])
    harmony = np.concatenate([chords[part] for part in form])
    harmony /= np.linalg.norm(harmony, axis=1, keepdims=True)
    return BarTable(np.arange(len(timbre) + 1) * BAR_S, timbre, harmony)


def test_finds_where_parts_begin():
    """Every part of eight bars is found, and equal parts get equal letters, in order."""
    sections = find_sections(table("ABABCB"))
    assert [(16.0 * part, 16.0 * (part + 1)) for part in range(6)] == [
        section[:2] for section in sections
    ]
    assert list("ABABCB") == [label for _, _, label in sections]


def test_what_never_changes_is_one_part_after_another():
    """Bars that repeat four times are cut at most into parts of one letter."""
    assert {"A"} == {label for _, _, label in find_sections(table("AAAA"))}


def test_a_variant_has_a_prime():
    """The chords of A in other colours are A', and each of the two returns under its label."""
    plain = table("ABCABA")
    timbre = plain.timbre.copy()
    timbre[24:32] = 2 * timbre.mean(axis=0) - timbre[24:32]
    parts = [(start, start + 8) for start in range(0, 48, 8)]
    named = name_parts(parts, plain.starts_s, timbre=timbre, harmony=plain.harmony)
    assert ["A", "B", "C", "A'", "B", "A"] == [label for _, _, label in named]


def test_what_goes_on_without_a_repetition_is_one_part():
    """Neighbours of one colour whose chords differ bar by bar are joined, repeats are not."""
    rng = np.random.default_rng(1)
    colour = np.repeat(rng.normal(0, 6, (2, 48)), (16, 8), axis=0)
    harmony = np.abs(rng.normal(0, 1, (24, 24)))
    harmony[8:16] = harmony[:8] + rng.normal(0, 0.8, (8, 24))
    cut = [(0, 8), (8, 16), (16, 24)]
    named = name_parts(cut, np.arange(25) * BAR_S, timbre=colour, harmony=harmony)
    assert [(0, 16), (16, 24)] == [part[:2] for part in named]
    harmony[8:16] = harmony[:8]
    named = name_parts(cut, np.arange(25) * BAR_S, timbre=colour, harmony=harmony)
    assert [(0, 8), (8, 16), (16, 24)] == [part[:2] for part in named]
    assert named[0][2] == named[1][2]


def test_names_what_leads_in_and_out():
    """A short first part that never returns is an intro, a long one is not; letters begin after."""
    plain = table("CABAB")
    short = BarTable(plain.starts_s[:-4], plain.timbre[4:], plain.harmony[4:])
    assert ["intro", "A", "B", "A", "B"] == [label for _, _, label in find_sections(short)]
    assert list("ABCBC") == [label for _, _, label in find_sections(plain)]


@pytest.mark.parametrize("minutes", [3, 9, 30])
def test_parts_grow_with_the_piece(minutes):
    """However much changes, three minutes have no more than 11 parts and nine no more than 19."""
    rng = np.random.default_rng(3)
    n_bars = minutes * 30
    steps = np.repeat(rng.normal(0, 6, (n_bars // 3, 48)), 3, axis=0)
    bars = BarTable(np.arange(n_bars + 1) * BAR_S, steps, np.abs(rng.normal(0, 1, (n_bars, 24))))
    assert len(find_sections(bars)) <= {3: 11, 9: 18, 30: 34}[minutes]


def test_short_tracks_have_one_part():
    """Below eight bars there is nothing to compare."""
    assert [(0.0, 8.0, "A")] == find_sections(table("A", n_bars=4))


def test_bars_are_averaged_between_downbeats():
    """Timbre and harmony of a bar are those between its downbeat and the next."""
    levels = np.repeat([[0.0], [10.0], [20.0]], 100, axis=0)
    bars = tabulate_bars(
        np.arange(0, 30, 3.0),
        30.0,
        levels_db=levels,
        level_rate=10.0,
        chroma=np.ones((300, 12)),
        chroma_rate=10.0,
    )
    assert 10 == len(bars.timbre)
    assert [0.0, 0.0, 0.0] == bars.timbre[:3, 0].tolist()
    assert 20.0 == bars.timbre[-1, 0]
    assert np.allclose(1, np.linalg.norm(bars.harmony, axis=1))


def test_without_beats_bars_are_two_seconds():
    """A track without a beat is still cut into stretches from 0 to its end."""
    bars = tabulate_bars(
        np.empty(0),
        11.0,
        levels_db=np.zeros((110, 4)),
        level_rate=10.0,
        chroma=np.ones((110, 12)),
        chroma_rate=10.0,
    )
    assert [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 11.0] == bars.starts_s.tolist()
