"""From the tones of a track to its tuning, chroma, keys and chords."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis import FloatArray
from harmonyhub.analysis.chords import find_chords
from harmonyhub.analysis.chroma import estimate_tuning, fold_chroma
from harmonyhub.analysis.key import estimate_keys
from harmonyhub.analysis.network import HarmonyLogits, hear_harmony
from harmonyhub.analysis.spectrum import Spectrum
from harmonyhub.domain.analysis import Chord, Key


@dataclass(frozen=True, slots=True)
class Harmony:
    """The pitches of a track.

    Attributes
    ----------
    chroma : array, shape (frames, 12)
        0 or more.
    key, tuning_cents
        None where no set of pitches stands out.
    key_segments : list of (start s, end s, Key)
    chords : list of Chord
    """

    chroma: NDArray[np.float32]
    key: Key | None = None
    tuning_cents: float | None = None
    key_segments: list[tuple[float, float, Key]] = field(default_factory=list)
    chords: list[Chord] = field(default_factory=list)


class HeardTones(NamedTuple):
    """What the tones of a track say before its beats are known.

    Attributes
    ----------
    chroma : array, shape (frames, 12)
        0 or more.
    pair_rate : float
        Rows of `logits` per second.
    """

    tuning_cents: float
    chroma: NDArray[np.float32]
    logits: HarmonyLogits
    pair_rate: float


def hear_tones(spectrum: Spectrum) -> HeardTones:
    """Tune the track and hear its pitch classes, chords and keys."""
    tuning_cents = estimate_tuning(spectrum.pitches)
    return HeardTones(
        tuning_cents=tuning_cents,
        chroma=fold_chroma(spectrum.pitches, tuning_cents),
        logits=hear_harmony(spectrum.tones, tuning_cents),
        pair_rate=spectrum.pitch_rate / 2,
    )


def find_harmony(tones: HeardTones, beats_s: FloatArray, duration_s: float) -> Harmony:
    """Find key and chords; chords change where beats are."""
    tuning_cents, chroma, logits, pair_rate = tones
    key, segments = estimate_keys(logits.keys, chroma, pair_rate)
    if key is None:
        return Harmony(chroma)
    chords = find_chords(logits, pair_rate, beats_s=beats_s, duration_s=duration_s)
    ends = [end for _, end, _ in segments[:-1]] + [duration_s]
    return Harmony(
        chroma=chroma,
        key=key,
        tuning_cents=tuning_cents,
        key_segments=[
            (start, end, named) for (start, _, named), end in zip(segments, ends, strict=True)
        ],
        chords=chords,
    )
