"""pyloudnorm (MIT): integrated loudness."""

import pyloudnorm
from scipy.io import wavfile

from benchmarks.pieces.peers.sound import wav_of


def ask(path: str) -> dict[str, object]:
    """Measure what ffmpeg decodes."""
    with wav_of(path, codec="pcm_f32le") as wav:
        rate, samples = wavfile.read(wav)
        return {"loudness": float(pyloudnorm.Meter(rate).integrated_loudness(samples))}
