"""The quality gate: fair to both indexes, sure of what it says, and blind to nothing broken."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harmonyhub.domain.history import Interactions
from harmonyhub.domain.judgements import Verdict
from harmonyhub.recommender.holding_out import (
    FEWEST_PAIRS,
    MILLION,
    count_all,
    drop_pairs,
    mark_held_out,
    share_held_out,
)
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.judging import find_fault, judge
from harmonyhub.recommender.training import train

PPM = 100_000


@pytest.fixture(scope="module")
def town(make_world: Callable[..., Any]) -> Any:
    """Give forty listeners with tastes and 1,600 pairs, of which a tenth is held out."""
    return make_world(3, n_users=40, n_tracks=300, n_artists=60, n_heard=40)


@pytest.fixture(scope="module")
def good(town: Any) -> ServingIndex:
    """Give what a training makes of what is not held out."""
    return train(_learned(town.interactions), town.catalogue)


@pytest.fixture(scope="module")
def scrambled(town: Any) -> ServingIndex:
    """Give what a training makes that got the tracks of its listeners wrong."""
    pairs = _learned(town.interactions)
    wrong = np.random.default_rng(0).permutation(pairs.track_index)
    _, first = np.unique(np.stack([pairs.user_index, wrong]), axis=1, return_index=True)
    kept = np.zeros(len(wrong), dtype=bool)
    kept[first] = True
    return train(drop_pairs(replace(pairs, track_index=wrong), ~kept), town.catalogue)


def _learned(pairs: Interactions) -> Interactions:
    return drop_pairs(pairs, mark_held_out(pairs, PPM))


def test_a_worse_index_is_refused_with_both_figures(
    town: Any, good: ServingIndex, scrambled: ServingIndex
) -> None:
    """A training that learned nonsense is worse beyond noise, and the sentence has the figures."""
    found = judge(scrambled, good, interactions=town.interactions, ppm=PPM)
    assert Verdict.WORSE is found.verdict
    assert not found.verdict.is_promoted
    assert found.new is not None
    assert found.live is not None
    assert found.new < found.live
    assert f"{found.new:.4f} with the new index and {found.live:.4f} with the live" in found.why


def test_a_better_index_and_an_equal_one_go_live(
    town: Any, good: ServingIndex, scrambled: ServingIndex
) -> None:
    """What is better is promoted, and so is what makes no difference at all."""
    better = judge(good, scrambled, interactions=town.interactions, ppm=PPM)
    assert Verdict.GOOD is better.verdict
    assert better.low is not None
    assert better.low > 0
    equal = judge(good, good, interactions=town.interactions, ppm=PPM)
    assert (Verdict.GOOD, 0.0, 0.0) == (equal.verdict, equal.difference, equal.high)


def test_a_household_is_judged_by_its_tracks(
    town: Any, good: ServingIndex, scrambled: ServingIndex
) -> None:
    """With too few listeners for an interval over people, the figure is still their mean NDCG."""
    few = drop_pairs(town.interactions, town.interactions.user_index >= 20)
    found = judge(scrambled, good, interactions=few, ppm=PPM)
    assert 20 == found.n_listeners
    assert Verdict.WORSE is found.verdict


def test_too_little_is_not_judged(town: Any, good: ServingIndex, scrambled: ServingIndex) -> None:
    """Where nothing is held out, as of an index before there was a gate, nothing is concluded."""
    found = judge(scrambled, good, interactions=town.interactions, ppm=0)
    assert (Verdict.NOT_JUDGED, None) == (found.verdict, found.new)
    assert found.verdict.is_promoted


def test_what_is_held_out_stays_so(town: Any) -> None:
    """A larger share holds out what a smaller one does; new listeners change nothing for others."""
    pairs = town.interactions
    small, large = mark_held_out(pairs, 50_000), mark_held_out(pairs, PPM)
    assert 0.03 < small.mean() < 0.07
    assert not (small & ~large).any()
    grown = replace(pairs, user_ids=[*pairs.user_ids, "zoe"], track_ids=[*pairs.track_ids, "new"])
    np.testing.assert_array_equal(large, mark_held_out(grown, PPM))


def test_the_share_is_small_where_there_is_much_and_none_where_there_is_little() -> None:
    """Small libraries lose nothing, large ones as good as nothing."""
    assert 0 == share_held_out(FEWEST_PAIRS - 1)
    assert 50_000 == share_held_out(FEWEST_PAIRS)
    assert 20_000 == 50_000_000 * share_held_out(50_000_000) // MILLION


def test_cards_count_the_held_out_listeners_too(town: Any, good: ServingIndex) -> None:
    """What is not learned from is no less true: counts are of all pairs."""
    whole = count_all(good, town.interactions, town.catalogue)
    expected = np.bincount(town.interactions.track_index, minlength=whole.n_tracks)
    np.testing.assert_array_equal(expected, whole.listeners)
    assert good.listeners.sum() < expected.sum()


def test_a_sound_index_has_no_fault(town: Any, good: ServingIndex) -> None:
    """Nothing is found where nothing is wrong."""
    assert find_fault(good, town.interactions) is None


def test_broken_indexes_are_named(town: Any, good: ServingIndex) -> None:
    """Numbers that are none, and lists that are empty without need, are faults."""
    nan = replace(good, popularity=np.full_like(good.popularity, np.nan))
    assert "not finite" in (find_fault(nan, town.interactions) or "")
    mute = replace(
        good,
        popularity=np.zeros_like(good.popularity),
        neighbours=good.neighbours * 0,
        item_artists=good.item_artists * 0,
        item_tags=good.item_tags * 0,
    )
    assert "gets a list" in (find_fault(mute, town.interactions) or "")
