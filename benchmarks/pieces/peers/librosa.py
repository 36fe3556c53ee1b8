"""librosa (ISC): beats by its tracker, key by its chroma, parts by its clustering of chroma."""

import warnings

import librosa
import numpy as np

# Krumhansl and Kessler 1982, the profiles that people use with librosa's chroma.
KRUMHANSL = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}


def ask(path: str) -> dict[str, object]:
    """Run what its documentation shows, at its own rate of 22,050 Hz."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # m4a goes through a reader that librosa deprecates
        signal, rate = librosa.load(path, sr=22_050, mono=True)
    tempo, beats = librosa.beat.beat_track(y=signal, sr=rate, units="time")
    chroma = librosa.feature.chroma_cqt(y=signal, sr=rate)
    profile = chroma.mean(axis=1)
    scores = {
        (tonic, mode): np.corrcoef(profile, np.roll(shape, tonic))[0, 1]
        for mode, shape in KRUMHANSL.items()
        for tonic in range(12)
    }
    frames = librosa.segment.agglomerative(chroma, max(2, round(len(signal) / rate / 15)))
    return {
        "tempo": float(np.atleast_1d(tempo)[0]),
        "beats": beats.tolist(),
        "key": max(scores, key=scores.__getitem__),
        "borders": librosa.frames_to_time(frames, sr=rate)[1:].tolist(),
    }
