"""The whole recipe on whole files, easy and odd."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from harmonyhub.analysis.track import analyse_file, to_json_object
from harmonyhub.domain.analysis import ANALYSIS_VERSION
from harmonyhub.domain.errors import AudioError
from tests.tools.processor_time import numpy_s, processor_s

PROMISED = (
    "audio_hash", "duration", "tempo", "tempo_confidence", "beats", "key", "loudness", "true_peak",
    "tuning_cents", "waveform", "chroma", "measurements", "notes", "tags", "analysis_version",
)  # fmt: skip
NO_BEAT = (
    "no tempo: no beat is sure enough to be told from noise, as in music that flows without attacks"
)


def numbers(value: object) -> Iterator[float]:
    """Walk through every number of a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, int | float):
        yield value


def music(sounds) -> np.ndarray:
    """Mix a cadence in D minor with clicks at 120 beats per minute."""
    chords = np.concatenate([sounds.cadence(2, "minor")] * 2)
    clicks = sounds.click_track(120)[: len(chords)]
    return chords[: len(clicks)] * 0.5 + clicks


def test_analyses_a_track(encode, sounds, tmp_path):
    """A file with known tempo and key gets both, with everything that the API promises."""
    path = encode(tmp_path / "a.mp3", music(sounds), sample_rate=22_050, tags={"title": "Piece"})
    analysis = analyse_file(path)
    assert (22_050, 1, "mp3") == (analysis.sample_rate, analysis.n_channels, analysis.codec)
    assert analysis.duration == pytest.approx(24.0, abs=0.1)
    assert analysis.tempo == pytest.approx(120, rel=0.01)
    assert "D minor" == analysis.key.name
    assert -30 < analysis.loudness < -5
    assert analysis.true_peak < 1
    assert "Piece" == analysis.tags.title
    assert (1000, 12) == (len(analysis.waveform), len(analysis.chroma))
    assert [] == analysis.notes
    assert ANALYSIS_VERSION == analysis.analysis_version


def test_every_number_says_how_it_came_about(encode, sounds, tmp_path):
    """Each measured field has its unit and its method, and JSON carries all of it."""
    analysis = analyse_file(encode(tmp_path / "a.flac", music(sounds), sample_rate=22_050))
    plain = json.loads(json.dumps(to_json_object(analysis), allow_nan=False))
    assert set(PROMISED) <= set(plain)
    for field in PROMISED[1:11]:
        if field == "tempo_confidence":
            continue
        assert plain["measurements"][field]["unit"], field
        assert plain["measurements"][field]["method"], field
    for field, measured in plain["measurements"].items():
        assert 0 <= (measured["confidence"] or 0) <= 1, field
    assert {"tonic": 2, "mode": "minor", "name": "D minor"}.items() <= plain["key"].items()


def test_same_file_same_numbers(encode, sounds, tmp_path):
    """Analysis is a function of the bytes."""
    path = encode(tmp_path / "a.ogg", music(sounds), sample_rate=22_050)
    assert analyse_file(path) == analyse_file(path)


@pytest.mark.parametrize(
    ("name", "make", "notes"),
    [
        ("silence", lambda _: np.zeros(5 * 22_050), ["the file is silent: no tempo, no key"]),
        (
            "noise",
            lambda sounds: sounds.noise(20),
            [
                NO_BEAT,
                "no key: no set of pitches stands out",
            ],
        ),
        (
            "one second",
            lambda sounds: sounds.cadence(0, "major")[:22_050],
            ["no tempo: too short to tell"],
        ),
        (
            "a few samples",
            lambda sounds: sounds.noise(0.01),
            [
                "no loudness: shorter than 0.4 s or never above -70 LUFS",
                "no tempo: too short to tell",
                "no key: no set of pitches stands out",
            ],
        ),
    ],
)
def test_says_what_cannot_be_measured(encode, sounds, tmp_path, name, make, notes):
    """Silence, noise and snippets get None with a note in words, never a NaN."""
    path = encode(tmp_path / f"{name}.wav", make(sounds), sample_rate=22_050)
    analysis = analyse_file(path)
    assert notes == analysis.notes
    assert all(math.isfinite(number) for number in numbers(to_json_object(analysis)))
    assert (None, []) == (analysis.tempo, list(analysis.beats))


@pytest.mark.parametrize(
    ("rate", "n_channels"), [(8_000, 1), (96_000, 2), (48_000, 6), (11_025, 2)]
)
def test_rate_and_channels_make_no_difference(encode, sounds, tmp_path, rate, n_channels):
    """Telephone, studio and cinema files of one piece get the same tempo and key."""
    mono = music(sounds)
    at = np.arange(0, len(mono) * rate // 22_050) * 22_050 / rate
    samples = np.repeat(np.interp(at, np.arange(len(mono)), mono)[None], n_channels, axis=0)
    analysis = analyse_file(encode(tmp_path / "a.wav", samples, sample_rate=rate))
    assert (rate, n_channels) == (analysis.sample_rate, analysis.n_channels)
    assert analysis.tempo == pytest.approx(120, rel=0.01)
    assert "D minor" == analysis.key.name


def test_tells_how_far_it_is(encode, sounds, tmp_path):
    """The listener hears of growing seconds and of the announced length."""
    told = []
    path = encode(tmp_path / "a.flac", sounds.click_track(100, duration_s=45), sample_rate=22_050)
    analyse_file(path, on_progress=lambda done, total: told.append((round(done), round(total))))
    assert [45] * len(told) == [total for _, total in told]
    assert 3 <= len(told) <= 5
    assert sorted(told) == told


def test_a_partial_file_is_analysed_with_a_note(encode, sounds, tmp_path):
    """What is left of a truncated file is analysed, and the loss is told."""
    path = encode(tmp_path / "a.flac", music(sounds), sample_rate=22_050)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    analysis = analyse_file(path)
    assert analysis.tempo == pytest.approx(120, rel=0.01)
    assert any("incomplete" in note for note in analysis.notes)


def test_refuses_with_a_reason_and_a_hint(tmp_path):
    """A text file ends in an AudioError that a person can act on."""
    (tmp_path / "letter.mp3").write_text("Dear Sir or Madam,\n" * 100)
    with pytest.raises(AudioError) as refusal:
        analyse_file(tmp_path / "letter.mp3")
    assert "letter.mp3 is not an audio file" in str(refusal.value)
    assert "mp3, flac, ogg" in refusal.value.hint


@pytest.mark.slow
def test_imports_quickly():
    """Importing the recipe costs little beside numpy, so scipy waits until it is needed."""
    program = "import harmonyhub.analysis.track, sys; sys.exit('scipy' in sys.modules)"

    def load() -> None:
        subprocess.run([sys.executable, "-c", program], check=True)

    assert processor_s(load) < 2.5 * numpy_s()
