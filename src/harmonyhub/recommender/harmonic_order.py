"""Orders tracks so that each mixes well into the next: key, tempo and energy."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.sounds import Sounds

STEP = 1.0  # of the key, past a neighbour; at most six are apart
NEIGHBOUR = 0.2  # a neighbouring key mixes well, the same one a little better
TEMPO = 1.0  # per 6 %, what a pitch control can make up for; three at most
OCTAVE = 0.3  # twice or half the tempo fits, and is heard
ENERGY = 2.0  # from nothing to all
UNKNOWN = 2.0  # a key or tempo that nobody knows may fit or not
MOST_ROUNDS = 200  # each turns one piece round
MOST_STARTS = 10  # 200 tracks take 0.5 CPU seconds, with all starts 2.5
ENOUGH = 1e-6


@dataclass(frozen=True, slots=True)
class Order:
    """Positions of the given rows in their new order, and what its transitions cost, each."""

    places: list[int]
    costs: list[float]


def order_for_mixing(sounds: Sounds, rows: IntArray, *, first: int | None = None) -> Order:
    """Find a short way through all tracks.

    The nearest next from some starts (or from `first`, a position), made shorter by turning
    pieces of it round until no turn helps.

    References
    ----------
    Croes 1958, "A method for solving traveling-salesman problems" (2-opt); Davis 1991, the Camelot
    wheel of harmonic mixing.
    """
    costs = measure_transitions(sounds, rows)
    starts = range(len(rows)) if first is None else [first]
    ways = (_shorten(_go_nearest(costs, start), costs, is_fixed=first is not None)
            for start in list(starts)[:MOST_STARTS])  # fmt: skip
    best = min(ways, key=lambda way: _length(way, costs), default=[])
    steps = [float(costs[one, other]) for one, other in itertools.pairwise(best)]
    return Order(best, steps)


def measure_transitions(sounds: Sounds, rows: IntArray) -> FloatArray:
    """Say how badly each two tracks mix, 0 or more, the same both ways."""
    octaves = np.log2(sounds.tempo_bpm[rows])
    apart = np.abs(octaves[:, None] - octaves)
    folded = np.minimum(apart, np.abs(apart - 1) + OCTAVE * np.log2(1.06))
    tempo = np.minimum(folded / np.log2(1.06), 3.0) * TEMPO
    energy = np.abs(sounds.energy[rows][:, None] - sounds.energy[rows]) * ENERGY
    known = np.where(np.isnan(tempo), UNKNOWN, tempo) + np.nan_to_num(energy)
    return np.asarray(known + _compare_keys(sounds.wheel[rows]), dtype=np.float32)


def _compare_keys(wheel: NDArray[np.int8]) -> FloatArray:
    places = wheel.astype(np.int32)
    around = np.abs(places[:, None] - places) % 12
    rings = (places[:, None] > 12) != (places > 12)
    steps = np.minimum(around, 12 - around) + rings
    cost = np.where(steps == 1, NEIGHBOUR, np.maximum(steps - 1, 0) * STEP + NEIGHBOUR)
    cost = np.where(steps == 0, 0.0, cost)
    unknown = (places[:, None] == 0) | (places == 0)
    return np.asarray(np.where(unknown, UNKNOWN, cost), dtype=np.float32)


def _go_nearest(costs: FloatArray, start: int) -> list[int]:
    way, left = [start], np.ones(len(costs), dtype=bool)
    left[start] = False
    while left.any():
        after = int(np.where(left, costs[way[-1]], np.inf).argmin())
        way.append(after)
        left[after] = False
    return way


def _shorten(way: list[int], costs: FloatArray, *, is_fixed: bool) -> list[int]:
    """Turn the piece round that helps most, until none does; an open end costs nothing."""
    n = len(way)
    padded = np.zeros((n + 1, n + 1))
    padded[:n, :n] = costs
    lows = np.arange(1 if is_fixed else 0, n)
    for _ in range(MOST_ROUNDS):
        at = np.array([n, *way, n])
        before, here, after = at[lows], at[lows + 1], at[lows + 2]
        gain = (
            padded[before, here][:, None]
            + padded[here, after]
            - padded[before[:, None], here]
            - padded[here[:, None], after]
        )
        gain[np.tril_indices(len(lows))] = 0
        if not gain.size or gain.max() < ENOUGH:
            break
        low, high = (int(lows[place]) for place in np.unravel_index(gain.argmax(), gain.shape))
        way = [*way[:low], *reversed(way[low : high + 1]), *way[high + 1 :]]
    return way


def _length(way: list[int], costs: FloatArray) -> float:
    return float(costs[way[:-1], way[1:]].sum())
