"""Who is asked about a piece: ours and the peers that are installed, each as its makers show it."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from harmonyhub.analysis.track import analyse_file

Span = tuple[float, float, str]
# Krumhansl and Kessler 1982, the profiles that people use with librosa's chroma.
KRUMHANSL = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an analyser says of one file; None where it does not say."""

    tempo: float | None
    beats: np.ndarray
    downbeats: np.ndarray | None = None
    beats_per_bar: int | None = None
    key: tuple[int, str] | None = None
    chords: list[Span] | None = None
    borders: np.ndarray | None = None
    parts: list[Span] | None = None
    is_asked_key: bool = field(default=True)


def ask_ours(path: Path) -> Answer:
    """Run the whole recipe, loudness, descriptors and pictures included."""
    analysis = analyse_file(path)
    return Answer(
        tempo=analysis.tempo,
        beats=np.array(analysis.beats),
        downbeats=np.array(analysis.downbeats),
        beats_per_bar=analysis.time_signature or 0,
        key=(analysis.key.tonic, analysis.key.mode) if analysis.key else None,
        chords=list(analysis.chords),
        borders=np.array([start for start, _, _ in analysis.sections[1:]]),
        parts=list(analysis.sections),
    )


def ask_librosa(path: Path) -> Answer:
    """Beats by its tracker, key and triads by its chroma, parts by its clustering of chroma."""
    import librosa  # noqa: PLC0415  a peer, never a dependency

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
    n_parts = max(2, round(len(signal) / rate / 15))
    frames = librosa.segment.agglomerative(chroma, n_parts)
    return Answer(
        tempo=float(np.atleast_1d(tempo)[0]),
        beats=beats,
        key=max(scores, key=scores.__getitem__),
        borders=librosa.frames_to_time(frames, sr=rate)[1:],
    )


def ask_aubio(path: Path) -> Answer:
    """Beats by aubio's default tracker; it reads what its build can read."""
    import aubio  # noqa: PLC0415  a peer, never a dependency

    source = aubio.source(str(path), 44_100, 512)
    tracker = aubio.tempo("default", 1024, 512, 44_100)
    beats = []
    while True:
        samples, n_read = source()
        if tracker(samples):
            beats.append(tracker.get_last_s())
        if n_read < 512:
            break
    periods = np.diff(beats)
    tempo = 60 / float(np.median(periods)) if len(periods) else None
    return Answer(tempo=tempo, beats=np.array(beats), is_asked_key=False)


def find_analysers() -> dict[str, Callable[[Path], Answer]]:
    """Ours, then the peers that are installed here."""
    peers = {"librosa": ask_librosa, "aubio": ask_aubio}
    return {"ours": ask_ours} | {name: ask for name, ask in peers.items() if find_spec(name)}
