"""Orders for mixing: near the shortest there is, each track once, for all kinds of tracks."""

from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
import pytest

from harmonyhub.recommender.harmonic_order import measure_transitions, order_for_mixing
from harmonyhub.recommender.sounds import Sounds, no_sounds


def draw(seed: int, n: int) -> Sounds:
    """Draw tracks of which one in ten has no tempo or key."""
    rng = np.random.default_rng(seed)
    tempo = np.where(rng.random(n) < 0.1, np.nan, rng.uniform(60, 180, n))
    return replace(
        no_sounds(n),
        items=np.arange(n, dtype=np.int32),
        tempo_bpm=tempo.astype(np.float32),
        energy=rng.random(n).astype(np.float32),
        wheel=np.where(rng.random(n) < 0.1, 0, rng.integers(1, 25, n)).astype(np.int8),
    )


@pytest.mark.parametrize("seed", range(5))
def test_is_near_the_shortest_way(seed):
    """Of seven tracks the order costs at most a twentieth more than the best of all 5,040."""
    sounds, rows = draw(seed, 7), np.arange(7, dtype=np.int32)
    order = order_for_mixing(sounds, rows)
    costs = measure_transitions(sounds, rows)
    best = min(sum(costs[a, b] for a, b in pairwise(w)) for w in permutations(rows))
    assert list(range(7)) == sorted(order.places)
    assert sum(order.costs) <= 1.05 * best + 1e-4


@pytest.mark.parametrize("first", range(12))
def test_a_first_track_stays_first(first):
    """Whoever names the opener gets it as the opener."""
    order = order_for_mixing(draw(3, 12), np.arange(12, dtype=np.int32), first=first)
    assert (first, list(range(12))) == (order.places[0], sorted(order.places))


def test_what_going_to_the_nearest_next_leaves_over_is_mended():
    """From a given first track the order is never longer than always taking the nearest next."""
    rows, shorter = np.arange(9, dtype=np.int32), 0
    for seed in range(12):
        sounds = draw(seed, 9)
        costs = measure_transitions(sounds, rows)
        way, left = [0], set(range(1, 9))
        while left:
            way.append(min(left, key=lambda other: (costs[way[-1], other], other)))
            left.remove(way[-1])
        nearest = sum(costs[one, other] for one, other in pairwise(way))
        found = sum(order_for_mixing(sounds, rows, first=0).costs)
        assert found <= nearest + 1e-4
        shorter += found < 0.98 * nearest
    assert shorter >= 3


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_tracks_are_in_order_already(n):
    """None, one or two tracks need no search."""
    assert n == len(order_for_mixing(draw(1, n), np.arange(n, dtype=np.int32)).places)


def test_neighbours_on_the_wheel_are_near():
    """8A goes to 8A best, then to 9A and 8B alike, and worst across the wheel."""
    sounds = replace(draw(1, 5), tempo_bpm=np.full(5, 120, np.float32), energy=np.zeros(5))
    sounds = replace(sounds, wheel=np.array([8, 8, 9, 20, 2], np.int8))
    same, fifth, relative, across = measure_transitions(sounds, np.arange(5))[0, 1:]
    assert same < fifth == relative < across
