"""Fits the weights by which the analysis hears that a bar begins at a beat.

    python -m training.downbeats PIECES/heard

PIECES as for `training.levels`; those whose beats are not found teach nothing and are left out.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from harmonyhub.analysis.bars import measure_signs
from harmonyhub.analysis.beats import propose_beats
from harmonyhub.analysis.metrical_levels import choose_beats
from training.levels import HIT_S, TEMPO_WORTH, judge, load_piece

LEAST_WORTH = 0.8 + TEMPO_WORTH  # four of five beats, and the tempo
RIDGE = 1e-3
Case = tuple[np.ndarray, np.ndarray]


def load_case(path: Path) -> Case | None:
    """Give the signs of each beat that was found, and whether a bar begins there."""
    evidence, truth = load_piece(path)
    beats_s = choose_beats(propose_beats(evidence.likely[:, 0], evidence.frame_rate), evidence)
    if not len(beats_s) or judge(beats_s, truth["beats"]) < LEAST_WORTH:
        return None
    is_downbeat = np.abs(beats_s[:, None] - truth["downbeats"]).min(axis=1) < HIT_S
    return measure_signs(beats_s, evidence), is_downbeat


def fit(cases: list[Case]) -> tuple[np.ndarray, float]:
    """Fit a logistic regression in which each piece counts the same."""
    signs, answers = (np.concatenate(part) for part in zip(*cases, strict=True))
    share = np.concatenate([np.full(len(case[1]), 1 / len(case[1])) for case in cases])
    share /= share.sum()
    middle, scale = signs.mean(axis=0), signs.std(axis=0)
    scaled = np.column_stack([(signs - middle) / scale, np.ones(len(signs))])

    def miss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        odds = scaled @ weights
        slope = scaled.T @ (share * (1 / (1 + np.exp(-odds)) - answers))
        loss = share @ (np.logaddexp(0, odds) - answers * odds)
        return float(loss + RIDGE * weights @ weights), slope + 2 * RIDGE * weights

    found = minimize(miss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B").x
    weights = found[:-1] / scale
    return weights, float(found[-1] - middle @ weights)


def main() -> None:
    """Print the weights."""
    loaded = [load_case(path) for path in sorted(Path(sys.argv[1]).glob("[!n]*.npz"))]
    cases = [case for case in loaded if case is not None]
    weights, bias = fit(cases)
    print(f"{len(cases)} of {len(loaded)} pieces: {weights.round(2).tolist()}, bias {bias:.2f}")


if __name__ == "__main__":
    main()
