"""Points in the space of sound, whose neighbours sound alike: its parts, and what lies in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from harmonyhub.domain.analysis import Key, SoundPrint
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.sound_tags import HeardTags

EMBEDDING_VERSION = 1  # grows whenever the same print would get another point


@dataclass(frozen=True, slots=True)
class SoundPart:
    """Some neighbouring coordinates: `share` of the mean squared distance of two tracks."""

    start: int
    width: int
    share: float

    @property
    def columns(self) -> slice:
        """Where the part lies."""
        return slice(self.start, self.start + self.width)


SOUND_PARTS: Mapping[str, SoundPart] = MappingProxyType(
    {
        "timbre": SoundPart(0, 12, 0.30),
        "rhythm": SoundPart(12, 12, 0.25),
        "harmony": SoundPart(24, 6, 0.10),
        "texture": SoundPart(30, 6, 0.10),
        "loudness": SoundPart(36, 2, 0.05),
        "tempo": SoundPart(38, 3, 0.15),
        "key": SoundPart(41, 3, 0.05),
    }
)
SOUND_WIDTH = 44


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """What of an analysis says how the track sounds; None where it was not measured.

    `energy` and `valence` in [0, 1], `loudness` in LUFS, `lra` in LU. Nor is there `heard_tags`
    where no network heard it.
    """

    tempo: float | None
    key: Key | None
    loudness: float | None
    lra: float | None
    energy: float | None
    valence: float | None
    sound: SoundPrint | None
    heard_tags: HeardTags | None = None


@dataclass(frozen=True, slots=True)
class SoundTraits:
    """What of an analysis is compared with what a listener usually hears; None if not measured.

    `tempo` in BPM, `brightness` in Hz, the others in [0, 1].
    """

    energy: float | None
    danceability: float | None
    valence: float | None
    brightness: float | None
    acousticness: float | None
    tempo: float | None


@dataclass(frozen=True, slots=True)
class TrackSound:
    """How a track of the catalogue sounds: facts, and its point, shape (SOUND_WIDTH,), or None."""

    track_id: TrackId
    facts: SoundFacts
    point: Sequence[float] | None


def place_on_wheel(key: Key) -> int:
    """Give a key its place on the wheel of harmonic mixing: 1A to 12A are 1 to 12, 1B is 13."""
    return (count_fifths(key) + 7) % 12 + 1 + 12 * (key.mode == "major")


def count_fifths(key: Key) -> int:
    """Count the fifths from C to a key, 0 to 11; relative keys share a number."""
    return (key.tonic if key.mode == "major" else key.tonic + 3) * 7 % 12
