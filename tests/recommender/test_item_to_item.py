"""Neighbours: who is near whom, and at what cost."""

import numpy as np
import pytest
from scipy import sparse

from harmonyhub.recommender import co_plays
from harmonyhub.recommender.candidates import item_to_item
from harmonyhub.recommender.candidates.item_to_item import learn_neighbours
from harmonyhub.recommender.co_plays import cast_votes, tabulate
from harmonyhub.recommender.similarity import learn_similarity


def learn(matrix, seed: int = 0):
    """Learn neighbours of a dense users x tracks matrix."""
    weights = sparse.csr_matrix(np.asarray(matrix, dtype=np.float32))
    return learn_from(weights, seed=seed)


def learn_from(weights: sparse.csr_matrix, seed: int = 0):
    """Learn neighbours from weights."""
    votes = cast_votes(weights, seed=seed)
    return learn_neighbours(tabulate(votes))


def test_tracks_of_the_same_listeners_are_neighbours():
    """Two groups of listeners make two groups of neighbours, and nobody is his own."""
    near = learn([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]]).toarray() > 0
    groups = np.kron(np.eye(2), np.ones((2, 2)))
    assert np.array_equal(groups - np.eye(4), near)


def test_more_shared_listeners_make_nearer():
    """Three shared listeners beat one, at equal popularity."""
    near = learn([[1, 1, 0], [1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 0, 1], [0, 0, 1]]).toarray()
    assert near[0, 1] > near[0, 2] > 0


def test_strongest_neighbour_is_one_on_average():
    """The scale does not depend on the data."""
    rng = np.random.default_rng(0)
    weights = sparse.csr_matrix((rng.random((50, 30)) < 0.2).astype(np.float32))
    nobody = sparse.csr_matrix((30, 0))
    learned = learn_similarity(weights, artists=nobody, seed=0, on_block=lambda _: None)
    near = learned.neighbours
    assert near.max(axis=1).toarray().mean() == pytest.approx(1.0, abs=0.05)


def test_blocks_do_not_change_the_result(monkeypatch):
    """Small blocks give what one big block gives, to the bit."""
    matrix = np.random.default_rng(1).random((60, 80)) < 0.1
    whole = learn(matrix)
    monkeypatch.setattr(co_plays, "BLOCK_PAIRS", 50)
    parts = learn(matrix)
    assert (whole != parts).nnz == 0


def test_only_the_strongest_neighbours_are_kept(monkeypatch):
    """A row keeps its best neighbours, and no more than its share."""
    matrix = np.random.default_rng(2).random((60, 40)) < 0.3
    whole = learn(matrix).toarray()
    monkeypatch.setattr(item_to_item, "N_NEIGHBOURS", 5)
    few = learn(matrix).toarray()
    for row in range(40):
        kept = np.flatnonzero(few[row])
        assert len(kept) == 5
        assert set(np.argsort(-whole[row], kind="stable")[:5]) == set(kept)


def test_long_histories_are_sampled_to_the_budget(monkeypatch):
    """A history whose pairs would burst the budget votes with a seeded sample."""
    monkeypatch.setattr(co_plays, "PAIR_BUDGET", 60 * 60)
    matrix = np.ones((1, 200))
    assert (learn(matrix, seed=1) != learn(matrix, seed=1)).nnz == 0
    heard = np.diff(learn(matrix, seed=1).indptr) > 0
    assert 50 <= heard.sum() <= 60


def test_long_rows_keep_their_strongest_neighbours():
    """A track with neighbours by the thousand keeps the best of all, whatever the rough search."""
    rng = np.random.default_rng(3)
    matrix = rng.random((40, 1_500)) < 0.3
    weights = sparse.csr_matrix(rng.random(matrix.shape, dtype=np.float32) * matrix)
    votes = weights.multiply(1 / np.sqrt(np.sqrt(np.diff(weights.indptr)))[:, None]).toarray()
    mass = (votes**2).sum(axis=0)
    near = (votes.T @ votes) * (mass + mass[mass > 0].mean()) ** -item_to_item.TARGET_POWER
    np.fill_diagonal(near, 0)
    learned = learn_from(weights)
    for row in range(0, 1_500, 50):
        expected = set(np.argsort(-near[row])[: item_to_item.N_NEIGHBOURS].tolist())
        assert expected == set(learned[row].indices.tolist())


def test_of_equal_neighbours_the_first_stay():
    """Where one listener makes all tracks alike, chance and processor decide nothing."""
    near = learn(np.ones((1, 600)))
    expected = [track for track in range(101) if track != 50]
    assert expected == near[50].indices.tolist()
    assert list(range(100)) == near[500].indices.tolist()


def test_chosen_tracks_have_their_own_neighbours():
    """Neighbours of some tracks are those that they have among all."""
    votes = sparse.csr_matrix((np.random.default_rng(4).random((60, 80)) < 0.1).astype(np.float32))
    table, chosen = tabulate(votes), np.array([3, 8, 60], dtype=np.int32)
    some = learn_neighbours(table, chosen)
    assert (learn_neighbours(table)[chosen] != some).nnz == 0
