"""Places a track in the space of sound: near points sound alike, part by part.

The scales and directions were learnt by `training/sound.py`, whose README tells from what.
"""

from functools import cache
from importlib.resources import files
from math import cos, log2, pi, sin, tau

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.analysis import Key, SoundPrint, TrackAnalysis
from harmonyhub.domain.sound import SOUND_PARTS, SOUND_WIDTH, SoundFacts, count_fifths

MEASURED = ("timbre", "rhythm", "harmony", "texture")
# Middle and spread of mastered music in LUFS and LU; the training pieces were never mastered.
LOUDNESS, RANGE = (-14.0, 5.0), (7.0, 4.0)
MIDDLE_BPM = 110.0
# Mean squared distances of two pieces before scaling, as `training.sound` prints them.
SPREAD = {"loudness": 4.0, "tempo": 2.0, "key": 2.5}


def gather_facts(analysis: TrackAnalysis) -> SoundFacts:
    """Take what says how a track sounds out of its analysis."""
    return SoundFacts(
        tempo=analysis.tempo,
        key=analysis.key,
        loudness=analysis.loudness,
        lra=analysis.lra,
        energy=_number(analysis, "energy"),
        valence=_number(analysis, "valence"),
        sound=analysis.sound,
        heard_tags=analysis.heard_tags,
    )


def embed(facts: SoundFacts) -> NDArray[np.float32] | None:
    """Give a track its point, shape (SOUND_WIDTH,); None where the analysis has no print.

    The mean squared distance of two pieces is about 1, and that of each part its `share`. What
    could not be measured of tempo, key or loudness stands in the middle.

    Notes
    -----
    By part, in the order of `SOUND_PARTS`:

    timbre (12), rhythm (12), harmony (6), texture (6)
        The directions of the print in which pieces differ most for how much recordings of one
        piece differ (linear discriminant analysis with a ridge).
    loudness (2)
        Integrated loudness, loudness range.
    tempo (3)
        Cosine and sine on a circle where double and half tempo meet; octaves from 110 a minute.
    key (3)
        Cosine and sine on the circle of fifths, where relative keys share a place; mode.

    References
    ----------
    Fisher 1936, "The use of multiple measurements in taxonomic problems"; Hatch, Kajarekar and
    Stolcke 2006, "Within-class covariance normalization", Interspeech.
    """
    if facts.sound is None:
        return None
    point: NDArray[np.float32] = np.zeros(SOUND_WIDTH, np.float32)
    for name, part in SOUND_PARTS.items():
        raw = _place_print(facts.sound, name) if name in MEASURED else _place_fact(facts, name)
        point[part.columns] = raw * np.float32(part.share**0.5)
    return point


def _number(analysis: TrackAnalysis, name: str) -> float | None:
    found = analysis.descriptors.get(name)
    return found.value if found is not None and isinstance(found.value, float) else None


def _place_print(sound: SoundPrint, name: str) -> NDArray[np.float32]:
    weights = _load()
    values = np.array(getattr(sound, name), np.float32)
    return np.asarray((values - weights[f"{name}.mean"]) @ weights[f"{name}.matrix"], np.float32)


def _place_fact(facts: SoundFacts, name: str) -> NDArray[np.float32]:
    if name == "loudness":
        pairs = ((facts.loudness, LOUDNESS), (facts.lra, RANGE))
        raw = [0.0 if x is None else (x - middle) / spread for x, (middle, spread) in pairs]
    elif name == "tempo":
        raw = _turn_tempo(facts.tempo)
    else:
        raw = _turn_key(facts.key)
    return np.asarray(np.array(raw) / SPREAD[name] ** 0.5, np.float32)


def _turn_tempo(tempo_bpm: float | None) -> list[float]:
    if not tempo_bpm:
        return [0.0, 0.0, 0.0]
    octaves = log2(tempo_bpm / MIDDLE_BPM)
    return [cos(tau * octaves), sin(tau * octaves), octaves]


def _turn_key(key: Key | None) -> list[float]:
    if key is None:
        return [0.0, 0.0, 0.0]
    angle = pi * count_fifths(key) / 6
    return [cos(angle), sin(angle), 0.5 if key.mode == "major" else -0.5]


@cache
def _load() -> dict[str, NDArray[np.float32]]:
    path = files("harmonyhub.analysis").joinpath("weights", "sound.npz")
    with path.open("rb") as file, np.load(file) as arrays:
        return {key: arrays[key].astype(np.float32) for key in arrays.files}
