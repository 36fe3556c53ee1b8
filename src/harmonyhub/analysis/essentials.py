"""The essentials: what every recipe finds in the sound that it heard."""

from dataclasses import dataclass

import numpy as np

from harmonyhub.analysis.character import measure_character
from harmonyhub.analysis.decode import AudioFile
from harmonyhub.analysis.harmony import Harmony, find_harmony, hear_tones
from harmonyhub.analysis.loudness import Loudness
from harmonyhub.analysis.methods import explain_gaps
from harmonyhub.analysis.rhythm import NO_RHYTHM, Rhythm, find_rhythm
from harmonyhub.analysis.sound import measure_sound
from harmonyhub.analysis.spectrum import Spectrum
from harmonyhub.domain.analysis import TrackAnalysis

QUIETEST_MUSIC_DBTP = -70.0  # below is dither and hum: nothing to find a beat or a key in


@dataclass(frozen=True, slots=True)
class Heard:
    """What one pass leaves: of the whole track, or of excerpts laid end to end.

    `heard_s` were heard of a track of `duration_s`.
    """

    heard_s: float
    duration_s: float
    spectrum: Spectrum
    loudness: Loudness
    is_silent: bool


@dataclass(frozen=True, slots=True)
class Essentials:
    """Rhythm and harmony, and an analysis with all that they, the sound and the loudness give."""

    rhythm: Rhythm
    harmony: Harmony
    analysis: TrackAnalysis


def find_essentials(audio: AudioFile, heard: Heard, *, analysis_version: str) -> Essentials:
    """Find tempo, key, loudness and the print of the sound; all else is left empty."""
    rhythm, harmony = _find_rhythm_and_harmony(heard)
    character = None if heard.is_silent else measure_character(heard.spectrum, harmony.tuning_cents)
    gaps = explain_gaps(
        heard.loudness, rhythm, harmony, duration_s=heard.heard_s, is_silent=heard.is_silent
    )
    analysis = TrackAnalysis(
        audio_hash=audio.audio_hash,
        file_name=audio.name,
        codec=audio.codec,
        duration=round(heard.duration_s, 3),
        sample_rate=audio.sample_rate,
        n_channels=audio.n_channels,
        loudness=_rounded(heard.loudness.integrated_lufs, 2),
        true_peak=_rounded(heard.loudness.true_peak_dbtp, 2),
        lra=_rounded(heard.loudness.range_lu, 2),
        tempo=_rounded(rhythm.tempo_bpm, 2),
        tempo_confidence=round(rhythm.confidence, 3),
        beats=[],
        key=harmony.key,
        waveform=[],
        chroma=[],
        measurements={},
        notes=[*audio.notes, *gaps],
        tags=audio.tags,
        analysis_version=analysis_version,
        tuning_cents=_rounded(harmony.tuning_cents, 1),
        sound=measure_sound(heard.spectrum, harmony.chroma, character) if character else None,
        character=character,
    )
    return Essentials(rhythm, harmony, analysis)


def _find_rhythm_and_harmony(heard: Heard) -> tuple[Rhythm, Harmony]:
    """Hear the tones first: bars begin where chords do, and chords change on beats."""
    if heard.is_silent:
        return NO_RHYTHM, Harmony(np.zeros((len(heard.spectrum.pitches), 12), np.float32))
    tones = hear_tones(heard.spectrum)
    rhythm = find_rhythm(heard.spectrum, tones, heard.heard_s)
    return rhythm, find_harmony(tones, rhythm.beats_s, heard.heard_s)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
