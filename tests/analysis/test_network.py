"""The networks as they run in the product."""

import re
from importlib.resources import files

import numpy as np
import pytest

from harmonyhub.analysis import network
from harmonyhub.analysis.network_inputs import scale_levels, scale_tones
from harmonyhub.analysis.spectrum import TONE_BINS


def test_long_and_short_pieces_give_the_same(monkeypatch):
    """What is computed in overlapping pieces equals what the whole at once gives."""
    rng = np.random.default_rng(2)
    levels = rng.normal(-40, 10, (5001, 48)).astype(np.float16)
    tones = (rng.random((1401, TONE_BINS)) ** 8).astype(np.float16)
    pulse, harmony = network.hear_pulse(levels), network.hear_harmony(tones, 10.0)
    monkeypatch.setattr(network, "PULSE_PIECE", 700)
    monkeypatch.setattr(network, "HARMONY_PIECE", 90)
    again = network.hear_harmony(tones, 10.0)
    assert np.allclose(pulse, network.hear_pulse(levels), atol=1e-4)
    for field in ("chords", "bass", "keys"):
        assert np.allclose(getattr(harmony, field), getattr(again, field), atol=1e-3)


@pytest.mark.parametrize("n_frames", [0, 1, 2, 7])
def test_few_frames_are_no_trouble(n_frames):
    """As many chances come out as frames went in, for pairs half as many."""
    assert (n_frames, 2) == network.hear_pulse(np.zeros((n_frames, 48), np.float16)).shape
    heard = network.hear_harmony(np.zeros((n_frames, TONE_BINS), np.float16), 0.0)
    assert (-(-n_frames // 2), 24) == heard.keys.shape


def test_inputs_do_not_depend_on_the_level():
    """20 dB less change neither levels nor tones."""
    rng = np.random.default_rng(4)
    mel_db = rng.normal(-30, 8, (400, 48)).astype(np.float16)
    tones = rng.random((300, TONE_BINS)).astype(np.float16)
    assert np.allclose(scale_levels(mel_db), scale_levels(mel_db - np.float16(20)), atol=2e-3)
    quiet = (tones / 16).astype(np.float16)
    assert np.allclose(scale_tones(tones, 10.0), scale_tones(quiet, 10.0), atol=0.02)


def test_a_detuned_tone_lands_on_its_semitone():
    """A tone 40 cents sharp in a track 40 cents sharp is a plain semitone."""
    tones = np.zeros((10, TONE_BINS), np.float16)
    tones[:, 3 * 33 + 1] = 1.0  # a third of a semitone above semitone 33
    for cents in (20.0, 33.0, 45.0):
        assert 33 == scale_tones(tones, cents)[0].argmax()


def test_weights_are_small_and_documented():
    """The weights stay far under 10 MB, and these are all that the model card names."""
    folder = files("harmonyhub.analysis").joinpath("weights")
    sizes = {path.name: len(path.read_bytes()) for path in folder.iterdir()}
    assert {"pulse.npz", "harmony.npz", "sound.npz"} == {
        name for name in sizes if re.search("npz", name)
    }
    assert sum(sizes.values()) < 2_000_000
