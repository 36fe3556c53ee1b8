"""The demo's own audio: the same bytes every time, in a key and tempo that can be measured."""

from pathlib import Path

import numpy as np
import pytest

from harmonyhub.analysis.track import analyse_file
from harmonyhub.domain.analysis import TrackAnalysis
from harmonyhub.sources.demo.pieces import SCORES, DemoPiece, synthesize_pieces
from harmonyhub.sources.demo.score import Voice, write_notes
from harmonyhub.sources.demo.synth import PEAK, render

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> list[DemoPiece]:
    """All pieces, written once."""
    return synthesize_pieces(tmp_path_factory.mktemp("pieces") / "not" / "yet" / "there")


@pytest.fixture(scope="module")
def analyses(pieces: list[DemoPiece]) -> list[TrackAnalysis]:
    """What the analysis says of each."""
    return [analyse_file(piece.path) for piece in pieces]


def test_tempo_is_found(pieces: list[DemoPiece], analyses: list[TrackAnalysis]) -> None:
    """The analysis hears the tempo that each piece was written in, within 1 %."""
    truth = [piece.tempo_bpm for piece in pieces]
    assert truth == pytest.approx([analysis.tempo for analysis in analyses], rel=0.01)


def test_key_is_found(pieces: list[DemoPiece], analyses: list[TrackAnalysis]) -> None:
    """The analysis hears the key that each piece was written in."""
    truth = [piece.key_name for piece in pieces]
    assert truth == [analysis.key.name if analysis.key else None for analysis in analyses]


def test_pieces_last_half_a_minute(analyses: list[TrackAnalysis]) -> None:
    """Each piece lasts 20 to 40 seconds and is neither faint nor clipped."""
    for analysis in analyses:
        assert 20 < analysis.duration < 40
        assert -20 < (analysis.loudness or 0) < -10
        assert (analysis.true_peak or 0) < 0


def test_tags_are_embedded(pieces: list[DemoPiece], analyses: list[TrackAnalysis]) -> None:
    """The files say who made what, so that dropping one on the house names the track."""
    assert [(p.title, p.artist, p.release) for p in pieces] == [
        (a.tags.title, a.tags.artist, a.tags.release) for a in analyses
    ]
    assert {"HarmonyHub Demo"} == {piece.artist for piece in pieces}


def test_bytes_are_the_same_every_time(pieces: list[DemoPiece], tmp_path: Path) -> None:
    """A second synthesis gives the same bytes: the same audio is analysed once."""
    again = synthesize_pieces(tmp_path)
    assert [piece.path.read_bytes() for piece in pieces] == [p.path.read_bytes() for p in again]


def test_pitched_notes_belong_to_the_key() -> None:
    """Every note lies on the scale, but for the leading note of the minor keys."""
    for score in SCORES:
        notes = write_notes(score, rng=np.random.default_rng(1))
        drums = {Voice.KICK, Voice.SNARE, Voice.HAT}
        steps = {(note.pitch - score.tonic) % 12 for note in notes if note.voice not in drums}
        assert steps <= {*score.scale, 11}
        assert all(note.beat + note.beats <= score.n_beats + 1 for note in notes)


def test_dynamics_change_between_sections(pieces: list[DemoPiece]) -> None:
    """The full section is louder than the quiet one before it: somebody plays, not a metronome."""
    score = SCORES[0]
    rng = np.random.default_rng(1)
    sound = render(
        write_notes(score, rng=rng), tempo_bpm=score.tempo_bpm, n_beats=score.n_beats, rng=rng
    )
    section = len(sound) // 3
    quiet, full = (np.sqrt((sound[start : start + section] ** 2).mean()) for start in (0, section))
    assert full > 1.3 * quiet
    assert np.abs(sound).max() == pytest.approx(PEAK)
    assert len(SCORES) == len(pieces)
