"""The audio of the synthetic journey: a few seconds of a struck chord, made of numbers."""

import io
import wave

import numpy as np

SAMPLE_RATE = 22_050  # Hz
DURATION_S = 3.0  # the shortest that tempo and key are measured on
CHORD_HZ = (220.0, 277.18, 329.63)  # A major


def make_tone() -> bytes:
    """Make a short WAV file: a chord struck twice a second; the same bytes every time."""
    time_s = np.arange(int(SAMPLE_RATE * DURATION_S)) / SAMPLE_RATE
    decay = np.exp(-8.0 * (time_s % 0.5))
    chord = sum(np.sin(2 * np.pi * hz * time_s) for hz in CHORD_HZ) / len(CHORD_HZ)
    samples = (0.6 * decay * chord * np.iinfo(np.int16).max).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()
