"""Where the beats fall: dynamic programming over the onset strength."""

import numpy as np

from harmonyhub.analysis import FloatArray, IndexArray
from harmonyhub.analysis.onsets import smooth_onsets
from harmonyhub.analysis.tempo import Pulse

TIGHTNESS = 100.0  # weight of steady beats against strong onsets, as in Ellis 2007
# Flux peaks while a note is still rising: measured on rendered pieces, median over all kinds.
ONSET_DELAY_S = -0.009
ALTERNATIVES = 41  # candidate periods per beat, between half and twice the local period


def track_beats(strength: FloatArray, frame_rate: float, *, pulse: Pulse) -> FloatArray:
    """Place beats on strong onsets about one local period apart.

    Parameters
    ----------
    strength : array, shape (frames,)
        Onset strength, standard deviation 1.
    frame_rate : float
        Frames per second.

    Returns
    -------
    array, shape (beats,)
        Times in seconds, increasing.

    References
    ----------
    Ellis 2007, "Beat tracking by dynamic programming", J. New Music Research 36(1).
    """
    smooth = smooth_onsets(strength, frame_rate)
    seconds = np.arange(len(pulse.periods_s)) + 0.5
    frames = np.arange(len(smooth))
    periods = np.interp(frames / frame_rate, seconds, pulse.periods_s) * frame_rate
    score, back = _accumulate(smooth, periods)
    beats = _trace_back(score, back, periods)
    beats = _trim(beats, smooth)
    times: FloatArray = _refine(beats, smooth) / frame_rate + ONSET_DELAY_S
    return times[times >= 0]


def _accumulate(strength: FloatArray, periods: FloatArray) -> tuple[FloatArray, IndexArray]:
    """Best score of a beat sequence that ends in each frame, and the beat before it (-1: none).

    Frames are done in blocks no longer than the shortest step back, so that a whole block needs
    only scores that are known.
    """
    n_frames = len(strength)
    ratios = np.geomspace(0.5, 2.0, ALTERNATIVES)
    penalties = TIGHTNESS * np.log(ratios) ** 2
    block = max(1, int(periods.min() * ratios[0]) - 1)
    score = np.array(strength, np.float64)
    back = np.full(n_frames, -1, np.intp)
    for start in range(0, n_frames, block):
        frames = np.arange(start, min(start + block, n_frames))
        before = frames[:, None] - np.round(periods[frames, None] * ratios).astype(np.intp)
        reward = np.where(before >= 0, score[before], -np.inf) - penalties
        best = reward.argmax(axis=1)
        row = np.arange(len(frames))
        gain = reward[row, best]
        linked = gain > 0
        score[frames] += np.where(linked, gain, 0.0)
        back[frames] = np.where(linked, before[row, best], -1)
    return score, back


def _trace_back(score: FloatArray, back: IndexArray, periods: FloatArray) -> IndexArray:
    """Walk back from the best end within the last period."""
    last = max(0, len(score) - round(float(periods[-1])) - 1)
    frame = last + int(score[last:].argmax())
    beats = []
    while frame >= 0:
        beats.append(frame)
        frame = int(back[frame])
    return np.array(beats[::-1])


def _trim(beats: IndexArray, strength: FloatArray) -> IndexArray:
    """Drop beats before the first and after the last real onset."""
    heard = np.flatnonzero(strength[beats] > 0.5 * np.sqrt(np.mean(strength[beats] ** 2)))
    return beats[heard[0] : heard[-1] + 1] if heard.size else beats[:0]


def _refine(beats: IndexArray, strength: FloatArray) -> FloatArray:
    """Parabola through the three frames around each beat: finer than a frame of 12 ms."""
    inner = np.clip(beats, 1, len(strength) - 2)
    left, centre, right = strength[inner - 1], strength[inner], strength[inner + 1]
    curve = left - 2 * centre + right
    offset = np.where(curve < -1e-9, 0.5 * (left - right) / np.minimum(curve, -1e-9), 0.0)
    refined: FloatArray = inner + np.clip(offset, -0.5, 0.5)
    return refined
