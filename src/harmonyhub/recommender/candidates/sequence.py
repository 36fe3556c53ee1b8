"""Sequences: which tracks follow which, and what comes next in a session."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.domain.history import Interactions
from harmonyhub.recommender.interactions import FloatArray, IntArray

# All chosen on the last 2,500 or 3,000 training sessions of nowplaying, not on its test part.
WINDOW = 20  # tracks apart, at most; a pair counts one over how far
TOGETHER_S = 3_600  # and so much time: longer is another evening (30music: nothing is lost)
MOST_PAIRS = 50_000_000  # counted at most, those of the latest plays: 600 MB
BACKWARDS = 0.5  # a track that came before counts half
SOURCE_POWER = 0.8  # of listeners: what follows a well-known track says little about it
DECAY = 0.6  # per track back from the end of the session
FRESHNESS = 0.4  # a session counts half where it began that share of all the time earlier
REPEATED = 0.5  # a second play in a session, against a track that follows at once; a fourth twice
AGAIN = 0.9  # a track of the session itself, against the best other one
N_LATEST = 20  # tracks of a session that are looked at: 0.6 ** 20 is nothing


@dataclass(frozen=True, slots=True, eq=False)
class Follows:
    """Row h holds how strongly each other track comes after h."""

    after: sparse.csr_matrix
    listeners: FloatArray

    def score_next(self, session: Sequence[int]) -> FloatArray:
        """Score all tracks as the next one of a session, given oldest first; 0 or more.

        Tracks of the session may come again. Of a session that nothing follows the most played
        tracks come next.
        """
        n_tracks = self.after.shape[0]
        scores = np.zeros(n_tracks, dtype=np.float32)
        latest = [*reversed(session[-N_LATEST:])]
        for age, track in enumerate(latest):
            row = slice(self.after.indptr[track], self.after.indptr[track + 1])
            scores[self.after.indices[row]] += np.float32(DECAY**age) * self.after.data[row]
        best = scores.max(initial=0)
        for age, track in enumerate(latest):
            scores[track] = max(scores[track], AGAIN * best * DECAY**age)
        # Under every track that follows, if only just: ties are broken by how many play them.
        smallest = scores[scores > 0].min(initial=1)
        ties = self.listeners * (smallest / 2 / max(float(self.listeners.max(initial=0)), 1.0))
        return np.asarray(scores + ties, dtype=np.float32)


def learn_follows(pairs: Interactions, n_tracks: int) -> Follows:
    """Learn what follows what from the last plays of users, or of sessions.

    Parameters
    ----------
    pairs : Interactions
        Those without a date are left out. Where none has one, before and after count alike, and
        only tracks within twenty of each other, as they are stored, are seen together.

    References
    ----------
    Ludewig and Jannach 2018, "Evaluation of session-based recommendation algorithms": sequential
    rules, here with both directions and sources damped by how much they are played. Garg et al.
    2019, "Sequence and time aware neighborhood for session-based recommendations (STAN)": sessions
    of long ago say less; here by their age as a share of the whole time.
    """
    is_ordered = bool(pairs.last_played_at.any())
    kept = np.flatnonzero((pairs.last_played_at > 0) | (not is_ordered))
    kept = kept[np.lexsort((pairs.last_played_at[kept], pairs.user_index[kept]))]
    kept = kept[_mark_latest(pairs.user_index[kept])]
    rows, tracks = pairs.user_index[kept], pairs.track_index[kept]
    when = pairs.last_played_at[kept]
    fresh = _weigh_sessions(rows, when)[rows]
    repeated = fresh * np.float32(REPEATED) * np.log2(np.maximum(pairs.plays[kept], 1))
    shape = n_tracks, n_tracks
    total = sparse.csr_matrix((repeated, (tracks, tracks)), shape, dtype=np.float32)
    for gap in range(1, WINDOW + 1):
        is_near = (rows[:-gap] == rows[gap:]) & (when[gap:] - when[:-gap] <= TOGETHER_S)
        before, after = tracks[:-gap][is_near], tracks[gap:][is_near]
        forth = fresh[gap:][is_near] * np.float32(1 / gap if is_ordered else 1)
        back = forth * np.float32(BACKWARDS if is_ordered else 1)
        ends = (np.concatenate([before, after]), np.concatenate([after, before]))
        total = total + sparse.csr_matrix((np.concatenate([forth, back]), ends), shape)
    listeners = np.bincount(tracks, weights=fresh, minlength=n_tracks).astype(np.float32)
    damping = np.maximum(listeners, 2 ** (-1 / FRESHNESS)) ** -SOURCE_POWER
    total.data *= np.repeat(damping, np.diff(total.indptr))
    total.eliminate_zeros()
    total.sort_indices()
    return Follows(total, listeners)


def _mark_latest(rows: IntArray) -> NDArray[np.bool_]:
    """Mark the last plays of each row, as many as keep all rows together within the budget."""
    _, places, lengths = np.unique(rows, return_inverse=True, return_counts=True)
    most = int(lengths.max(initial=0))
    while most > 1 and _count_pairs(np.minimum(lengths, most)) > MOST_PAIRS:
        most = int(most * 0.9)
    from_end = np.cumsum(lengths)[places] - np.arange(len(rows))
    return np.asarray(from_end <= most)


def _count_pairs(lengths: NDArray[np.int64]) -> int:
    """Count the pairs of plays within the window, both ways round."""
    inside = np.minimum(lengths, WINDOW + 1)
    return int((inside * (inside - 1) + 2 * WINDOW * (lengths - inside)).sum())


def _weigh_sessions(rows: IntArray, when: NDArray[np.int64]) -> FloatArray:
    """Weigh each session by how lately it began; all alike where no time passes between them."""
    n_rows = int(rows.max(initial=-1)) + 1
    starts = np.full(n_rows, np.iinfo(np.int64).max)
    np.minimum.at(starts, rows, when)
    latest = starts[rows].max(initial=0)
    span = max(latest - starts.min(initial=latest), 1)
    ages = np.maximum(latest - starts, 0) / span
    return np.asarray(np.exp2(-ages / FRESHNESS), dtype=np.float32)
