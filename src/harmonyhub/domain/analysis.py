"""What the analysis of one audio file found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harmonyhub.domain.ids import AudioHash
from harmonyhub.domain.sound_tags import HeardTags

ANALYSIS_VERSION = "13"  # grows whenever the same file would get other numbers
BASIC_PREFIX = "basic-"  # of the versions of a basic analysis, which hears excerpts only
BASIC_VERSION = f"{BASIC_PREFIX}3"  # grows whenever that would give other numbers
DESCRIPTION_VERSION = "1"  # grows whenever the same measurements would get other descriptors


@dataclass(frozen=True, slots=True)
class Measurement:
    """How a number came about: `unit`, `method` in a few words, `confidence` in [0, 1] or None."""

    unit: str
    method: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A musical key: `tonic` 0 (C) to 11 (B), `mode` "major" or "minor", `confidence` [0, 1]."""

    tonic: int
    mode: str
    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord from `start_s` to `end_s`; `label` as Harte et al. 2005, `confidence` [0, 1]."""

    start_s: float
    end_s: float
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A property of the music on a scale of its own.

    `definition` says in words what `value` means; `is_estimated` where no ground truth exists that
    it could be held against.
    """

    value: float | str | None
    confidence: float
    definition: str
    is_estimated: bool = True


@dataclass(frozen=True, slots=True)
class Character:
    """Plain measurements of how a track sounds; descriptors are computed from them.

    Attributes
    ----------
    brightness_hz : float
        Mean spectral centroid of the frames that are not pauses.
    flatness : float
        In [0, 1]: 0 for pure tones, 1 for noise (Wiener entropy of the mel bands).
    onsets_per_s : float
        Attacks per second.
    bass_share : float
        In [0, 1]: power below 250 Hz.
    tonal_share : float
        In [0, 1]: amplitude in the twenty strongest peaks of all peaks.
    syllables : float
        In [0, 1]: share of the loudness curve's movement at the pace of speech.
    pause_flatness : float
        In [0, 1]: flatness of the quiet tenth, where an audience or a room is heard.
    vibrato : float
        In [0, 1]: amplitude of peaks between the semitones, where voices and strings glide.
    """

    brightness_hz: float
    flatness: float
    onsets_per_s: float
    bass_share: float
    tonal_share: float
    syllables: float
    pause_flatness: float
    vibrato: float


@dataclass(frozen=True, slots=True)
class SoundPrint:
    """What the analysis measured of a sound, in natural units; key and level do not change it.

    Attributes
    ----------
    timbre : sequence of 36 float
        Cepstral coefficients 1 to 12 of the mel levels in dB: their means, spreads, and mean steps
        from one frame to the next.
    rhythm : sequence of 44 float
        For each of four bands (bass to treble) the root of the share of its movement at eleven
        paces, 0.4 to 12.8 repetitions per second.
    harmony : sequence of 13 float
        Magnitudes 1 to 6 of the Fourier transform of the pitch classes, mean over half seconds;
        the same of their mean; and how much changes from one half second to the next.
    texture : sequence of 8 float
        Spectral centroid in octaves above 1 Hz, flatness, attacks per second, share of bass, share
        of clear tones, movement at the pace of syllables, sound between the semitones, and the
        range of the level in dB (10th to 90th percentile).
    """

    timbre: Sequence[float]
    rhythm: Sequence[float]
    harmony: Sequence[float]
    texture: Sequence[float]


@dataclass(frozen=True, slots=True)
class AudioTags:
    """What the file says of itself in its embedded tags; None where it says nothing."""

    title: str | None = None
    artist: str | None = None
    release: str | None = None
    isrc: str | None = None


@dataclass(frozen=True, slots=True)
class TrackAnalysis:
    """The analysis of one file; what could not be measured is None, with a word in `notes`.

    Attributes
    ----------
    audio_hash : AudioHash
        Of the encoded audio, whatever the tags around it; the same audio is analysed once.
    duration : float
        Seconds. `sample_rate` is in Hz, of the file, as `n_channels`.
    loudness, true_peak : float or None
        Integrated loudness in LUFS (EBU R128) and true peak in dBTP.
    tempo : float or None
        Beats per minute; `beats` are times in seconds.
    waveform : sequence of (low, high)
        Smallest and largest sample per picture column, in [-1, 1].
    chroma : sequence of 12 sequences
        Energy per pitch class (row 0 is C) and picture column, in [0, 1].
    measurements : mapping
        By field name: unit, method, confidence.
    tuning_cents : float or None
        How far the track is tuned from A4 = 440 Hz, -50 to 50 cents.
    lra : float or None
        Loudness range in LU (EBU Tech 3342).
    downbeats : sequence of float
        Seconds; the first beat of each bar.
    time_signature : int or None
        Felt beats per bar: 6/8 counts 2.
    key_segments : sequence of (start s, end s, tonic name, mode)
        Keys one after the other; one entry where the key never changes.
    chords, sections : sequence of (start s, end s, label)
        Chords in the syntax of Harte et al. 2005; sections of one letter are alike, with a prime
        where only the chords are, and "intro" and "outro" are parts that only lead in and out.
    loudness_curve : sequence of float
        Short-term loudness in LUFS (3 s, EBU Tech 3341) at evenly spaced times, -70 where it is
        that or less; empty before version 6 and under 3 s.
    descriptors : mapping
        By name: value, confidence, definition.
    sound : SoundPrint or None
        What it sounds like; None in analyses before version 4, and where nothing sounds.
    character : Character or None
        What the descriptors are computed from; None before version 5, and where nothing sounds.
    description_version : str
        Of the definitions of the descriptors.
    heard_tags : HeardTags or None
        What the tagging networks heard; None where their weights were not installed.
    """

    audio_hash: AudioHash
    file_name: str
    codec: str
    duration: float
    sample_rate: int
    n_channels: int
    loudness: float | None
    true_peak: float | None
    tempo: float | None
    tempo_confidence: float
    beats: Sequence[float]
    key: Key | None
    waveform: Sequence[tuple[float, float]]
    chroma: Sequence[Sequence[float]]
    measurements: Mapping[str, Measurement]
    notes: Sequence[str]
    tags: AudioTags
    analysis_version: str
    tuning_cents: float | None = None
    lra: float | None = None
    downbeats: Sequence[float] = field(default_factory=list)
    time_signature: int | None = None
    key_segments: Sequence[tuple[float, float, str, str]] = field(default_factory=list)
    chords: Sequence[tuple[float, float, str]] = field(default_factory=list)
    sections: Sequence[tuple[float, float, str]] = field(default_factory=list)
    loudness_curve: Sequence[float] = field(default_factory=list)
    descriptors: Mapping[str, Descriptor] = field(default_factory=dict)
    sound: SoundPrint | None = None
    character: Character | None = None
    description_version: str = ""
    heard_tags: HeardTags | None = None

    @property
    def is_basic(self) -> bool:
        """Whether only excerpts were heard; the full analysis replaces it."""
        return self.analysis_version.startswith(BASIC_PREFIX)
