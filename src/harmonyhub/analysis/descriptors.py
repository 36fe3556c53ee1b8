"""A track in the words that Spotify's audio features used, each computed from stated measurements.

None of them was fitted to Spotify's values: weights are chosen by hand, so most are estimates.
"""

from dataclasses import dataclass, replace
from math import exp, log2

import numpy as np

from harmonyhub.domain.analysis import (
    DESCRIPTION_VERSION,
    Character,
    Descriptor,
    Key,
    TrackAnalysis,
)
from harmonyhub.domain.sound import place_on_wheel

# The wheel of harmonic mixing: relative keys share a number, fifths are neighbours.
CAMELOT_MEANING = (
    "key as a number on the wheel of fifths, A for minor and B for major: keys with neighbouring "
    "names mix well"
)


def describe(analysis: TrackAnalysis) -> TrackAnalysis:
    """Give an analysis its descriptors, from nothing but what it holds: no audio is needed.

    So they are made again for stored analyses when a definition changes, in a millisecond instead
    of the seconds that a file takes.

    References
    ----------
    Spotify's Web API, "Get track's audio features" (the names and what they mean); how each is
    computed was not published, so the formulas are ours.
    """
    found = {} if analysis.character is None else _describe(analysis, analysis.character)
    return replace(analysis, descriptors=found, description_version=DESCRIPTION_VERSION)


def _describe(analysis: TrackAnalysis, character: Character) -> dict[str, Descriptor]:
    grounds = _Grounds(analysis, character)
    energy = _energy(grounds)
    mode_confidence = analysis.key.confidence if analysis.key else 0.0
    measured = {
        "brightness": Descriptor(
            round(grounds.character.brightness_hz, 1), 1.0,
            "spectral centroid in Hz, mean over all frames but pauses", is_estimated=False,
        ),
        "camelot": Descriptor(
            name_camelot(grounds.analysis.key), round(mode_confidence, 3), CAMELOT_MEANING,
            is_estimated=False,
        ),
        "mode": Descriptor(
            None if grounds.analysis.key is None else float(grounds.analysis.key.mode == "major"),
            round(mode_confidence, 3), "1 major, 0 minor: of the key of most of the track",
            is_estimated=False,
        ),
    }  # fmt: skip
    estimated = {
        name: Descriptor(round(float(value), 3), confidence, definition)
        for name, value, confidence, definition in (
            ("acousticness", _acousticness(grounds, energy), 0.3,
             "how unamplified it sounds: tonal, dark, uncompressed, few attacks"),
            ("danceability", _danceability(grounds), 0.4,
             "how well it can be danced to: steady, sure beats near 115 a minute, with bass"),
            ("energy", energy, 0.6,
             "how intense it is: loudness, attacks per second, brightness, noisiness"),
            ("instrumentalness", _instrumentalness(grounds), 0.1,
             "how unlikely voices are: little sound between the semitones, no pace of syllables"),
            ("liveness", _liveness(grounds), 0.1,
             "how much the quiet moments sound of a room with people: noisy pauses"),
            ("speechiness", _speechiness(grounds), 0.2,
             "how much it moves at the pace of syllables without a steady beat"),
            ("valence", _valence(grounds, energy), 0.2,
             "how bright its mood may seem: major, quick, bright"),
        )
        if value is not None
    }  # fmt: skip
    return dict(sorted((measured | estimated).items()))


@dataclass(frozen=True, slots=True)
class _Grounds:
    """What descriptors are computed from: an analysis that has a character."""

    analysis: TrackAnalysis
    character: Character


def name_camelot(key: Key | None) -> str | None:
    """Name a key on the wheel of harmonic mixing: "8B" is C major, "8A" A minor."""
    if key is None:
        return None
    ring, number = divmod(place_on_wheel(key) - 1, 12)
    return f"{number + 1}{'AB'[ring]}"


def _ramp(value: float, low: float, high: float) -> float:
    """0 at `low` and below, 1 at `high` and above, straight between."""
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _energy(grounds: _Grounds) -> float:
    sound, loudness = grounds.character, grounds.analysis.loudness
    return (
        0.45 * _ramp(-40.0 if loudness is None else loudness, -32.0, -7.0)
        + 0.25 * _ramp(sound.onsets_per_s, 0.5, 8.0)
        + 0.15 * _ramp(sound.brightness_hz, 400.0, 2500.0)
        + 0.15 * _ramp(sound.flatness, 0.0, 0.3)
    )


def _acousticness(grounds: _Grounds, energy: float) -> float:
    sound = grounds.character
    spread = grounds.analysis.lra or 0.0
    leaning = (
        2.5 * (sound.tonal_share - 0.7) / 0.15
        + 1.5 * (spread - 6.0) / 6.0
        - 3.0 * (energy - 0.45) / 0.2
        - 1.0 * (sound.brightness_hz - 1200.0) / 800.0
    )
    return 1 / (1 + exp(-leaning / 2))


def _danceability(grounds: _Grounds) -> float | None:
    """None in a basic analysis, which has a tempo without the beats to tell how steady it is."""
    found = grounds.analysis
    if found.tempo is None:
        return 0.0
    if not found.beats:
        return None
    periods = np.diff(found.beats)
    wander = float(np.median(np.abs(np.diff(periods))) / np.median(periods))
    pace = exp(-0.5 * (log2(found.tempo / 115.0) / 0.45) ** 2)
    steady = 1 - _ramp(wander, 0.01, 0.12)
    bass = _ramp(grounds.character.bass_share, 0.05, 0.6)
    return 0.3 * pace + 0.3 * steady + 0.25 * _ramp(found.tempo_confidence, 0.3, 0.9) + 0.15 * bass


def _instrumentalness(grounds: _Grounds) -> float:
    sound = grounds.character
    voice = 0.6 * _ramp(sound.vibrato, 0.1, 0.4) + 0.4 * _ramp(sound.syllables, 0.2, 0.6)
    return 1 - voice


def _liveness(grounds: _Grounds) -> float:
    return 0.05 + 0.9 * _ramp(grounds.character.pause_flatness, 0.15, 0.6)


def _speechiness(grounds: _Grounds) -> float:
    sound = grounds.character
    pace = _ramp(sound.syllables, 0.25, 0.7)
    unsteady = 1 - _ramp(grounds.analysis.tempo_confidence, 0.2, 0.6)
    return pace * (0.2 + 0.8 * unsteady)


def _valence(grounds: _Grounds, energy: float) -> float:
    key, tempo = grounds.analysis.key, grounds.analysis.tempo
    major = (
        0.5 if key is None else (0.5 + 0.5 * key.confidence * (1 if key.mode == "major" else -1))
    )
    pace = 0.5 if tempo is None else _ramp(tempo, 60.0, 160.0)
    bright = _ramp(grounds.character.brightness_hz, 400.0, 2500.0)
    return 0.45 * major + 0.25 * pace + 0.15 * bright + 0.15 * energy
