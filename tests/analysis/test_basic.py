"""The basic recipe: what it hears, what it says, and what it leaves to the full analysis."""

import json
from pathlib import Path

import numpy as np
import pytest

from harmonyhub.analysis.basic import analyse_basics, choose_excerpts
from harmonyhub.analysis.decode import AudioFile
from harmonyhub.analysis.embedding import embed, gather_facts
from harmonyhub.analysis.track import analyse_file, to_json_object
from harmonyhub.domain.analysis import BASIC_VERSION
from harmonyhub.domain.errors import AudioError

RATE = 22_050
LENGTH_S = 96


@pytest.fixture(scope="module")
def music(sounds) -> np.ndarray:
    """Repeat a cadence in D minor with clicks at 120 a minute for a minute and a half."""
    clicks = sounds.click_track(120, duration_s=24)
    once = sounds.cadence(2, "minor")
    chords = np.concatenate([once] * 2)[: len(clicks)]
    return np.tile(chords * 0.5 + clicks[: len(chords)], LENGTH_S // 24)


def hear(path: Path, hears=None) -> tuple[np.ndarray, float]:
    """Give what is decoded of the channels, and the seconds that were passed over."""
    with AudioFile(path) as audio:
        heard = [block.channels for block in audio.blocks(hears)]
        return np.concatenate(heard, axis=1), audio.passed_over_s


@pytest.mark.parametrize("kind", ["flac", "wav", "mp3", "ogg", "opus", "m4a"])
def test_excerpts_are_those_of_the_whole(encode, tmp_path, kind):
    """What is heard in the middle is what the whole file has there; all the time is counted."""
    rate = 48_000  # opus has no other
    time = np.arange(9 * rate) / rate
    signal = np.sin(2 * np.pi * (200 + 200 * time) * time) * (0.1 + 0.05 * time)  # never the same
    path = encode(tmp_path / f"a.{kind}", np.stack([signal, signal]), sample_rate=rate)
    whole, none_s = hear(path)
    part, passed_s = hear(path, lambda at_s: 4 <= at_s < 6)
    assert (0.0, pytest.approx(9, abs=0.1)) == (none_s, whole.shape[1] / rate)
    assert whole.shape[1] / rate == pytest.approx(part.shape[1] / rate + passed_s, abs=0.1)
    assert 1.9 == pytest.approx(part.shape[1] / rate, abs=0.1)
    levels = [
        np.sqrt(np.square(stretch).mean()) for stretch in (part, whole[:, 4 * rate : 6 * rate])
    ]
    assert levels[1] == pytest.approx(levels[0], rel=0.03)
    near = range(round(3.9 * rate), round(4.4 * rate))
    start = np.array([np.abs(whole[0, at : at + 64] - part[0, :64]).max() for at in near])
    assert start.min() < 0.02  # the decoder has settled: these are the samples of the whole


def test_measures_what_the_full_analysis_does(encode, music, tmp_path):
    """Tempo, key, loudness and the place among sounds agree; what needs the whole is absent."""
    path = encode(tmp_path / "a.mp3", music, sample_rate=RATE, tags={"title": "Piece"})
    basic, full = analyse_basics(path), analyse_file(path)
    assert (True, False) == (basic.is_basic, full.is_basic)
    assert (full.audio_hash, full.tags, full.key.name) == (
        basic.audio_hash, basic.tags, basic.key.name,
    )  # fmt: skip
    assert full.tempo == pytest.approx(basic.tempo, rel=0.01)
    assert full.loudness == pytest.approx(basic.loudness, abs=0.3)
    assert full.duration == pytest.approx(basic.duration, abs=0.1)
    places = [embed(gather_facts(one)) for one in (basic, full)]
    assert np.square(places[0] - places[1]).sum() < 0.1
    assert (None, None) == (basic.true_peak, basic.time_signature)
    assert [[]] * 7 == [
        basic.beats, basic.downbeats, basic.chords, basic.sections, basic.waveform, basic.chroma,
        basic.loudness_curve,
    ]  # fmt: skip
    assert set(full.descriptors) - set(basic.descriptors) == {"danceability"}


def test_says_that_it_was_a_quick_look(encode, music, tmp_path):
    """The first note says how much was heard; each number says whether it is one of excerpts."""
    path = encode(tmp_path / "a.flac", music, sample_rate=RATE)
    plain = json.loads(json.dumps(to_json_object(analyse_basics(path)), allow_nan=False))
    assert (True, BASIC_VERSION) == (plain["is_basic"], plain["analysis_version"])
    (note,) = plain["notes"]
    assert "59 of 96 s were heard" in note
    methods = {name: one["method"] for name, one in plain["measurements"].items()}
    assert methods["tempo"].endswith("of excerpts")
    assert "not in a basic analysis" == methods["true_peak"] == methods["chords"]


@pytest.mark.parametrize(
    ("samples", "note"),
    [(np.zeros(RATE * 5), "the file is silent"), (np.full(2000, 0.5), "no loudness")],
)
def test_says_what_cannot_be_measured(encode, tmp_path, samples, note):
    """Silence and a click have no tempo and no key, and say why."""
    basic = analyse_basics(encode(tmp_path / "a.wav", samples, sample_rate=RATE))
    assert (None, None, True) == (basic.tempo, basic.key, basic.is_basic)
    assert any(note in one for one in basic.notes)


def test_a_minute_is_heard_whole_and_long_tracks_by_thirds():
    """One ten-second excerpt begins every thirty seconds, or more often in a short track."""
    for length_s, heard_s in (
        (None, 100),
        (20, 300),
        (60, 300),
        (120, 150),
        (300, 100),
        (3600, 100),
    ):
        hears = choose_excerpts(length_s)
        assert heard_s == pytest.approx(sum(hears(at / 10) for at in range(3000)) / 10, abs=1)
        assert hears(0.0)


def test_a_file_that_breaks_off_is_heard_as_far_as_it_goes(encode, music, tmp_path):
    """Of what is announced and not there the notes tell; text is refused."""
    path = encode(tmp_path / "a.flac", music, sample_rate=RATE)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 4])
    basic = analyse_basics(path)
    assert 10 < basic.duration < 40
    assert any("incomplete" in note or "breaks off" in note for note in basic.notes)
    path.write_text("no audio " * 100)
    with pytest.raises(AudioError):
        analyse_basics(path)
