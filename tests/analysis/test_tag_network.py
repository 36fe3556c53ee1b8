"""The tagging networks, held against slow and plain arithmetic, and against the original."""

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate

from harmonyhub.analysis.tag_excerpts import ExcerptPass
from harmonyhub.analysis.tag_network import N_BANDS, N_FRAMES, hear_tags
from harmonyhub.analysis.tagger import Tagger
from harmonyhub.analysis.track import analyse_file, hear_file, to_json_object
from harmonyhub.domain.sound_tags import MSD, MTT, TAGS_VERSION, HeardTags, name_tags
from harmonyhub.sources.tag_weights import read_weights
from tests.tools.tag_weights import draw_network

RATE = 22_050


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    """Draw a small network at random."""
    return draw_network(seed=6)


def plain(levels: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Compute the network as its paper draws it, one filter after the other."""

    def leave(product: np.ndarray, name: str) -> np.ndarray:
        rectified = np.maximum(product + weights[f"{name}.bias"], 0)
        return rectified * weights[f"{name}.scale"] + weights[f"{name}.shift"]

    def look(signal: np.ndarray, name: str, kernel: tuple[int, int]) -> np.ndarray:
        taps = weights[f"{name}.weight"].reshape(*kernel, -1)
        before = (kernel[0] - 1) // 2
        padded = np.pad(signal, ((before, kernel[0] - 1 - before), (0, 0)))
        filters = np.moveaxis(taps, 2, 0)
        maps = np.stack([correlate(padded, one, mode="valid") for one in filters], axis=-1)
        return leave(maps, name).max(axis=1)

    signal = levels * weights["input.scale"] + weights["input.shift"]
    kernels = {
        "low": (7, 38),
        "high": (7, 67),
        "long": (128, 1),
        "middle": (64, 1),
        "short": (32, 1),
    }
    front = np.concatenate([look(signal, name, size) for name, size in kernels.items()], axis=1)
    one = look(front, "dense1", (7, front.shape[1]))
    two = one + look(one, "dense2", (7, 6))
    three = two + look(two, "dense3", (7, 6))
    heard = np.concatenate([front, one, two, three], axis=1)
    pooled = np.column_stack([heard.max(axis=0), heard.mean(axis=0)]).ravel()
    pooled = pooled * weights["pooled.scale"] + weights["pooled.shift"]
    dense = leave(pooled @ weights["penultimate.weight"], "penultimate")
    return 1 / (1 + np.exp(-(dense @ weights["tags.weight"] + weights["tags.bias"])))


def test_the_network_is_the_one_of_its_paper(weights) -> None:
    """Tiles, the largest product instead of the largest output, and padding change nothing."""
    levels = np.random.default_rng(7).random((N_FRAMES, N_BANDS)).astype(np.float32)
    assert np.allclose(plain(levels, weights), hear_tags(levels, weights), atol=1e-4)


def piece() -> np.ndarray:
    """Play a chord of four tones with harmonics and a noise every half second, 9.5 s."""
    times = np.arange(int(9.5 * RATE)) / RATE
    signal = np.zeros_like(times)
    for voice, hz in enumerate((110.0, 220.0, 277.18, 329.63)):
        for number in range(1, 9):
            turn = 2 * np.pi * hz * number * times * (1 + 0.0005 * voice)
            signal += 0.08 / number * np.sin(turn)
    noise = np.random.default_rng(1).standard_normal(len(times))
    return (signal + 0.2 * noise * np.exp(-12 * (times % 0.5))).astype(np.float32)


def test_levels_are_those_of_librosa() -> None:
    """Mean levels of bands equal what librosa 0.11 gives at 16 kHz, where music is and on top."""
    excerpts = ExcerptPass()
    for part in np.array_split(piece(), 7):
        excerpts.add(part)
    heard = np.array(excerpts.finish())
    assert (3, N_FRAMES, N_BANDS) == heard.shape
    means = heard.mean(axis=(0, 1))
    # librosa.load(sr=16000), melspectrogram(n_fft=512, hop_length=256, n_mels=96), log10(1e4 x + 1)
    expected = {0: 1.6197, 4: 3.2031, 12: 3.2231, 24: 2.7849, 48: 2.5432, 72: 1.0934, 90: 1.1147}
    assert expected == pytest.approx({band: float(means[band]) for band in expected}, abs=0.004)


def test_an_excerpt_does_not_depend_on_how_the_signal_comes() -> None:
    """Blocks of any length give the same excerpts, evenly over a long track, and no pauses."""
    signal = np.tile(piece(), 13)[: 115 * RATE]
    signal[: 9 * RATE] = 0.0
    heard = []
    for n_blocks in (3, 118):
        excerpts = ExcerptPass()
        for part in np.array_split(signal, n_blocks):
            excerpts.add(part)
        heard.append(np.array(excerpts.finish()))
    assert np.array_equal(*heard)
    assert 9 == len(heard[0])  # every fourth of 38, without the first, which is silent


@pytest.mark.parametrize("n_samples", [0, 100, int(2.9 * RATE)])
def test_too_short_a_track_has_no_excerpt(n_samples: int) -> None:
    """Below 3 s nothing is guessed, and the reason is said."""
    excerpts = ExcerptPass()
    excerpts.add(piece()[:n_samples])
    assert HeardTags(TAGS_VERSION, n_excerpts=0) == Tagger({}).hear(excerpts.finish())


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    """Take the networks that are installed beside the packages, as CI installs them."""
    arrays = read_weights(Path(__file__).parents[2] / ".venv")
    if arrays is None:
        pytest.skip("no weights: HARMONYHUB_DATA_DIR=$PWD/.venv ./hub tags install")
    return Tagger(arrays)


def test_tags_are_those_of_the_original(tagger, encode, tmp_path) -> None:
    """The likeliest tags of a piece have the scores that the original gives them."""
    path = encode(tmp_path / "a.wav", piece(), sample_rate=RATE)
    analysis = analyse_file(path, tagger=tagger)
    heard = analysis.heard_tags
    assert hear_file(path, tagger) == heard
    assert heard is not None
    # The network of musicnn 0.1.0 in TensorFlow on the levels of librosa, mean of three excerpts.
    msd = {"indie": 0.5151, "indie pop": 0.2136, "indie rock": 0.1881, "rock": 0.1496}
    mtt = {"guitar": 0.6771, "slow": 0.4129, "country": 0.2625, "rock": 0.2477}
    assert msd == pytest.approx({tag: heard.scores["msd"][MSD.index(tag)] for tag in msd}, abs=0.01)
    assert mtt == pytest.approx({tag: heard.scores["mtt"][MTT.index(tag)] for tag in mtt}, abs=0.01)
    told = to_json_object(analysis)["tags"]
    assert ["guitar", "indie"] == [tag["name"] for tag in told]
    assert [0.677, 0.515] == pytest.approx([tag.score for tag in name_tags(heard)], abs=0.01)
