"""Evaluation: the protocol, the metrics and the real data they must hold on."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import sparse

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.recommender.evaluation import arrange_pairs, evaluate, hide
from harmonyhub.recommender.metrics import estimate, measure

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def test_metrics_match_a_count_by_hand():
    """One hit at rank 2 of two hidden items, the given best item left out of the ranking."""
    scores = np.array([[9, 5, 4, 3, 2]], dtype=np.float32)
    given = sparse.csr_matrix(np.array([[1, 0, 0, 0, 0]]))
    hidden = sparse.csr_matrix(np.array([[0, 0, 1, 0, 1]]))
    found = measure(scores, given, hidden)
    gain = 1 / np.log2(3) + 1 / np.log2(5)
    assert [1.0] == found.recall_at_20.tolist()
    assert [gain / (1 + 1 / np.log2(3))] == pytest.approx(found.ndcg_at_100.tolist())


def test_recall_counts_the_first_twenty_only():
    """A hidden item at rank 21 counts for recall@50, not for recall@20."""
    scores = -np.arange(60, dtype=np.float32)[None, :]
    given = sparse.csr_matrix((1, 60))
    hidden = sparse.csr_matrix(([1.0], ([0], [20])), shape=(1, 60))
    found = measure(scores, given, hidden)
    assert ([0.0], [1.0]) == (found.recall_at_20.tolist(), found.recall_at_50.tolist())


def test_an_interval_holds_the_mean():
    """The bootstrap interval is around the mean and narrows with more listeners."""
    few = estimate(np.tile([0.0, 1.0], 10), np.random.default_rng(0))
    many = estimate(np.tile([0.0, 1.0], 1000), np.random.default_rng(0))
    assert few.low < few.mean == 0.5 < few.high
    assert many.high - many.low < few.high - few.low


def test_hiding_splits_each_history():
    """Four fifths are given, the rest hidden, nothing in both or lost."""
    histories = sparse.csr_matrix(np.ones((3, 10)))
    given, hidden = hide(histories, np.random.default_rng(0))
    assert ([8] * 3, [2] * 3) == (np.diff(given.indptr).tolist(), np.diff(hidden.indptr).tolist())
    assert (given + hidden != histories).nnz == 0


def test_columns_become_pairs():
    """Ids of any kind become rows and columns; repeated pairs are added up."""
    pairs = arrange_pairs(np.array(["b", "a", "b"]), np.array([7, 5, 7]), np.array([1, 2, 3]))
    assert np.array_equal([[2, 0], [0, 4]], pairs.toarray())


def test_taste_beats_popularity_on_made_up_tastes():
    """Where listeners have tastes, the recommender finds them and most popular does not."""
    rng = np.random.default_rng(5)
    taste = np.repeat(np.arange(4), 50)
    likes = (np.arange(200)[None, :] // 50 == taste[:, None]) * 0.3 + 0.01
    report = evaluate(sparse.csr_matrix(rng.random((200, 200)) < likes), seed=1)
    for part in (report.validation, report.test):
        ours, popular = part.recommender, part.most_popular
        assert ours.ndcg_at_100.low > popular.ndcg_at_100.high
    assert report == evaluate(
        sparse.csr_matrix(np.random.default_rng(5).random((200, 200)) < likes), seed=1
    )


def test_too_few_users_are_refused():
    """An evaluation of nine users would be chance."""
    with pytest.raises(RefusedInputError, match="9 users"):
        evaluate(sparse.csr_matrix(np.ones((9, 8))))


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the research data is not on this machine")
def test_recall_is_twice_most_popular_on_real_listeners():
    """On 1,892 Last.fm listeners recall@20 is at least twice that of most popular."""
    table = pq.read_table(SHARED / "lastfm-hetrec2011" / "user_artists.parquet")
    columns = [table.column(name).to_numpy() for name in ("userID", "artistID", "weight")]
    report = evaluate(arrange_pairs(*columns))
    for part in (report.validation, report.test):
        ours, popular = part.recommender.recall_at_20, part.most_popular.recall_at_20
        assert ours.mean >= 2 * popular.mean


def test_recall_is_over_what_twenty_places_can_hold():
    """With forty hidden items twenty hits in the first twenty are a recall of 1."""
    scores = -np.arange(60, dtype=np.float32)[None, :]
    hidden = sparse.csr_matrix((np.arange(60) < 40).astype(float)[None, :])
    found = measure(scores, sparse.csr_matrix((1, 60)), hidden)
    assert ([1.0], [1.0]) == (found.recall_at_20.tolist(), found.recall_at_50.tolist())
