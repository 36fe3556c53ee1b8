"""What lists look like: every figure against a count by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from harmonyhub.recommender.list_shape import (
    Background,
    background_of,
    describe_lists,
    measure_diversity,
    measure_gini,
)
from harmonyhub.recommender.metrics import (
    group_by_length,
    measure,
    rank_unheard,
    spread_out,
)


def rng():
    """Give the same chance to every test."""
    return np.random.default_rng(0)


def background(shares, features=None):
    """Give what lists are seen against."""
    shares = np.array(shares)
    return Background(shares, -np.log2(shares), features, "tags" if features is not None else None)


def test_the_first_find_decides_the_reciprocal_rank():
    """Hidden items at places 2 and 4 are worth one half; none is worth nothing."""
    scores = np.array([[5, 4, 3, 2], [5, 4, 3, 2]], dtype=np.float32)
    hidden = sparse.csr_matrix(np.array([[0, 1, 0, 1], [0, 0, 0, 1]]))
    given = sparse.csr_matrix(np.array([[0, 0, 0, 0], [0, 0, 0, 1]]))
    assert [0.5, 0.0] == measure(scores, given, hidden).mrr_at_100.tolist()


def test_what_was_given_is_not_ranked_at_all():
    """In a catalogue shorter than the ranking, given items do not come back at its end."""
    scores = np.array([[5, 4, 3]], dtype=np.float32)
    given = sparse.csr_matrix(np.array([[0, 1, 0]]))
    assert [[0, 2, -1]] == rank_unheard(scores, given).tolist()


def test_lists_are_counted_by_hand():
    """Two lists over four items: coverage, novelty, lift and repeats as counted."""
    lists = np.array([[0, 1], [0, -1]])
    given = sparse.csr_matrix(np.array([[1, 0, 1, 0], [0, 0, 1, 0]]))
    shape = describe_lists(lists, given, background([0.5, 0.25, 0.125, 1.0]), rng=rng())
    assert 0.5 == shape.coverage
    assert (1.5 + 1.0) / 2 == shape.novelty_bits.mean
    assert (0.375 + 0.5) / 2 / ((0.3125 + 0.125) / 2) - 1 == pytest.approx(
        shape.popularity_lift.mean
    )
    assert (0.5 + 0) / 2 == shape.repeat_rate.mean
    assert (None, None) == (shape.diversity, shape.diversity_by)


def test_gini_is_none_for_all_alike_and_nearly_one_for_one_item():
    """Four items listed alike are 0; one of four alone is 1 - 1/4."""
    assert 0 == measure_gini(np.array([3, 3, 3, 3]))
    assert 0.75 == measure_gini(np.array([0, 0, 0, 9]))


def test_diversity_is_of_pairs_and_leaves_bare_items_out():
    """Items of one tag are 0, of two different ones 1; an item without tags counts for nothing."""
    features = sparse.csr_matrix(np.array([[1, 0], [1, 0], [0, 1], [0, 0]]))
    placed = sparse.csr_matrix(np.array([[1, 1, 0, 1], [1, 0, 1, 0], [1, 1, 1, 0], [1, 0, 0, 1]]))
    assert [0, 1, pytest.approx(2 / 3)] == measure_diversity(placed, features).tolist()


def test_lists_without_a_track_have_no_figures():
    """Where nobody gets a list, nothing is claimed of it."""
    shape = describe_lists(
        np.full((2, 3), -1), sparse.csr_matrix((2, 4)), background([0.5] * 4), rng=rng()
    )
    assert (0.0, 0.0, None, None) == (
        shape.coverage,
        shape.gini,
        shape.novelty_bits,
        shape.repeat_rate,
    )


def test_a_catalogue_without_tags_is_judged_by_artists(world):
    """Tags are used where half of the catalogue has some, else artists."""
    bare = replace(world.index, item_tags=sparse.csr_matrix(world.index.item_tags.shape))
    assert "tags" == background_of(world.index).features_are
    assert "artists" == background_of(bare).features_are
    units = background_of(world.index).features
    lengths = np.sqrt(np.asarray(units.multiply(units).sum(axis=1))).ravel()
    assert set(np.round(lengths, 6)) == {0.0, 1.0}


def test_spread_and_groups_are_of_listeners():
    """Quantiles are over listeners; histories are grouped by their length."""
    ndcg = np.array([0.0, 0.0, 0.5, 1.0])
    assert (0.5, 0.25) == (spread_out(ndcg).nothing_found, spread_out(ndcg).p50)
    groups = group_by_length(ndcg, np.array([5, 5, 9, 30]), rng())
    assert [(5, 5, 2, 0.0), (9, 9, 1, 0.5), (30, 30, 1, 1.0)] == [
        (one.shortest, one.longest, one.n_users, one.ndcg_at_100.mean) for one in groups
    ]
