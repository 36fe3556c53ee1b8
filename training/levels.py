"""Fits the weights by which the analysis chooses among ways to count a track.

    python -m training.levels PIECES/heard

PIECES are none that the pulse network learnt from: of those it is surer than of any others. Noise
(n...) has no beats and is left out.
"""

import json
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from harmonyhub.analysis.beats import propose_beats
from harmonyhub.analysis.decode import ANALYSIS_RATE
from harmonyhub.analysis.metrical_levels import MIN_BEATS, WEIGHTS, measure_signs
from harmonyhub.analysis.network import hear_harmony, hear_pulse
from harmonyhub.analysis.pulse_evidence import Evidence, gather_evidence
from harmonyhub.analysis.spectrum import MEL_HOP, PITCH_HOP, Spectrum

HIT_S = 0.07
TEMPO_TOLERANCE, TEMPO_WORTH = 0.04, 0.3  # a right tempo counts this much beside the beats
RIDGE = 0.001  # up to 0.005 costs 0.02 of the beats
Case = tuple[np.ndarray, np.ndarray]


def load_piece(path: Path) -> tuple[Evidence, dict[str, np.ndarray]]:
    """Give what the analysis knows of a rendered piece, and its true beats and downbeats."""
    with np.load(path) as file:
        truth = json.loads(str(file["truth"]))
        mel_rate, tone_rate = ANALYSIS_RATE / MEL_HOP, ANALYSIS_RATE / PITCH_HOP
        tones, tuning_cents = file["tones"], float(file["tuning_cents"])
        spectrum = Spectrum(file["mel_db"], mel_rate, tones[:, :0], tones, tone_rate)
    end_s = len(spectrum.mel_db) / mel_rate
    times = {name: np.array(truth[name]) for name in ("beats", "downbeats")}
    heard = {name: times_s[times_s < end_s] for name, times_s in times.items()}
    chords = hear_harmony(tones, tuning_cents).chords
    return gather_evidence(spectrum, hear_pulse(spectrum.mel_db), chords), heard


def load_case(path: Path) -> Case:
    """Give the signs of each way to count one piece, and how right each is."""
    evidence, truth = load_piece(path)
    proposed = propose_beats(evidence.likely[:, 0], evidence.frame_rate)
    ways = [beats_s for beats_s in proposed if len(beats_s) >= MIN_BEATS]
    signs = np.array([measure_signs(beats_s, evidence) for beats_s in ways])
    return signs, np.array([judge(beats_s, truth["beats"]) for beats_s in ways])


def judge(beats_s: np.ndarray, true_s: np.ndarray) -> float:
    """F-measure of hits within 70 ms, and a share for the tempo."""
    hits = (np.abs(beats_s[:, None] - true_s).min(axis=0) < HIT_S).sum()
    ratio = np.median(np.diff(true_s)) / np.median(np.diff(beats_s))
    is_right = abs(ratio - 1) < TEMPO_TOLERANCE
    return float(2 * hits / (len(beats_s) + len(true_s)) + TEMPO_WORTH * is_right)


def fit(cases: list[Case]) -> np.ndarray:
    """Find the weights under which a choice by softmax is right most often."""
    signs, worth = (np.concatenate(part) for part in zip(*cases, strict=True))
    sizes = np.array([len(case[0]) for case in cases])
    starts = np.cumsum(sizes) - sizes
    piece = np.repeat(np.arange(len(cases)), sizes)
    scale = signs.std(axis=0)
    scaled = signs / scale

    def miss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = scaled @ weights
        odds = np.exp(scores - np.maximum.reduceat(scores, starts)[piece])
        chance = odds / np.add.reduceat(odds, starts)[piece]
        expected = np.add.reduceat(chance * worth, starts)
        slope = scaled.T @ (chance * (worth - expected[piece])) / len(cases)
        return RIDGE * weights @ weights - expected.mean(), 2 * RIDGE * weights - slope

    found = minimize(miss, np.zeros(signs.shape[1]), jac=True, method="L-BFGS-B")
    return found.x / scale


def main() -> None:
    """Print the weights, and how right the choices are on every fifth piece held out in turn."""
    cases = [load_case(path) for path in sorted(Path(sys.argv[1]).glob("[!n]*.npz"))]
    for name, weight in zip(WEIGHTS, fit(cases), strict=True):
        print(f"{name}: {weight:.3f}")
    chosen = []
    for fold in range(5):
        weights = fit([case for number, case in enumerate(cases) if number % 5 != fold])
        chosen += [worth[np.argmax(signs @ weights)] for signs, worth in cases[fold::5]]
    best = np.mean([worth.max() for _, worth in cases])
    print(f"{len(cases)} pieces, held out {np.mean(chosen):.3f} of at best {best:.3f}")


if __name__ == "__main__":
    main()
