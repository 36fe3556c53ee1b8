"""What is said of each number: unit, method, confidence, and why one is missing."""

from dataclasses import replace

import numpy as np

from harmonyhub.analysis.harmony import Harmony
from harmonyhub.analysis.loudness import Loudness
from harmonyhub.analysis.rhythm import Rhythm
from harmonyhub.domain.analysis import Measurement

BASIC_NUMBERS = frozenset({"loudness", "lra", "tempo", "key", "tuning_cents", "sound"})
BASIC_DURATION = Measurement("s", "excerpts as decoded, the rest as their packets say")


def list_measurements(rhythm: Rhythm, harmony: Harmony) -> dict[str, Measurement]:
    """Say of each number what it is in and how it came about."""
    beat, bar = round(rhythm.confidence, 3), round(rhythm.bar_confidence, 3)
    key = round(harmony.key.confidence, 3) if harmony.key else 0.0
    chord = (
        round(float(np.mean([c.confidence for c in harmony.chords])), 3) if harmony.chords else 0.0
    )
    network = "own network (model card in training/README.md)"
    return {
        "duration": Measurement("s", "decoded samples, counted"),
        "loudness": Measurement("LUFS", "EBU R128 integrated, gated (ITU-R BS.1770-4)"),
        "true_peak": Measurement("dBTP", "oversampled to 176.4 kHz or more (BS.1770-4, annex 2)"),
        "lra": Measurement("LU", "spread of the loudness of 3 s (EBU Tech 3342)"),
        "tempo": Measurement("BPM", "median distance of the beats", beat),
        "beats": Measurement("s", f"likeliest path through an {network}", beat),
        "downbeats": Measurement("s", f"places in the bar, from an {network}", bar),
        "time_signature": Measurement("felt beats per bar", "that of most bars", bar),
        "key": Measurement(
            "tonic 0 (C) to 11 (B) and mode", f"{network} and profiles of keys", key
        ),
        "key_segments": Measurement("s, s, tonic, mode", f"{network}, where it stays changed", key),
        "chords": Measurement("s, s, Harte label", f"{network}, changing on beats", chord),
        "sections": Measurement("s, s, label", "novelty of timbre and harmony between bars"),
        "loudness_curve": Measurement("LUFS", "short-term, 3 s (EBU Tech 3341)"),
        "tuning_cents": Measurement("cents from A4 = 440 Hz", "circular mean of spectral peaks"),
        "waveform": Measurement("full scale = 1", "smallest and largest sample per column"),
        "sound": Measurement("dB, shares, per s", "timbre, rhythm, harmony, texture of the whole"),
        "chroma": Measurement("loudest pitch class = 1", "spectral peaks per pitch class"),
    }


def list_basic_measurements(rhythm: Rhythm, harmony: Harmony) -> dict[str, Measurement]:
    """Say the same of the numbers of a basic analysis, and of the others that they are not in it.

    Confidences are those of the whole where it is heard: the words of a network about excerpts.
    """
    return {
        name: replace(how, method=f"{how.method}; of excerpts")
        if name in BASIC_NUMBERS
        else BASIC_DURATION
        if name == "duration"
        else Measurement(how.unit, "not in a basic analysis")
        for name, how in list_measurements(rhythm, harmony).items()
    }


def explain_gaps(
    loudness: Loudness, rhythm: Rhythm, harmony: Harmony, *, duration_s: float, is_silent: bool
) -> list[str]:
    """Say in words why a number is missing."""
    if is_silent:
        return ["the file is silent: no tempo, no key"]
    notes = []
    if loudness.integrated_lufs is None:
        notes.append("no loudness: shorter than 0.4 s or never above -70 LUFS")
    if rhythm.tempo_bpm is None:
        notes.append(
            "no tempo: too short to tell"
            if duration_s < 3
            else "no tempo: no beat is sure enough to be told from noise, as in music that flows "
            "without attacks"
        )
    if harmony.key is None:
        notes.append("no key: no set of pitches stands out")
    return notes
