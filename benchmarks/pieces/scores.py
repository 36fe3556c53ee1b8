"""Scores of an answer against the truth, as the evaluation campaign MIREX and mir_eval define them.

References
----------
Raffel et al. 2014, "mir_eval: a transparent implementation of common MIR metrics", ISMIR.
"""

import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pieces.answers import Answer, Span

HIT_S = 0.07
SETTLED_S = 5.0  # beats before are not judged
BORDER_S = 3.0
PART_STEP_S = 0.1  # between the moments that are compared
TEMPO_TOLERANCE = 0.04
OCTAVES = (1.0, 2.0, 3.0, 1 / 2, 1 / 3)
TONICS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
# Pitch classes above the root, of each quality that truth or answers name.
STEPS = {
    "maj": {0, 4, 7}, "min": {0, 3, 7}, "7": {0, 4, 7, 10}, "maj7": {0, 4, 7, 11},
    "min7": {0, 3, 7, 10}, "hdim7": {0, 3, 6, 10}, "dim": {0, 3, 6}, "dim7": {0, 3, 6, 9},
    "aug": {0, 4, 8}, "sus4": {0, 5, 7}, "sus2": {0, 2, 7}, "5": {0, 7}, "maj6": {0, 4, 7, 9},
    "min6": {0, 3, 7, 9}, "9": {0, 4, 7, 10}, "min9": {0, 3, 7, 10}, "maj9": {0, 4, 7, 11},
    "sus4(b7)": {0, 5, 7, 10}, "11": {0, 4, 7, 10}, "13": {0, 4, 7, 10},
}  # fmt: skip
TRIADS = ({0, 4, 7}, {0, 3, 7})
SEVENTHS = (*TRIADS, {0, 4, 7, 11}, {0, 4, 7, 10}, {0, 3, 7, 10})


def judge(truth: dict[str, Any], answer: Answer) -> dict[str, float]:
    """Score one answer against one truth, each where both speak."""
    span = tuple(truth.get("active") or (0.0, truth["duration"]))
    row = {}
    if "beats" in answer:
        row["beat F"], row["bias ms"] = judge_beats(truth["beats"], answer["beats"], span=span)
    if "tempo" in answer:
        row |= judge_tempo(truth["tempo"], answer["tempo"])
    if "downbeats" in answer and truth.get("downbeats"):
        row["downbeat F"] = judge_beats(truth["downbeats"], answer["downbeats"], span=span)[0]
    if "beats_per_bar" in answer and truth.get("beats_per_bar"):
        row["meter"] = float(answer["beats_per_bar"] == truth["beats_per_bar"])
    if "loudness" in answer and truth.get("loudness") is not None:
        row["loudness off"] = abs(answer["loudness"] - truth["loudness"])
    return row | _judge_harmony(truth, answer)


def _judge_harmony(truth: dict[str, Any], answer: Answer) -> dict[str, float]:
    row = {}
    if "key" in answer and truth.get("key"):
        row["key"] = judge_key(truth["key"], answer["key"])
    if "chords" in answer and truth.get("chords"):
        row["majmin"] = judge_chords(truth["chords"], answer["chords"], vocabulary=TRIADS)
        row["sevenths"] = judge_chords(truth["chords"], answer["chords"], vocabulary=SEVENTHS)
    if "borders" in answer and truth.get("sections"):
        borders = np.array([section[0] for section in truth["sections"][1:]])
        row["sections"] = _match(borders, np.array(answer["borders"]), within=BORDER_S)
    if "parts" in answer and truth.get("sections"):
        row["parts"] = judge_parts(truth["sections"], answer["parts"])
    return row


