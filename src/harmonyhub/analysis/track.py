"""The recipe: one audio file in, everything that we know of the track out."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis.beats import track_beats
from harmonyhub.analysis.chroma import draw_columns, estimate_tuning, fold_chroma
from harmonyhub.analysis.decode import ANALYSIS_RATE, AudioFile, hash_audio
from harmonyhub.analysis.key import estimate_key
from harmonyhub.analysis.loudness import Loudness, LoudnessMeter
from harmonyhub.analysis.onsets import measure_onset_strength
from harmonyhub.analysis.spectrum import Spectrum, SpectrumPass
from harmonyhub.analysis.tempo import estimate_pulse
from harmonyhub.analysis.waveform import Outline
from harmonyhub.domain.analysis import Key, Measurement, TrackAnalysis

ANALYSIS_VERSION = "1"  # grows whenever the same file would get other numbers
WAVEFORM_COLUMNS = 1000
CHROMA_COLUMNS = 300
QUIETEST_MUSIC_DBTP = -70.0  # below is dither and hum: nothing to find a beat or a key in

Listener = Callable[[float, float | None], None]
"""Told (seconds done, seconds announced or None) about once per ten seconds of audio."""


def analyse_file(path: Path, *, on_progress: Listener | None = None) -> TrackAnalysis:
    """Analyse one audio file; needs one core and under 400 MB whatever its length.

    Raises
    ------
    AudioError
        If the file cannot be decoded; the message says why.
    """
    audio_hash = hash_audio(path)
    with AudioFile(path) as audio:
        heard = _listen(audio, on_progress)
        rhythm = _find_rhythm(heard)
        harmony = _find_harmony(heard)
        return TrackAnalysis(
            audio_hash=audio_hash,
            file_name=path.name,
            codec=audio.codec,
            duration=round(heard.duration_s, 3),
            sample_rate=audio.sample_rate,
            n_channels=audio.n_channels,
            loudness=_rounded(heard.loudness.integrated_lufs, 2),
            true_peak=_rounded(heard.loudness.true_peak_dbtp, 2),
            tempo=_rounded(rhythm.tempo_bpm, 2),
            tempo_confidence=round(rhythm.confidence, 3),
            beats=[round(float(beat), 3) for beat in rhythm.beats_s],
            key=harmony.key,
            waveform=heard.waveform,
            chroma=np.round(harmony.columns, 3).astype(float).tolist(),
            measurements=_measurements(rhythm, harmony),
            notes=[*audio.notes, *_explain_gaps(heard, rhythm, harmony)],
            tags=audio.tags,
            analysis_version=ANALYSIS_VERSION,
            tuning_cents=_rounded(harmony.tuning_cents, 1),
        )


def to_json_object(analysis: TrackAnalysis) -> dict[str, object]:
    """Turn an analysis into plain JSON values, under the names that the API promises."""
    return asdict(analysis)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one pass over the samples leaves."""

    duration_s: float
    spectrum: Spectrum
    loudness: Loudness
    waveform: list[tuple[float, float]]

    @property
    def is_silent(self) -> bool:
        peak = self.loudness.true_peak_dbtp
        return peak is None or peak < QUIETEST_MUSIC_DBTP


@dataclass(frozen=True, slots=True)
class _Rhythm:
    tempo_bpm: float | None
    confidence: float
    beats_s: NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class _Harmony:
    key: Key | None
    tuning_cents: float | None
    columns: NDArray[np.float32]


def _listen(audio: AudioFile, on_progress: Listener | None) -> _Heard:
    """Decode once and feed every collector."""
    meter = LoudnessMeter(audio.sample_rate, audio.channel_names)
    spectra = SpectrumPass(ANALYSIS_RATE)
    outline = Outline()
    n_samples = 0
    told_s = 0.0
    for block in audio.blocks():
        meter.add(block.channels)
        spectra.add(block.signal)
        outline.add(block.signal)
        n_samples += block.channels.shape[1]
        done_s = n_samples / audio.sample_rate
        if on_progress is not None and done_s >= told_s + 10:
            told_s = done_s
            on_progress(done_s, audio.announced_duration_s)
    return _Heard(
        duration_s=n_samples / audio.sample_rate,
        spectrum=spectra.finish(),
        loudness=meter.finish(),
        waveform=outline.finish(WAVEFORM_COLUMNS),
    )


def _find_rhythm(heard: _Heard) -> _Rhythm:
    nothing = _Rhythm(None, 0.0, np.empty(0))
    if heard.is_silent:
        return nothing
    rate = heard.spectrum.mel_rate
    strength = measure_onset_strength(heard.spectrum.mel_db, rate)
    pulse = estimate_pulse(strength, rate)
    if pulse is None:
        return nothing
    beats_s = track_beats(strength, rate, pulse=pulse)
    beats_s = beats_s[beats_s < heard.duration_s]
    if len(beats_s) < 4:
        return nothing
    return _Rhythm(60.0 / float(np.median(np.diff(beats_s))), pulse.confidence, beats_s)


def _find_harmony(heard: _Heard) -> _Harmony:
    pitches = heard.spectrum.pitches
    if heard.is_silent:
        return _Harmony(None, None, draw_columns(np.zeros((len(pitches), 12)), CHROMA_COLUMNS))
    tuning_cents = estimate_tuning(pitches)
    chroma = fold_chroma(pitches, tuning_cents)
    key = estimate_key(chroma)
    columns = draw_columns(chroma, CHROMA_COLUMNS)
    return _Harmony(key, tuning_cents if key else None, columns)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _measurements(rhythm: _Rhythm, harmony: _Harmony) -> dict[str, Measurement]:
    """Say of each number what it is in and how it came about."""
    return {
        "duration": Measurement("s", "decoded samples, counted"),
        "loudness": Measurement("LUFS", "EBU R128 integrated, gated (ITU-R BS.1770-4)"),
        "true_peak": Measurement("dBTP", "oversampled to 176.4 kHz or more (BS.1770-4, annex 2)"),
        "tempo": Measurement("BPM", "median distance of the beats", round(rhythm.confidence, 3)),
        "beats": Measurement(
            "s",
            "dynamic programming over spectral flux (Ellis 2007)",
            round(rhythm.confidence, 3),
        ),
        "key": Measurement(
            "tonic 0 (C) to 11 (B) and mode",
            "chroma of spectral peaks against profiles (Albrecht and Shanahan 2013)",
            round(harmony.key.confidence, 3) if harmony.key else 0.0,
        ),
        "tuning_cents": Measurement("cents from A4 = 440 Hz", "circular mean of spectral peaks"),
        "waveform": Measurement("full scale = 1", "smallest and largest sample per column"),
        "chroma": Measurement("loudest pitch class = 1", "spectral peaks per pitch class"),
    }


def _explain_gaps(heard: _Heard, rhythm: _Rhythm, harmony: _Harmony) -> list[str]:
    """Say in words why a number is missing."""
    if heard.is_silent:
        return ["the file is silent: no tempo, no key"]
    notes = []
    if heard.loudness.integrated_lufs is None:
        notes.append("no loudness: shorter than 0.4 s or never above -70 LUFS")
    if rhythm.tempo_bpm is None:
        notes.append(
            "no tempo: too short to tell"
            if heard.duration_s < 3
            else "no tempo: nothing repeats steadily enough to be a beat"
        )
    if harmony.key is None:
        notes.append("no key: no set of pitches stands out")
    return notes
