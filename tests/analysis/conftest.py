"""Sounds with known truth, and every container that people have, made by the real encoders."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Encode = Callable[..., Path]
CODECS = {
    "mp3": "libmp3lame",
    "flac": "flac",
    "ogg": "libvorbis",
    "opus": "libopus",
    "m4a": "aac",
    "wav": "pcm_s16le",
    "aiff": "pcm_s16be",
}


def encode_audio(
    path: Path,
    samples: Samples,
    *,
    sample_rate: int = 44_100,
    layout: str | None = None,
    codec: str | None = None,
    tags: dict[str, str] | None = None,
) -> Path:
    """Encode samples of shape (channels, samples) or (samples,) by the suffix of the path."""
    samples = np.atleast_2d(samples).astype(np.float32)
    name = codec or CODECS[path.suffix[1:]]
    if name == "libvorbis" and name not in av.codecs_available:
        name = "vorbis"  # FFmpeg's own encoder takes stereo only
        samples, layout = np.repeat(samples, 2, axis=0)[:2], "stereo"
    layout = layout or {1: "mono", 2: "stereo", 6: "5.1"}[len(samples)]
    with av.open(str(path), "w") as container:
        for key, value in (tags or {}).items():
            container.metadata[key] = value
        options = {"strict": "experimental"}
        stream = container.add_stream(name, rate=sample_rate, layout=layout, options=options)
        for start in range(0, samples.shape[1], 4096):
            piece = np.ascontiguousarray(samples[:, start : start + 4096])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
            frame.sample_rate = sample_rate
            frame.pts = start
            frame.time_base = Fraction(1, sample_rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Write an audio file through a real encoder."""
    return encode_audio


def click_track(bpm: float, *, duration_s: float = 30.0, sample_rate: int = 22_050) -> Samples:
    """Short decaying tones from 0.5 s on."""
    signal = np.zeros(round(duration_s * sample_rate), np.float32)
    length = sample_rate // 20
    time = np.arange(length) / sample_rate
    click = np.sin(2 * np.pi * 1000 * time) * np.exp(-100 * time)
    for at in np.arange(0.5, duration_s - 0.5, 60 / bpm):
        start = round(at * sample_rate)
        signal[start : start + length] += 0.5 * click
    return signal


def cadence(
    tonic: int, mode: str, *, tuning_cents: float = 0.0, sample_rate: int = 22_050
) -> Samples:
    """Play I IV V I or i iv V i three times with four harmonics a note."""
    third = 4 if mode == "major" else 3
    chords = [(0, third, 7), (5, 5 + third, 12), (7, 11, 14), (0, third, 7)] * 3
    time = np.arange(sample_rate) / sample_rate
    bars = []
    for chord in chords:
        bar = np.zeros(sample_rate)
        for step in chord:
            hz = 440 * 2 ** ((48 + tonic + step - 57 + tuning_cents / 100) / 12)
            for harmonic in range(1, 5):
                bar += 0.5**harmonic * np.sin(2 * np.pi * harmonic * hz * time)
        bars.append(bar * np.exp(-time) * 0.2)
    return np.concatenate(bars).astype(np.float32)


def noise(duration_s: float, *, sample_rate: int = 22_050, seed: int = 7) -> Samples:
    """White noise at -20 dBFS."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.1, round(duration_s * sample_rate)).astype(np.float32)


@pytest.fixture(scope="session")
def sounds() -> type["Sounds"]:
    """Give the makers of sounds with known truth."""
    return Sounds


class Sounds:
    """The makers above under one name, since test files cannot import each other."""

    click_track = staticmethod(click_track)
    cadence = staticmethod(cadence)
    noise = staticmethod(noise)
