"""aubio (GPL-3.0): beats by its default tracker, tempo from their median distance."""

import itertools
import statistics

import aubio

from benchmarks.pieces.peers.sound import wav_of

RATE, WINDOW, HOP = 44_100, 1024, 512


def ask(path: str) -> dict[str, object]:
    """Track beats; the package from PyPI reads wav files only."""
    with wav_of(path, rate=RATE) as wav:
        source = aubio.source(wav, RATE, HOP)
        tracker = aubio.tempo("default", WINDOW, HOP, RATE)
        beats = []
        while True:
            samples, n_read = source()
            if tracker(samples):
                beats.append(float(tracker.get_last_s()))
            if n_read < HOP:
                break
    periods = [after - before for before, after in itertools.pairwise(beats)]
    return {"beats": beats, "tempo": 60 / statistics.median(periods) if periods else None}
