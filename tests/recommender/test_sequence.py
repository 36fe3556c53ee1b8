"""What comes next: order, distance and repetition decide, and strange sessions are answered."""

import numpy as np
import pytest
from scipy import sparse

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.recommender import train_index


def train_sessions(sessions: list[list[int]], n_tracks: int, *, apart: int = 0):
    """Train on sessions given as lists of tracks, so many seconds apart."""
    rows = np.repeat(np.arange(len(sessions)), [len(one) for one in sessions])
    tracks = np.concatenate([np.array(one, dtype=np.int64) for one in sessions])
    times = np.concatenate([np.arange(1, len(one) + 1) for one in sessions]) + apart * rows
    shape = (len(sessions), n_tracks)
    plays = sparse.csr_matrix((np.ones(len(tracks)), (rows, tracks)), shape=shape)
    last = sparse.csr_matrix(shape, dtype=np.int64).tolil()
    for row, track, time in zip(rows, tracks, times, strict=True):
        last[row, track] = max(last[row, track], time)
    return train_index(plays, timestamps=last.tocsr())


def test_what_followed_comes_next():
    """What came after comes before what came before; the track itself may come again."""
    index = train_sessions([[0, 1, 2]] * 5 + [[3, 4]], 5)
    assert [1, 0, 2] == index.next([0], 3).tolist()
    assert [2, 1, 0] == index.next([1], 3).tolist()


def test_sessions_of_long_ago_say_less():
    """Of two followers, each in two sessions, the one of the later sessions comes first."""
    sessions = [[0, 1], [0, 1], [0, 2], [0, 2]]
    assert 2 == train_sessions(sessions, 3, apart=1_000).next([0], 1)[0]
    assert 1 == train_sessions(sessions[::-1], 3, apart=1_000).next([0], 1)[0]
    at_once = train_sessions(sessions, 3).follows.after
    assert at_once[0, 1] == at_once[0, 2]


def test_what_was_repeated_comes_again():
    """A track that its sessions play twice is first itself; one played once is not."""
    index = train_sessions([[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]] * 5, 3)
    assert 0 == index.next([0], 1)[0]
    assert 0 != train_sessions([[0, 1, 2]] * 5, 3).next([0], 1)[0]


def test_without_times_no_order_counts():
    """Without timestamps what came before and after are alike."""
    index = train_index(sparse.csr_matrix(np.array([[1, 1, 1, 0]] * 5 + [[0, 0, 0, 1]])))
    scores = index.follows.score_next([1])
    assert scores[0] == scores[2] > scores[3]


def test_the_last_track_says_most():
    """Of two tracks with different followers the later one decides."""
    index = train_sessions([[0, 1]] * 5 + [[2, 3]] * 5, 4)
    assert index.next([0, 2], 1).tolist() == [3]
    assert index.next([2, 0], 1).tolist() == [1]


def test_an_unknown_session_gets_what_is_played_most():
    """Without a session, or after a track that nobody played, the most played come first."""
    index = train_sessions([[0, 1], [1, 2], [1, 2]], 4)
    assert [1, 2, 0] == index.next([], 3).tolist()
    assert [1, 2, 0] == index.next([3], 3).tolist()


@pytest.mark.parametrize("track", [-1, 4])
def test_a_track_outside_is_refused(track):
    """A column that the matrix does not have is named."""
    with pytest.raises(RefusedInputError, match="outside 0 to 3"):
        train_sessions([[0, 1]], 4).next([track], 3)
