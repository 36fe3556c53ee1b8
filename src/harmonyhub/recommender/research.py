"""The research face: matrices in, dense scores out, by the very blend that the lists use."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import CatalogueEntry, History, Interactions
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.recommender.blend import IN_SESSION, score_tracks
from harmonyhub.recommender.candidates.sequence import Follows, learn_follows
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import DAY_S, FloatArray, IntArray, read_pairs
from harmonyhub.recommender.profile import Profile, build_profile
from harmonyhub.recommender.similar import compare_together
from harmonyhub.recommender.training import train

LATELY_DAYS = 2.0  # half-life of the wish to hear again; 30music, half of its listeners
LATELY_WEIGHT = 2.0
AGAIN_WEIGHT = 2.0  # times the share of plays that are repeats: who repeats little wants news
HEARD = 0.01  # of what leads to a heard track: the listener's own plays do; it breaks ties
AT_ONCE = 64  # histories: 26 MB of answers of 100,000 tracks at a time; more gain nothing
ONCE = 0.1  # of that share for who repeated nothing yet; the same half, 0.2 is worse


@dataclass(frozen=True, eq=False)
class ResearchIndex:
    """A trained recommender that scores matrices of histories.

    `learned_from` is what it was trained on.
    """

    serving: ServingIndex
    learned_from: Interactions

    @cached_property
    def follows(self) -> Follows:
        """What follows what; learned when it is first asked for, as most callers never do."""
        return learn_follows(self.learned_from, self.serving.n_tracks)

    @cached_property
    def known_times(self) -> dict[bytes, NDArray[np.int64]]:
        """The times of each training history that nobody else has, by its tracks and plays."""
        learned = self.learned_from
        if not learned.last_played_at.any():
            return {}
        lengths = np.bincount(learned.user_index, minlength=len(learned.user_ids))
        edges = [0, *np.cumsum(lengths).tolist()]
        names = [
            _name_history(learned.track_index[start:end], learned.plays[start:end])
            for start, end in itertools.pairwise(edges)
        ]
        counts = Counter(names)
        spans = zip(names, itertools.pairwise(edges), strict=True)
        return {
            name: learned.last_played_at[start:end]
            for name, (start, end) in spans
            if counts[name] == 1
        }

    def score(
        self, histories: sparse.csr_matrix, *, timestamps: sparse.csr_matrix | None = None
    ) -> FloatArray:
        """Score all tracks for given histories (users x tracks, plays); heard ones not masked.

        Parameters
        ----------
        timestamps : csr_matrix, shape (users, tracks), optional
            Unix seconds of the last play of each pair. Without them a history that is one of the
            training, play for play, has those that it had there.

        Returns
        -------
        array, shape (users, tracks), float32
            Higher is better. New tracks by the same blend of terms that Discover is ranked by and,
            with timestamps, by what follows the latest plays; on heard ones comes the wish to hear
            them again, by their plays and, with timestamps, by how lately they were played.

        Raises
        ------
        RefusedInputError
            If the columns are not the tracks of the index, or a count is no count.
        """
        index = self.serving
        if histories.shape[1] != index.n_tracks:
            raise RefusedInputError(
                f"The histories have {histories.shape[1]} tracks, the index {index.n_tracks}.",
                hint="Use the same columns for training and for scoring.",
            )
        given = read_pairs(histories)
        rows = np.repeat(np.arange(given.shape[0], dtype=np.int32), np.diff(given.indptr))
        times = _times_at(timestamps, given, rows)
        if timestamps is None and self.known_times:
            self._recall_times(times, given)
        scores = np.empty(given.shape, dtype=np.float32)
        for start in range(0, len(scores), AT_ONCE):
            users = range(start, min(start + AT_ONCE, len(scores)))
            profiles = [
                build_profile(_history_of(given, times, user, index=index), index) for user in users
            ]
            compare_together([profile.similar for profile in profiles])
            for user, profile in zip(users, profiles, strict=True):
                scores[user] = score_tracks(IN_SESSION, profile, index)
                heard = scores[user, profile.items] * np.float32(HEARD)
                scores[user, profile.items] = 0
                best = scores[user].max(initial=0)
                scores[user, profile.items] = heard + best * _wish_again(profile)
        return scores

    def _recall_times(self, times: NDArray[np.int64], given: sparse.csr_matrix) -> None:
        plays = _round_plays(given.data)
        for start, end in itertools.pairwise(given.indptr.tolist()):
            name = _name_history(given.indices[start:end], plays[start:end])
            if name in self.known_times:
                times[start:end] = self.known_times[name]

    def next(self, session: Sequence[int], n: int) -> NDArray[np.int64]:
        """Name the tracks that come next in a session, the most likely first.

        Parameters
        ----------
        session : sequence of int
            Columns of the training matrix, oldest first; tracks of it may be named again.
        n : int
            How many to name.

        Raises
        ------
        RefusedInputError
            If a column is not of the training matrix.
        """
        tracks = np.asarray(session, dtype=np.int64)
        if len(tracks) and not (tracks.min() >= 0 and tracks.max() < self.serving.n_tracks):
            raise RefusedInputError(
                f"The session names a track outside 0 to {self.serving.n_tracks - 1}.",
                hint="Use the columns of the matrix that was trained on.",
            )
        scores = self.follows.score_next(tracks.tolist())
        return np.argsort(-scores, kind="stable")[:n]


def train_index(
    plays: sparse.csr_matrix,
    *,
    timestamps: sparse.csr_matrix | None = None,
    item_tags: sparse.csr_matrix | None = None,
    seed: int = 0,
) -> ResearchIndex:
    """Learn from matrices, for research and outside measurement.

    Parameters
    ----------
    plays : csr_matrix, shape (users, items)
        Plays per pair, 0 or more.
    timestamps : csr_matrix, shape (users, items), optional
        Unix seconds of the last play of each pair; they tell what follows what, and `score` how
        lately each track of these histories was played.
    item_tags : csr_matrix, shape (items, tags), optional
        Not 0 where the item has the tag.

    Returns
    -------
    ResearchIndex
        Track i of its serving index has the id `str(i)`.

    Raises
    ------
    RefusedInputError
        If a number of plays is negative or not finite, or the shapes do not fit.
    """
    counts = read_pairs(plays)
    n_users, n_items = counts.shape
    user_index = np.repeat(np.arange(n_users, dtype=np.int32), np.diff(counts.indptr))
    track_ids = [TrackId(str(item)) for item in range(n_items)]
    interactions = Interactions(
        user_ids=[UserId(str(user)) for user in range(n_users)],
        track_ids=track_ids,
        user_index=user_index,
        track_index=counts.indices.astype(np.int32),
        plays=_round_plays(counts.data),
        last_played_at=_times_at(timestamps, counts, user_index),
    )
    tags = _tags_of(item_tags, n_items)
    catalogue = [
        CatalogueEntry(id=track_id, title=track_id, artist="", artist_ids=(), tags=tags[item])
        for item, track_id in enumerate(track_ids)
    ]
    return ResearchIndex(train(interactions, catalogue, seed=seed), interactions)


def _history_of(
    given: sparse.csr_matrix, times: NDArray[np.int64], user: int, *, index: ServingIndex
) -> History:
    row = slice(given.indptr[user], given.indptr[user + 1])
    return History(
        track_ids=[index.track_ids[item] for item in given.indices[row]],
        plays=_round_plays(given.data[row]),
        first_played_at=times[row],
        last_played_at=times[row],
    )


def _round_plays(plays: NDArray[Any]) -> IntArray:
    rounded: IntArray = np.maximum(np.rint(plays), 1).astype(np.int32)
    return rounded


def _name_history(items: NDArray[Any], plays: IntArray) -> bytes:
    return items.astype(np.int32).tobytes() + plays.tobytes()


def _wish_again(profile: Profile) -> FloatArray:
    """Weigh the heard tracks; 1 is the best score of the list."""
    wish = np.log1p(profile.plays)
    if profile.last_at:
        age_days = (profile.last_at - profile.last_played_at) / DAY_S
        repeats = 1 - np.count_nonzero(profile.plays) / max(int(profile.plays.sum()), 1)
        wish = wish + LATELY_WEIGHT * np.exp2(-age_days / LATELY_DAYS)
        wish = wish * AGAIN_WEIGHT * (repeats + ONCE)
    return np.asarray(wish, dtype=np.float32)


def _times_at(
    timestamps: sparse.csr_matrix | None,
    counts: sparse.csr_matrix,
    user_index: NDArray[np.int32],
) -> NDArray[np.int64]:
    if timestamps is None:
        return np.zeros(counts.nnz, dtype=np.int64)
    _check_shape("timestamps", timestamps.shape, counts.shape)
    times = sparse.csr_matrix(timestamps)[user_index, counts.indices]
    return np.asarray(times).ravel().astype(np.int64)


def _tags_of(item_tags: sparse.csr_matrix | None, n_items: int) -> list[tuple[str, ...]]:
    if item_tags is None:
        return [()] * n_items
    _check_shape("item_tags", item_tags.shape[:1], (n_items,))
    rows = sparse.csr_matrix(item_tags)
    ends = zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
    return [tuple(str(tag) for tag in rows.indices[start:end]) for start, end in ends]


def _check_shape(name: str, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        raise RefusedInputError(
            f"{name} has the shape {found}; {expected} would fit the plays.",
            hint="Use the same users and items, in the same order, in all matrices.",
        )
