"""In what two tracks sound alike, in words, each of them a measured part of their distance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, log2
from typing import Self

import numpy as np

from harmonyhub.domain.sound import SOUND_PARTS, TrackSound, place_on_wheel
from harmonyhub.recommender.interactions import FloatArray
from harmonyhub.recommender.sounds import LEAST_LIKENESS, Sounds, like, measure_distances

# Shares of what two tracks differ in a part on the average. 58 pieces, each rendered with another
# soundfont, key and disturbance too: of different ones 3 (timbre) to 13 % (texture) are so near, of
# the same 28 (timbre) to 98 % (rhythm). In two coordinates chance brings nearer.
NEAR = {"timbre": 0.35, "rhythm": 0.35, "harmony": 0.35, "texture": 0.35, "loudness": 0.1}
SAME_TEMPO = log2(1.02)  # 2 %: nobody hears less without a comparison
NEAR_TEMPO = log2(1.06)  # what a player's pitch control can make up for
MOST_WORDS = 3
NOTHING_MORE = "a little of everything"
PHRASES = {
    "timbre": "similar timbre",
    "rhythm": "similar rhythm",
    "harmony": "similar harmony",
    "texture": "similar texture",
    "loudness": "similar loudness",
}


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """How one track sounds: its point, tempo (NaN unknown) and place on the wheel (0 unknown)."""

    point: FloatArray
    tempo_bpm: float
    wheel: int

    @property
    def has_point(self) -> bool:
        """Whether its analysis had a print."""
        return not isnan(self.point[0])

    @classmethod
    def at(cls, sounds: Sounds, row: int) -> Self:
        """Take an analysed track of an index."""
        return cls(sounds.points[row], float(sounds.tempo_bpm[row]), int(sounds.wheel[row]))

    @classmethod
    def of(cls, sound: TrackSound) -> Self | None:
        """Take a track that no index knows yet; None without a point."""
        if sound.point is None:
            return None
        tempo, key = sound.facts.tempo, sound.facts.key
        return cls(
            point=np.array(sound.point, dtype=np.float32),
            tempo_bpm=float("nan") if tempo is None else tempo,
            wheel=place_on_wheel(key) if key else 0,
        )


@dataclass(frozen=True, slots=True)
class SoundsLike:
    """One track that sounds like another.

    Attributes
    ----------
    row : int
        Of `Sounds`.
    distance : float
        Squared, the mean of two tracks is about 1; the sum of `parts`.
    parts : mapping
        Squared distance by part of the space of sound.
    words : sequence of str
        In what they are alike, what brings them nearest first.
    """

    row: int
    distance: float
    parts: Mapping[str, float]
    words: Sequence[str]


def find_nearest(sounds: Sounds, heard: Heard, *, n: int, besides: int = -1) -> list[SoundsLike]:
    """Find the tracks that sound most like one, the nearest first; `besides` is a row left out.

    What is as far off as any track does not sound like it, however few there are.
    """
    distances = measure_distances(heard.point[None], sounds.points)[0]
    distances[np.isnan(distances)] = np.inf
    if besides >= 0:
        distances[besides] = np.inf
    nearest = np.argsort(distances, kind="stable")[:n]
    return [
        compare(heard, Heard.at(sounds, row), row=row)
        for row in nearest.tolist()
        if like(distances[row]) >= LEAST_LIKENESS
    ]


def compare(one: Heard, other: Heard, *, row: int = -1) -> SoundsLike:
    """Take the distance of two tracks apart."""
    parts = {
        name: float(np.square(one.point - other.point)[part.columns].sum())
        for name, part in SOUND_PARTS.items()
    }
    return SoundsLike(row, sum(parts.values()), parts, _tell(one, other, parts))


def say_likeness(words: Sequence[str]) -> str:
    """Write the words as one phrase: "the same tempo, a neighbouring key and similar timbre"."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _tell(one: Heard, other: Heard, parts: Mapping[str, float]) -> tuple[str, ...]:
    phrases = {
        name: phrase
        for name, phrase in PHRASES.items()
        if parts[name] < NEAR[name] * SOUND_PARTS[name].share
    }
    phrases |= {
        name: phrase
        for name, phrase in (
            ("tempo", say_tempos(one.tempo_bpm, other.tempo_bpm)),
            ("key", say_keys(one.wheel, other.wheel)),
        )
        if phrase
    }
    saved = {name: SOUND_PARTS[name].share - parts[name] for name in phrases}
    words = sorted(phrases, key=lambda name: -saved[name])[:MOST_WORDS]
    return tuple(phrases[name] for name in words) or (NOTHING_MORE,)


def say_tempos(one_bpm: float, other_bpm: float) -> str:
    """Say how two tempi fit; nothing where they do not, or one is unknown."""
    if isnan(one_bpm) or isnan(other_bpm) or min(one_bpm, other_bpm) <= 0:
        return ""
    octaves = log2(other_bpm / one_bpm)
    if abs(octaves) <= SAME_TEMPO:
        return "the same tempo"
    if abs(octaves) <= NEAR_TEMPO:
        return "a similar tempo"
    if abs(abs(octaves) - 1) <= SAME_TEMPO:
        return "twice the tempo" if octaves > 0 else "half the tempo"
    return ""


def say_keys(one: int, other: int) -> str:
    """Say how two keys fit on the wheel of harmonic mixing; nothing where they do not."""
    if not one or not other:
        return ""
    if one == other:
        return "the same key"
    apart = (one - other) % 12
    is_same_ring = (one > 12) == (other > 12)
    is_neighbour = apart in (1, 11) if is_same_ring else apart == 0
    return "a neighbouring key" if is_neighbour else ""
