"""How sure it is that a hit of a search is the track that was looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from math import prod
from typing import Final

from harmonyhub.domain.identity import normalize_artist, normalize_title
from harmonyhub.domain.music import Track, TrackDescription

LEAST_CONFIDENCE: Final = 0.7
"""At or above it a hit is taken; docs/spotify.md has the measurement."""

ALIKE: Final = 0.88  # "coming" and "comin'", not "everyday" and "everybody", nor "unfoolish"
SHORTEST_MISSPELT: Final = 5
OTHER_VERSION: Final = 0.3  # live for studio, a remix for the original: never taken
OTHER_CUT: Final = 0.8  # a radio edit for the album's: taken where there is nothing better
OTHER_ISRC: Final = 0.97  # one recording often has several
NEAR_S, FAR_S, WRONG_S = 4.0, 15.0, 45.0  # fades and silence; another mastering; another recording
FAR, WRONG = 0.9, 0.75
NO_DURATION: Final = 0.96
SAME_ISRC: Final = 0.9  # a code is now and then given to a wrong recording: the names count too


class FoundBy(StrEnum):
    """How a track was found at a service."""

    KNOWN_ID = "known-id"
    ISRC = "isrc"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Match:
    """The best hit: its id at the service and how sure it is, in [0, 1]."""

    spotify_id: str
    confidence: float


def choose(track: Track, hits: Sequence[TrackDescription]) -> Match | None:
    """Choose the hit that is most surely the track; None where none is sure enough.

    Among equals the first wins: the service puts what people play first.
    """
    best: Match | None = None
    for hit in hits:
        if hit.spotify_id is None:
            continue
        confidence = judge(track, hit)
        if confidence >= LEAST_CONFIDENCE and (best is None or confidence > best.confidence):
            best = Match(hit.spotify_id, confidence)
    return best


def judge(track: Track, hit: TrackDescription) -> float:
    """Tell how sure it is that a hit is the track, in [0, 1].

    The product of how well artist, title, version and duration agree. A remaster is the same
    recording; live, remix, acoustic and the like are another one (`domain.identity`).
    """
    names = _artist(track, hit) * _title(track.title, hit.title)
    length = _duration(track.duration_s, hit.duration_s)
    codes = {key.removeprefix("isrc:") for key in track.keys if key.startswith("isrc:")}
    if hit.isrc and hit.isrc in codes:
        # The same code stands for a version marker that only one side has written down.
        return max(SAME_ISRC * _names_alike(track, hit), names * length)
    return names * length * (OTHER_ISRC if codes and hit.isrc else 1.0)


def _names_alike(track: Track, hit: TrackDescription) -> float:
    bare = _alike(normalize_title(track.title)[0], normalize_title(hit.title)[0])
    return 1.0 if max(bare, _artist(track, hit)) > 0 else 0.5


def _artist(track: Track, hit: TrackDescription) -> float:
    """Compare main artists; a guest of one side may be the main artist of the other."""
    ours = [normalize_artist(name) for name in track.artist_names]
    theirs = [normalize_artist(name) for name in hit.artists]
    if ours[0] == theirs[0]:
        return 1.0
    if ours[0] in theirs or theirs[0] in ours:
        return 0.95
    credit = " ".join(theirs)  # "Simon and Garfunkel" as two artists, or as one
    if " ".join(ours) == credit or ours[0].replace(" and ", " ") == credit:
        return 0.95
    return _alike(ours[0], theirs[0])


def _title(ours: str, theirs: str) -> float:
    (name, markers), (other_name, other_markers) = normalize_title(ours), normalize_title(theirs)
    return _alike(name, other_name) * _version(markers, other_markers)


def _version(markers: str, other: str) -> float:
    if markers == other:
        return 1.0
    differing = set(markers.split("+")) ^ set(other.split("+"))
    return OTHER_CUT if differing <= {"edit", ""} else OTHER_VERSION


def _duration(ours: float | None, theirs: float | None) -> float:
    if not ours or not theirs:
        return NO_DURATION
    apart_s = abs(ours - theirs)
    if apart_s <= NEAR_S:
        return 1.0
    if apart_s <= FAR_S:
        return FAR
    return WRONG if apart_s <= WRONG_S else OTHER_VERSION


def _alike(name: str, other: str) -> float:
    """Compare names word by word: a word more is another name ("II"), a word alike a misspelling.

    Short words count as they stand: between "part 1" and "part 2" lies one letter.
    """
    if name.replace(" ", "") == other.replace(" ", ""):
        return 1.0
    words, others = name.split(), other.split()
    if len(words) != len(others):
        return 0.0
    return prod(_word_alike(*pair) for pair in zip(words, others, strict=True))


def _word_alike(word: str, other: str) -> float:
    if word == other:
        return 1.0
    if min(len(word), len(other)) < SHORTEST_MISSPELT:
        return 0.0
    ratio = SequenceMatcher(None, word, other, autojunk=False).ratio()
    return ratio if ratio >= ALIKE else 0.0
