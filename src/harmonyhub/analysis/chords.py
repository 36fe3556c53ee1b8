"""Which chord sounds when: the network's word, smoothed so that chords change on beats."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from harmonyhub.analysis import FloatArray
from harmonyhub.analysis.network import QUALITIES, HarmonyLogits
from harmonyhub.analysis.smoothing import log_softmax, smooth_labels
from harmonyhub.domain.analysis import Chord

NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
NO_CHORD = "N"
CHANGE_COST = 3.0  # log odds that a new chord must win, on a beat ...
OFF_BEAT_COST = 6.0  # ... and between beats
SNAP_S = 0.15  # a pair of frames is 186 ms: finer than this only the beats know
SURE_BASS = 0.8  # mean chance of the bass from which an inversion is named
# Qualities that differ in their seventh alone, each with its share of the time in the pieces that
# the network learnt from: those have more sevenths than most music.
FAMILIES = ({"maj": 0.69, "7": 0.16, "maj7": 0.15}, {"min": 0.7, "min7": 0.3})
ROUNDS = 8  # of estimating the shares: log odds are then 0.004 from their end, 0.25 at most
LEAST_SHARE = 0.01
TRIADS = ("maj", "min")
# Log odds for the triad, as a note of the melody sounds like a seventh; 1 to 2 are alike.
TRIAD_ODDS = 1.5
# Degrees as Harte et al. 2005 write them, by semitones above the root.
DEGREES = {"maj": {4: "3", 7: "5"}, "min": {3: "b3", 7: "5"}, "7": {4: "3", 7: "5", 10: "b7"},
           "maj7": {4: "3", 7: "5", 11: "7"}, "min7": {3: "b3", 7: "5", 10: "b7"}}  # fmt: skip


def find_chords(
    logits: HarmonyLogits, pair_rate: float, *, beats_s: FloatArray, duration_s: float
) -> list[Chord]:
    """Name the chords of a track, without a gap from 0 to its end.

    Parameters
    ----------
    logits : HarmonyLogits
    pair_rate : float
        Pairs of frames per second.
    beats_s : array, shape (beats,)
        Seconds; may be empty.

    Returns
    -------
    list of Chord
        Labels in the syntax of Harte et al. 2005: "C:maj", "A:min7", "D:maj/3", "N".

    References
    ----------
    Harte, Sandler, Abdallah and Gomez 2005, "Symbolic representation of musical chords", ISMIR;
    Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori
    probabilities", Neural Computation (how usual sevenths are in this track).
    """
    n_pairs = len(logits.chords)
    if n_pairs == 0:
        return []
    chances = _weigh_sevenths(log_softmax(logits.chords))
    costs = np.full(n_pairs, OFF_BEAT_COST)
    on_beat = np.round(beats_s * pair_rate).astype(np.intp)
    costs[on_beat[on_beat < n_pairs]] = CHANGE_COST
    path = smooth_labels(chances, costs)
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), n_pairs]
    spans = [
        _Span(start, end, int(path[start]), float(np.exp(chances[start:end, path[start]].mean())))
        for start, end in pairwise(edges)
    ]
    bass = np.exp(log_softmax(logits.bass))
    times = [0.0] + [_snap(span.start / pair_rate, beats_s) for span in spans[1:]]
    ends = [*times[1:], duration_s]
    return [
        Chord(start_s, end_s, _name(span, bass), span.confidence)
        for span, start_s, end_s in zip(spans, times, ends, strict=True)
        if end_s > start_s
    ]


def _weigh_sevenths(chances: FloatArray) -> FloatArray:
    """Add to log probabilities what the shares of triads and sevenths in the track say of them.

    Shares of a family of qualities are estimated by expectation and maximization: a track of triads
    keeps few of the sevenths that single frames suggest, one of sevenths nearly all.
    """
    for family in FAMILIES:
        starts = [12 * QUALITIES.index(quality) for quality in family]
        heard = np.stack([np.exp(chances[:, at : at + 12]).sum(axis=1) for at in starts], axis=1)
        weight = heard.sum(axis=1, keepdims=True)
        learnt = np.array(list(family.values()))
        share = learnt
        for _ in range(ROUNDS):
            split = heard * (share / learnt)
            split *= weight / np.maximum(split.sum(axis=1, keepdims=True), 1e-9)
            share = np.maximum(split.sum(axis=0) / max(float(weight.sum()), 1e-9), LEAST_SHARE)
            share /= share.sum()
        is_triad = np.array([quality in TRIADS for quality in family])
        odds = np.log(share / learnt) + TRIAD_ODDS * is_triad
        for at, more in zip(starts, odds.tolist(), strict=True):
            chances[:, at : at + 12] += more
    return log_softmax(chances)


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    label: int
    confidence: float


def _snap(time_s: float, beats_s: FloatArray) -> float:
    """Give the beat that is near enough, else the time itself."""
    if not len(beats_s):
        return time_s
    nearest = float(beats_s[np.abs(beats_s - time_s).argmin()])
    return nearest if abs(nearest - time_s) <= SNAP_S else time_s


def _name(span: _Span, bass: FloatArray) -> str:
    if span.label == 12 * len(QUALITIES):
        return NO_CHORD
    row, root = divmod(span.label, 12)
    quality = QUALITIES[row]
    chances = bass[span.start : span.end, 1:].mean(axis=0)
    lowest = int(chances.argmax())
    degree = DEGREES.get(quality, {}).get((lowest - root) % 12)
    inversion = f"/{degree}" if degree and chances[lowest] >= SURE_BASS else ""
    return f"{NAMES[root]}:{quality}{inversion}"
