"""Sequences: which tracks follow which, and what comes next in a session."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.interactions import FloatArray

# All chosen on the last 2,500 or 3,000 training sessions of nowplaying, not on its test part.
WINDOW = 20  # tracks apart, at most; a pair counts one over how far
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


def learn_follows(plays: sparse.csr_matrix, timestamps: NDArray[np.int64] | None = None) -> Follows:
    """Learn what follows what from users or sessions x tracks plays.

    Parameters
    ----------
    plays : csr_matrix
    timestamps : int64 array, optional
        Of each pair of `plays`, in its order. Without them before and after count alike, and only
        tracks within twenty of each other in a row are seen together.

    References
    ----------
    Ludewig and Jannach 2018, "Evaluation of session-based recommendation algorithms": sequential
    rules, here with both directions and sources damped by how much they are played. Garg et al.
    2019, "Sequence and time aware neighborhood for session-based recommendations (STAN)": sessions
    of long ago say less; here by their age as a share of the whole time.
    """
    n_tracks = plays.shape[1]
    rows = np.repeat(np.arange(plays.shape[0]), np.diff(plays.indptr))
    is_ordered = timestamps is not None
    when = timestamps if timestamps is not None else np.zeros(plays.nnz, dtype=np.int64)
    order = np.lexsort((when, rows))
    rows, tracks = rows[order], plays.indices[order]
    fresh = _weigh_sessions(rows, when[order])[rows]
    repeated = fresh * np.float32(REPEATED) * np.log2(np.maximum(plays.data[order], 1))
    total = sparse.csr_matrix((repeated, (tracks, tracks)), (n_tracks, n_tracks))
    for gap in range(1, WINDOW + 1):
        is_same = rows[:-gap] == rows[gap:]
        before, after = tracks[:-gap][is_same], tracks[gap:][is_same]
        forth = fresh[gap:][is_same] * np.float32(1 / gap if is_ordered else 1)
        back = forth * np.float32(BACKWARDS if is_ordered else 1)
        pairs = (np.concatenate([before, after]), np.concatenate([after, before]))
        total = total + sparse.csr_matrix((np.concatenate([forth, back]), pairs), total.shape)
    listeners = np.bincount(tracks, weights=fresh, minlength=n_tracks).astype(np.float32)
    damping = np.maximum(listeners, 2 ** (-1 / FRESHNESS)) ** -SOURCE_POWER
    total.data *= np.repeat(damping, np.diff(total.indptr))
    total.eliminate_zeros()
    total.sort_indices()
    return Follows(total, listeners)


def _weigh_sessions(rows: NDArray[np.int64], when: NDArray[np.int64]) -> FloatArray:
    """Weigh each session by how lately it began; all alike where no time passes between them."""
    n_rows = int(rows.max(initial=-1)) + 1
    starts = np.full(n_rows, np.iinfo(np.int64).max)
    np.minimum.at(starts, rows, when)
    latest = starts[rows].max(initial=0)
    span = max(latest - starts.min(initial=latest), 1)
    ages = np.maximum(latest - starts, 0) / span
    return np.asarray(np.exp2(-ages / FRESHNESS), dtype=np.float32)
