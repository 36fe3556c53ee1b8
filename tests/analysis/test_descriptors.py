"""Descriptors of sounds that differ in one thing."""

import numpy as np
import pytest

from harmonyhub.analysis.descriptors import name_camelot
from harmonyhub.analysis.key import NAMES
from harmonyhub.analysis.track import analyse_file
from harmonyhub.domain.analysis import Key

RATE = 22_050


@pytest.fixture
def describe(encode, tmp_path):
    """Give the descriptors of a signal."""

    def run(signal: np.ndarray) -> dict[str, float]:
        path = encode(tmp_path / "a.wav", signal, sample_rate=RATE)
        return {name: found.value for name, found in analyse_file(path).descriptors.items()}

    return run


def test_all_of_spotifys_words_are_there(describe, sounds):
    """Each has a value in its range."""
    found = describe(np.concatenate([sounds.cadence(0, "major")] * 2))
    words = (
        "acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness",
        "valence",
    )  # fmt: skip
    assert all(0 <= found[word] <= 1 for word in words)
    assert ("8B", 1.0) == (found["camelot"], found["mode"])
    assert 100 < found["brightness"] < 3000


@pytest.mark.slow
def test_louder_denser_and_noisier_is_more_energy(describe, sounds):
    """Quiet chords have less energy than the same chords with loud noise bursts."""
    calm = 0.2 * np.concatenate([sounds.cadence(9, "minor")] * 2)
    bursts = sounds.noise(len(calm) / RATE) * np.tile(np.linspace(1, 0, RATE // 6), 6 * 24) * 3
    wild = calm + bursts[: len(calm)]
    assert describe(wild)["energy"] > describe(calm)["energy"] + 0.2
    assert describe(wild)["brightness"] > describe(calm)["brightness"]
    assert describe(wild)["acousticness"] < describe(calm)["acousticness"]


def test_a_steady_beat_can_be_danced_to(describe, sounds):
    """Clicks at 120 are more danceable than chords without a beat."""
    assert (
        describe(sounds.click_track(120))["danceability"]
        > describe(sounds.noise(20))["danceability"]
    )


def test_major_is_brighter_in_mood(describe, sounds):
    """The same cadence in major has a higher valence than in minor."""
    major, minor = (describe(sounds.cadence(0, mode))["valence"] for mode in ("major", "minor"))
    assert major > minor


@pytest.mark.parametrize(
    ("name", "camelot"),
    [
        ("C major", "8B"), ("A minor", "8A"), ("G major", "9B"), ("F# major", "2B"),
        ("Eb minor", "2A"), ("B major", "1B"), ("F minor", "4A"),
    ],
)  # fmt: skip
def test_names_keys_on_the_wheel(name, camelot):
    """The wheel of harmonic mixing, as every DJ program prints it."""
    tonic, mode = name.split()
    assert camelot == name_camelot(Key(NAMES[mode].index(tonic), mode, name, 1.0))
