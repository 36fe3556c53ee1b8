"""Sequences: which tracks follow which, and what comes next in a session."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.co_plays import no_entries
from harmonyhub.recommender.interactions import FloatArray

# All chosen on the last 2,500 training sessions of nowplaying, not on its test part.
WINDOW = 20  # tracks apart, at most; a pair counts one over how far
BACKWARDS = 0.5  # a track that came before counts half
SOURCE_POWER = 0.8  # of listeners: what follows a well-known track says little about it
DECAY = 0.6  # per track back from the end of the session
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
    rules, here with both directions and sources damped by how much they are played.
    """
    n_tracks = plays.shape[1]
    listeners = np.bincount(plays.indices, minlength=n_tracks).astype(np.float32)
    rows = np.repeat(np.arange(plays.shape[0]), np.diff(plays.indptr))
    is_ordered = timestamps is not None
    when = timestamps if timestamps is not None else np.zeros(plays.nnz, dtype=np.int64)
    order = np.lexsort((when, rows))
    rows, tracks = rows[order], plays.indices[order]
    total = no_entries((n_tracks, n_tracks))
    for gap in range(1, WINDOW + 1):
        is_same = rows[:-gap] == rows[gap:]
        before, after = tracks[:-gap][is_same], tracks[gap:][is_same]
        weight = 1 / gap if is_ordered else 1.0
        forth = np.full(len(before), weight, dtype=np.float32)
        back = forth * np.float32(BACKWARDS if is_ordered else 1)
        pairs = (np.concatenate([before, after]), np.concatenate([after, before]))
        total = total + sparse.csr_matrix((np.concatenate([forth, back]), pairs), total.shape)
    total.data *= np.repeat(np.maximum(listeners, 1) ** -SOURCE_POWER, np.diff(total.indptr))
    total.sort_indices()
    return Follows(total, listeners)
