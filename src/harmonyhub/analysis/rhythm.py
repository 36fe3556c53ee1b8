"""From the levels of a track to its beats, bars and tempo."""

from dataclasses import dataclass

import numpy as np

from harmonyhub.analysis import FloatArray
from harmonyhub.analysis.bars import find_bars
from harmonyhub.analysis.beats import propose_beats
from harmonyhub.analysis.harmony import HeardTones
from harmonyhub.analysis.metrical_levels import choose_beats
from harmonyhub.analysis.network import hear_pulse
from harmonyhub.analysis.pulse_evidence import gather_evidence
from harmonyhub.analysis.spectrum import Spectrum

# A chance that few beats must exceed by more. In noise, which it learnt from too, the network hears
# no beat at all; of twenty pieces of human piano the faintest is heard at 0.20.
MIN_CONFIDENCE = 0.1


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The pulse of a track.

    Attributes
    ----------
    tempo_bpm : float or None
        Of the median felt beat.
    confidence : float
        In [0, 1]: mean chance, as the network hears it, of the beats that were placed.
    beats_s, downbeats_s : array
        Seconds, increasing.
    beats_per_bar : int or None
        Of most bars.
    bar_confidence : float
        In [0, 1].
    """

    tempo_bpm: float | None
    confidence: float
    beats_s: FloatArray
    downbeats_s: FloatArray
    beats_per_bar: int | None
    bar_confidence: float


NO_RHYTHM = Rhythm(None, 0.0, np.empty(0), np.empty(0), None, 0.0)


def find_rhythm(spectrum: Spectrum, tones: HeardTones, duration_s: float) -> Rhythm:
    """Find beats, downbeats and tempo; `NO_RHYTHM` where nothing is steady enough."""
    rate = spectrum.mel_rate
    likely = hear_pulse(spectrum.mel_db)
    proposed = [beats_s[beats_s < duration_s] for beats_s in propose_beats(likely[:, 0], rate)]
    evidence = gather_evidence(spectrum, likely, tones.logits.chords)
    beats_s = choose_beats(proposed, evidence)
    if not len(beats_s):
        return NO_RHYTHM
    frames = np.clip(np.round(beats_s * rate).astype(int), 1, len(likely) - 2)
    near = np.stack([likely[frames + step, 0] for step in (-1, 0, 1)])
    confidence = float(near.max(axis=0).mean())
    if confidence < MIN_CONFIDENCE + 1 / len(beats_s):
        return NO_RHYTHM
    bars = find_bars(beats_s, evidence)
    return Rhythm(
        tempo_bpm=60.0 / float(np.median(np.diff(beats_s))),
        confidence=confidence,
        beats_s=beats_s,
        downbeats_s=beats_s[bars.positions == 0],
        beats_per_bar=bars.beats_per_bar,
        bar_confidence=bars.confidence,
    )
