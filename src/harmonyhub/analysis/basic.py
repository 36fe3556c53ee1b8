"""The basic recipe: ten seconds of every thirty, for a first look at a whole library."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harmonyhub.analysis.character import measure_character
from harmonyhub.analysis.decode import ANALYSIS_RATE, AudioFile, Hears
from harmonyhub.analysis.descriptors import describe
from harmonyhub.analysis.harmony import Harmony, find_harmony, hear_tones
from harmonyhub.analysis.loudness import Loudness, LoudnessMeter
from harmonyhub.analysis.methods import explain_gaps, list_basic_measurements
from harmonyhub.analysis.rhythm import NO_RHYTHM, Rhythm, find_rhythm
from harmonyhub.analysis.sound import measure_sound
from harmonyhub.analysis.spectrum import Spectrum, SpectrumPass
from harmonyhub.analysis.track import QUIETEST_MUSIC_DBTP, rounded
from harmonyhub.domain.analysis import BASIC_VERSION, TrackAnalysis
from harmonyhub.domain.audio_files import name_of

# Of what was tried on 141 pieces, docs/analysis.md: fewer and longer excerpts miss more of the
# loudness, more and shorter ones more of the beats, whose network looks 12 s around.
EXCERPT_S, GAP_S = 10.0, 30.0  # one begins every 30 s
LEAST_EXCERPTS = 6  # under three minutes they come closer; a minute is heard whole
QUIETEST_MUSIC = 10 ** (QUIETEST_MUSIC_DBTP / 20)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the excerpts leave, laid end to end as if they were the track."""

    excerpts_s: float
    duration_s: float
    spectrum: Spectrum
    loudness: Loudness
    is_silent: bool


def analyse_basics(path: Path) -> TrackAnalysis:
    """Measure tempo, key, loudness and the print of the sound of excerpts, in a third of the time.

    What needs the whole track is None or empty, and a note says so.

    Raises
    ------
    AudioError
        If the file cannot be decoded; the message says why.
    """
    with AudioFile(path) as audio:
        heard = _listen(audio)
        rhythm, harmony = _find_rhythm_and_harmony(heard)
        character = (
            None if heard.is_silent else measure_character(heard.spectrum, harmony.tuning_cents)
        )
        gaps = explain_gaps(
            heard.loudness, rhythm, harmony, duration_s=heard.excerpts_s, is_silent=heard.is_silent
        )
        analysis = TrackAnalysis(
            audio_hash=audio.audio_hash,
            file_name=name_of(path),
            codec=audio.codec,
            duration=round(heard.duration_s, 3),
            sample_rate=audio.sample_rate,
            n_channels=audio.n_channels,
            loudness=rounded(heard.loudness.integrated_lufs, 2),
            true_peak=None,
            lra=rounded(heard.loudness.range_lu, 2),
            tempo=rounded(rhythm.tempo_bpm, 2),
            tempo_confidence=round(rhythm.confidence, 3),
            beats=[],
            key=harmony.key,
            waveform=[],
            chroma=[],
            measurements=list_basic_measurements(rhythm, harmony),
            notes=[_say_what_is_missing(heard), *audio.notes, *gaps],
            tags=audio.tags,
            analysis_version=BASIC_VERSION,
            tuning_cents=rounded(harmony.tuning_cents, 1),
            sound=measure_sound(heard.spectrum, harmony.chroma, character) if character else None,
            character=character,
        )
    return describe(analysis)


def choose_excerpts(duration_s: float | None) -> Hears:
    """Choose what is heard of a track that is said to be so long.

    The first excerpt is the beginning: of a file that breaks off early something is heard.
    """
    gap_s = GAP_S if duration_s is None else min(GAP_S, duration_s / LEAST_EXCERPTS)
    return lambda at_s: gap_s <= EXCERPT_S or at_s % gap_s < EXCERPT_S


def _listen(audio: AudioFile) -> _Heard:
    meter = LoudnessMeter(audio.sample_rate, audio.channel_names, finds_peak=False)
    spectra = SpectrumPass(ANALYSIS_RATE)
    n_samples, is_silent = 0, True
    for block in audio.blocks(choose_excerpts(audio.announced_duration_s)):
        meter.add(block.channels)
        spectra.add(block.signal)
        n_samples += block.channels.shape[1]
        is_silent = is_silent and bool(np.abs(block.channels).max(initial=0.0) < QUIETEST_MUSIC)
    excerpts_s = n_samples / audio.sample_rate
    return _Heard(
        excerpts_s=excerpts_s,
        duration_s=excerpts_s + audio.passed_over_s,
        spectrum=spectra.finish(),
        loudness=meter.finish(),
        is_silent=is_silent,
    )


def _find_rhythm_and_harmony(heard: _Heard) -> tuple[Rhythm, Harmony]:
    if heard.is_silent:
        return NO_RHYTHM, Harmony(np.zeros((len(heard.spectrum.pitches), 12), np.float32))
    tones = hear_tones(heard.spectrum)
    rhythm = find_rhythm(heard.spectrum, tones, heard.excerpts_s)
    return rhythm, find_harmony(tones, rhythm.beats_s, heard.excerpts_s)


def _say_what_is_missing(heard: _Heard) -> str:
    return (
        f"a basic analysis, a quick look: {heard.excerpts_s:.0f} of {heard.duration_s:.0f} s were "
        "heard; beats, bars, chords, sections, curves, true peak and tags come with the full one"
    )
