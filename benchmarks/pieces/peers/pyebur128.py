"""pyebur128 (MIT), which wraps libebur128: integrated loudness."""

import wave
from array import array

import pyebur128

from benchmarks.pieces.peers.sound import wav_of


def ask(path: str) -> dict[str, object]:
    """Measure what ffmpeg decodes, a second at a time."""
    with wav_of(path) as name, wave.open(name) as wav:
        rate, n_channels = wav.getframerate(), wav.getnchannels()
        state = pyebur128.R128State(n_channels, rate, pyebur128.MeasurementMode.MODE_I)
        while samples := wav.readframes(rate):
            state.add_frames(array("h", samples), len(samples) // (2 * n_channels))
        return {"loudness": pyebur128.get_loudness_global(state)}
