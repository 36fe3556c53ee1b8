"""Parts of pieces that are made of known parts."""

import numpy as np

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
    """Every part of eight bars is found, and equal parts get equal labels."""
    sections = find_sections(table("ABABCB"))
    assert [(16.0 * part, 16.0 * (part + 1)) for part in range(6)] == [
        section[:2] for section in sections
    ]
    labels = [label for _, _, label in sections]
    assert labels[1] == labels[3]
    assert labels[1] != labels[2]


def test_what_never_changes_is_one_part_after_another():
    """Bars that are all alike are cut at most into parts of one label and their ends."""
    labels = {label for _, _, label in find_sections(table("AAAA"))}
    assert labels <= {"verse", "chorus", "intro", "outro"}


def test_short_tracks_have_one_part():
    """Below eight bars there is nothing to compare."""
    assert [(0.0, 8.0, "verse")] == find_sections(table("A", n_bars=4))


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
