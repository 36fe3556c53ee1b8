"""Tracks that people play soon after another: after the seeds of a list, or the latest plays."""

import numpy as np
from scipy import sparse

from harmonyhub.domain.history import Interactions
from harmonyhub.recommender.candidates.sequence import SOURCE_POWER, learn_follows
from harmonyhub.recommender.co_plays import keep_strongest, no_entries, peak
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.rows import EVERY, Items, add_rows
from harmonyhub.recommender.terms import Term, TermKind, strongest_terms

N_KEPT = 30  # per track: on nowplaying 50 find 2 % more, 20 find 2 % less
PRIOR = 4.0  # listeners; 0 to 8 are level on nowplaying, but one listener is no habit of people
HALF_LIFE_S = 600.0  # of what was just played; 5 minutes to half an hour are level on 30music
LONGEST_S = 6_000  # ten half-lives


class NextTracks:
    """Term: the sum of (weight of a track) x (how likely the item follows it).

    Weights are those of the profile, which are the seeds of a list; `of_session` they are how
    lately each track was played before the profile's moment.
    """

    def __init__(self, *, of_session: bool = False) -> None:
        self._of_session = of_session

    def score(
        self, profile: Profile, index: ServingIndex, items: Items = EVERY
    ) -> FloatArray | None:
        """Return the term; None where nothing follows."""
        places, weights = self._leads(profile)
        if not (len(places) and index.follows.nnz):
            return None
        return add_rows(index.follows, profile.items[places], weights)[items]

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Name, for each item, the tracks that it follows most."""
        places, weights = self._leads(profile)
        if not (len(places) and index.follows.nnz):
            return [[] for _ in items]
        rows = index.follows[profile.items[places]][:, items].tocoo()
        values = rows.data * weights[rows.row]
        return strongest_terms(TermKind.NEXT, values, places[rows.row], of=rows.col, n=len(items))

    def _leads(self, profile: Profile) -> tuple[IntArray, FloatArray]:
        """Give the positions in the profile of tracks that something may follow, and weights."""
        if not self._of_session:
            places = np.flatnonzero(profile.weights).astype(np.int32)
            return places, profile.weights[places]
        ages = profile.moment - profile.last_played_at
        is_late = (profile.last_played_at > 0) & (profile.weights > 0) & (ages <= LONGEST_S)
        places = np.flatnonzero(is_late).astype(np.int32)
        return places, np.exp2(-ages[places] / HALF_LIFE_S).astype(np.float32)


def learn_next(pairs: Interactions, n_tracks: int) -> sparse.csr_matrix:
    """Learn what is played soon after what, from dated last plays; nothing without dates.

    Returns
    -------
    csr_matrix, shape (tracks, tracks), float32
        Row h holds the likeliest followers of h; the strongest of a row is 1 on average.
    """
    if not pairs.last_played_at.any():
        return no_entries((n_tracks, n_tracks))
    follows = learn_follows(pairs, n_tracks)
    after, listeners = follows.after, follows.listeners
    unsure = (listeners / (listeners + PRIOR)) ** SOURCE_POWER
    after.data *= np.repeat(unsure, np.diff(after.indptr))
    after.setdiag(0)
    keep_strongest(after, N_KEPT)
    after.data /= np.float32(peak(after))
    return after
