"""The recipe: one audio file in, everything that we know of the track out."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from harmonyhub.analysis import FloatArray
from harmonyhub.analysis.chroma import draw_columns
from harmonyhub.analysis.decode import ANALYSIS_RATE, AudioFile
from harmonyhub.analysis.descriptors import describe
from harmonyhub.analysis.essentials import QUIETEST_MUSIC_DBTP, Heard, find_essentials
from harmonyhub.analysis.harmony import Harmony
from harmonyhub.analysis.loudness import LoudnessMeter, draw_short_term
from harmonyhub.analysis.methods import list_measurements
from harmonyhub.analysis.rhythm import Rhythm
from harmonyhub.analysis.sections import find_sections, tabulate_bars
from harmonyhub.analysis.segments import Segment, find_segments
from harmonyhub.analysis.spectrum import SpectrumPass
from harmonyhub.analysis.tag_excerpts import ExcerptPass
from harmonyhub.analysis.tagger import Tagger
from harmonyhub.analysis.waveform import Outline
from harmonyhub.domain.analysis import ANALYSIS_VERSION, TrackAnalysis
from harmonyhub.domain.sound_tags import HeardTags, explain_no_tags, name_tags

WAVEFORM_COLUMNS = 1000
CHROMA_COLUMNS = 300
LOUDNESS_COLUMNS = 300

Listener = Callable[[float, float | None], None]
"""Told (seconds done, seconds announced or None) about once per ten seconds of audio."""
Section = tuple[float, float, str]


def analyse_file(
    path: Path, *, on_progress: Listener | None = None, tagger: Tagger | None = None
) -> TrackAnalysis:
    """Analyse one audio file; needs one core, and some 80 MB an hour beside 180 MB.

    Without a `tagger` it gets no tags for genre, mood and instruments.

    Raises
    ------
    AudioError
        If the file cannot be decoded; the message says why.
    """
    return _analyse(path, on_progress, tagger)[0]


def analyse_in_segments(
    path: Path, *, on_progress: Listener | None = None
) -> tuple[TrackAnalysis, list[Segment]]:
    """Analyse one audio file and cut it into its sounds too, without tags; errors as above."""
    analysis, heard, harmony = _analyse(path, on_progress)
    return analysis, [] if heard.is_silent else find_segments(
        heard.spectrum, harmony.chroma, heard.duration_s
    )


def hear_file(path: Path, tagger: Tagger) -> HeardTags:
    """Hear the tags of a file and measure nothing else; errors as `analyse_file`.

    The same as a whole analysis would hear, at a third of the cost.
    """
    with AudioFile(path) as audio:
        excerpts = ExcerptPass()
        for block in audio.blocks():
            excerpts.add(block.signal)
        return tagger.hear(excerpts.finish())


def to_json_object(analysis: TrackAnalysis) -> dict[str, object]:
    """Turn an analysis into plain JSON values, under the names that the API promises.

    `tags` is what was heard, and `file_tags` what the file says of itself.
    """
    plain = asdict(analysis)
    plain["file_tags"] = plain["tags"]
    plain["tags"] = [asdict(tag) for tag in name_tags(analysis.heard_tags)]
    why_none = [] if analysis.is_basic else explain_no_tags(analysis.heard_tags)
    plain["notes"] = [*analysis.notes, *why_none]
    plain["is_basic"] = analysis.is_basic
    return plain


@dataclass(frozen=True, slots=True)
class _Pass:
    """What one pass over the samples leaves: `heard`, and what only the whole track has."""

    heard: Heard
    waveform: list[tuple[float, float]]
    excerpts: list[FloatArray]


def _analyse(
    path: Path, on_progress: Listener | None, tagger: Tagger | None = None
) -> tuple[TrackAnalysis, Heard, Harmony]:
    with AudioFile(path) as audio:
        whole = _listen(audio, on_progress, excerpts=ExcerptPass() if tagger else None)
        found = find_essentials(audio, whole.heard, analysis_version=ANALYSIS_VERSION)
    heard, rhythm, harmony = whole.heard, found.rhythm, found.harmony
    analysis = replace(
        found.analysis,
        beats=_times(rhythm.beats_s),
        downbeats=_times(rhythm.downbeats_s),
        time_signature=rhythm.beats_per_bar,
        key_segments=[
            (round(start, 3), round(end, 3), key.name.partition(" ")[0], key.mode)
            for start, end, key in harmony.key_segments
        ],
        chords=[
            (round(chord.start_s, 3), round(chord.end_s, 3), chord.label)
            for chord in harmony.chords
        ],
        sections=_find_sections(heard, rhythm, harmony),
        loudness_curve=draw_short_term(heard.loudness.step_lufs, LOUDNESS_COLUMNS),
        waveform=whole.waveform,
        chroma=np.round(draw_columns(harmony.chroma, CHROMA_COLUMNS), 3).astype(float).tolist(),
        measurements=list_measurements(rhythm, harmony),
        heard_tags=tagger.hear(whole.excerpts) if tagger else None,
    )
    return describe(analysis), heard, harmony


def _listen(
    audio: AudioFile, on_progress: Listener | None, *, excerpts: ExcerptPass | None
) -> _Pass:
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
        if excerpts is not None:
            excerpts.add(block.signal)
        n_samples += block.channels.shape[1]
        done_s = n_samples / audio.sample_rate
        if on_progress is not None and done_s >= told_s + 10:
            told_s = done_s
            on_progress(done_s, audio.announced_duration_s)
    duration_s, loudness = n_samples / audio.sample_rate, meter.finish()
    peak = loudness.true_peak_dbtp
    heard = Heard(
        heard_s=duration_s,
        duration_s=duration_s,
        spectrum=spectra.finish(),
        loudness=loudness,
        is_silent=peak is None or peak < QUIETEST_MUSIC_DBTP,
    )
    return _Pass(
        heard,
        waveform=outline.finish(WAVEFORM_COLUMNS),
        excerpts=[] if excerpts is None else excerpts.finish(),
    )


def _find_sections(heard: Heard, rhythm: Rhythm, harmony: Harmony) -> list[Section]:
    if heard.is_silent:
        return []
    bars = tabulate_bars(
        rhythm.downbeats_s,
        heard.duration_s,
        levels_db=heard.spectrum.mel_db,
        level_rate=heard.spectrum.mel_rate,
        chroma=harmony.chroma,
        chroma_rate=heard.spectrum.pitch_rate,
    )
    return [(round(start, 3), round(end, 3), label) for start, end, label in find_sections(bars)]


def _times(times_s: FloatArray) -> list[float]:
    return [round(float(time_s), 3) for time_s in times_s]
