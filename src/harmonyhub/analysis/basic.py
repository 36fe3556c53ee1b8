"""The basic recipe: ten seconds of every thirty, for a first look at a whole library."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from harmonyhub.analysis.decode import ANALYSIS_RATE, AudioFile, Hears
from harmonyhub.analysis.descriptors import describe
from harmonyhub.analysis.essentials import QUIETEST_MUSIC_DBTP, Heard, find_essentials
from harmonyhub.analysis.loudness import LoudnessMeter
from harmonyhub.analysis.methods import list_basic_measurements
from harmonyhub.analysis.spectrum import SpectrumPass
from harmonyhub.domain.analysis import BASIC_VERSION, TrackAnalysis

# Of what was tried on 141 pieces, docs/analysis.md: fewer and longer excerpts miss more of the
# loudness, more and shorter ones more of the beats, whose network looks 12 s around.
EXCERPT_S, GAP_S = 10.0, 30.0  # one begins every 30 s
LEAST_EXCERPTS = 6  # under three minutes they come closer; a minute is heard whole
QUIETEST_MUSIC = 10 ** (QUIETEST_MUSIC_DBTP / 20)


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
        found = find_essentials(audio, heard, analysis_version=BASIC_VERSION)
    analysis = replace(
        found.analysis,
        measurements=list_basic_measurements(found.rhythm, found.harmony),
        notes=[_say_what_is_missing(heard), *found.analysis.notes],
    )
    return describe(analysis)


def choose_excerpts(duration_s: float | None) -> Hears:
    """Choose what is heard of a track that is said to be so long.

    The first excerpt is the beginning: of a file that breaks off early something is heard.
    """
    gap_s = GAP_S if duration_s is None else min(GAP_S, duration_s / LEAST_EXCERPTS)
    return lambda at_s: gap_s <= EXCERPT_S or at_s % gap_s < EXCERPT_S


def _listen(audio: AudioFile) -> Heard:
    meter = LoudnessMeter(audio.sample_rate, audio.channel_names, finds_peak=False)
    spectra = SpectrumPass(ANALYSIS_RATE)
    n_samples, is_silent = 0, True
    for block in audio.blocks(choose_excerpts(audio.announced_duration_s)):
        meter.add(block.channels)
        spectra.add(block.signal)
        n_samples += block.channels.shape[1]
        is_silent = is_silent and bool(np.abs(block.channels).max(initial=0.0) < QUIETEST_MUSIC)
    heard_s = n_samples / audio.sample_rate
    return Heard(
        heard_s=heard_s,
        duration_s=heard_s + audio.passed_over_s,
        spectrum=spectra.finish(),
        loudness=meter.finish(),
        is_silent=is_silent,
    )


def _say_what_is_missing(heard: Heard) -> str:
    return (
        f"a basic analysis, a quick look: {heard.heard_s:.0f} of {heard.duration_s:.0f} s were "
        "heard; beats, bars, chords, sections, curves, true peak and tags come with the full one"
    )