def measure_loudness(audio: Path) -> float | None:
    """Give the integrated loudness by ffmpeg's ebur128 in LUFS, None if it gives none."""
    command = ["ffmpeg", "-v", "error", "-i", str(audio), "-map", "0:a:0", "-af"]
    # Its summary has one digit; what it tells of each frame has three.
    command += ["ebur128=metadata=1,ametadata=print:key=lavfi.r128.I:file=-", "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    values = re.findall(r"lavfi\.r128\.I=(-?[\d.]+)", told)
    return float(values[-1]) if values else None


def judge_tempo(truth: float, found: float | None) -> dict[str, float]:
    """Tell whether a tempo is right within 4 %, and whether it is at another level of the pulse."""
    ratio = (found or 0.0) / truth
    return {
        "tempo acc1": float(abs(ratio - 1) < TEMPO_TOLERANCE),
        "acc2": float(any(abs(ratio / octave - 1) < TEMPO_TOLERANCE for octave in OCTAVES)),
    }


def judge_beats(
    truth: list[float], said: list[float], *, span: tuple[float, float]
) -> tuple[float, float]:
    """F-measure within 70 ms from the fifth second on, and the median offset of hits in ms."""
    start, end = span
    true = np.array([beat for beat in truth if start <= beat <= end and beat >= SETTLED_S])
    found = np.array(said)
    found = found[(found >= max(start - HIT_S, SETTLED_S)) & (found <= end + HIT_S)]
    if not len(found) or not len(true):
        return 0.0, np.nan
    offsets = np.array([found[np.abs(found - beat).argmin()] - beat for beat in true])
    hits = offsets[np.abs(offsets) <= HIT_S]
    bias = float(np.median(hits)) * 1000 if len(hits) else np.nan
    return _match(true, found, within=HIT_S), bias


def judge_key(truth: dict[str, Any], found: tuple[int | str, str] | None) -> float:
    """MIREX score: 1 right, 0.5 a fifth above, 0.3 relative, 0.2 parallel."""
    if found is None:
        return 0.0
    tonic = _pitch_class(found[0]) if isinstance(found[0], str) else found[0]
    step, same_mode = (tonic - truth["tonic"]) % 12, found[1] == truth["mode"]
    if same_mode:
        return {0: 1.0, 7: 0.5}.get(step, 0.0)
    relative = 9 if truth["mode"] == "major" else 3
    return {0: 0.2, relative: 0.3}.get(step, 0.0)


def judge_chords(
    truth: list[list[Any]], found: list[Span], *, vocabulary: tuple[set[int], ...]
) -> float:
    """Share of the time that the root and the notes of the vocabulary are right.

    Time whose true chord is in no vocabulary is left out; an answer's extra notes count only where
    the vocabulary has sevenths.
    """
    cut = 8 if vocabulary is TRIADS else 12
    right = judged = 0.0
    for start, end, label in truth:
        true = _read_label(label, cut)
        if true is not None and true[1] not in vocabulary:
            continue
        judged += end - start
        for begin, stop, said in found:
            overlap = min(end, stop) - max(start, begin)
            if overlap > 0 and _read_label(said, cut) == true:
                right += overlap
    return right / judged if judged else np.nan


def judge_parts(truth: list[list[Any]], found: list[Span]) -> float:
    """F-measure of the pairs of moments that carry one label (Levy and Sandler 2008)."""
    moments = np.arange(PART_STEP_S / 2, truth[-1][1], PART_STEP_S)
    alike = [_pair_up(spans, moments) for spans in (truth, found)]
    both = np.count_nonzero(alike[0] & alike[1])
    total = np.count_nonzero(alike[0]) + np.count_nonzero(alike[1])
    return 2 * both / total if total else np.nan


def _pair_up(spans: Iterable[Sequence[Any]], moments: np.ndarray) -> np.ndarray:
    """Say of each pair of moments, earlier and later, whether one label covers both."""
    numbers: dict[str, int] = {}
    labels = np.full(len(moments), -1)
    for start, end, label in spans:
        inside = (moments >= start) & (moments < end)
        labels[inside] = numbers.setdefault(label, len(numbers))
    pairs: np.ndarray = (labels[:, None] == labels) & (labels >= 0)
    return np.triu(pairs, k=1)


def _read_label(label: str, cut: int) -> tuple[int, set[int]] | None:
    """Root and notes below `cut` semitones; None for "no chord"."""
    if label in ("N", "X"):
        return None
    name, _, rest = label.partition(":")
    quality = rest.partition("/")[0] or "maj"
    return _pitch_class(name), {step for step in STEPS[quality] if step < cut}


def _pitch_class(name: str) -> int:
    return (TONICS[name[0]] + name.count("#") - name.count("b")) % 12


def _match(truth: np.ndarray, found: np.ndarray, *, within: float) -> float:
    """F-measure of a one-to-one matching of two increasing lists."""
    if not len(truth) or not len(found):
        return float(len(truth) == len(found))
    hits = one = other = 0
    while one < len(truth) and other < len(found):
        distance = found[other] - truth[one]
        if abs(distance) <= within:
            hits, one, other = hits + 1, one + 1, other + 1
        elif distance < 0:
            other += 1
        else:
            one += 1
    return 2 * hits / (len(truth) + len(found))
