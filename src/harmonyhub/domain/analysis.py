"""What the analysis of one audio file found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harmonyhub.domain.ids import AudioHash


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
        Of the decoded-independent file bytes; the same bytes are analysed once.
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
