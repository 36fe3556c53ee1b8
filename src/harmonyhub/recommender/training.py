"""Training: everyone's listens and the catalogue in, one serving index out."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import CatalogueEntry, Interactions
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.jobs import Progress
from harmonyhub.recommender.candidates.item_to_item import learn_neighbours
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import (
    VOTES_HALF,
    FloatArray,
    check_plays,
    place_pairs,
    read_pairs,
    weigh_plays,
    weigh_recency,
)
from harmonyhub.recommender.labels import label_catalogue


def train(
    interactions: Interactions,
    catalogue: Sequence[CatalogueEntry],
    *,
    seed: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
) -> ServingIndex:
    """Learn a serving index.

    Parameters
    ----------
    interactions : Interactions
        Pairs of tracks that the catalogue does not have are left out.
    catalogue : sequence of CatalogueEntry
        All tracks that may be recommended, heard by somebody or not.
    seed : int
        Same seed, same input, same index.
    on_progress : callable, optional
        Told how many tracks are done.

    Raises
    ------
    RefusedInputError
        If a number of plays is negative or not finite.
    """
    n_tracks = len(catalogue)
    check_plays(interactions.plays)
    place_of = {entry.id: place for place, entry in enumerate(catalogue)}
    columns = np.array([place_of.get(i, -1) for i in interactions.track_ids], dtype=np.int32)
    pairs = place_pairs(interactions, columns)
    newest_at = int(pairs.last_played_at.max(initial=0))

    def report(done: int) -> None:
        if on_progress is not None:
            on_progress(Progress(done=done, total=n_tracks, unit="tracks", message="learning"))

    report(0)
    weights = sparse.csr_matrix(
        (weigh_plays(pairs.plays, VOTES_HALF), (pairs.user_index, pairs.track_index)),
        shape=(len(interactions.user_ids), n_tracks),
    )
    neighbours = learn_neighbours(weights, seed=seed, on_block=report)
    labels = label_catalogue(catalogue)
    report(n_tracks)
    return ServingIndex(
        track_ids=[entry.id for entry in catalogue],
        titles=[entry.title for entry in catalogue],
        artists=[entry.artist for entry in catalogue],
        artist_ids=labels.artist_ids,
        artist_names=labels.artist_names,
        tags=labels.tags,
        item_artists=labels.item_artists,
        item_tags=labels.item_tags,
        releases=labels.releases,
        songs=labels.songs,
        listeners=np.bincount(pairs.track_index, minlength=n_tracks).astype(np.int32),
        popularity=_popularity(pairs, newest_at, n_tracks),
        neighbours=neighbours,
        n_users=len(np.unique(pairs.user_index)),
        n_listens=int(pairs.plays.sum()),
        newest_at=newest_at,
    )


def train_index(
    plays: sparse.csr_matrix,
    *,
    timestamps: sparse.csr_matrix | None = None,
    item_tags: sparse.csr_matrix | None = None,
    seed: int = 0,
) -> ServingIndex:
    """Learn a serving index from matrices, for research and outside measurement.

    Parameters
    ----------
    plays : csr_matrix, shape (users, items)
        Plays per pair, 0 or more.
    timestamps : csr_matrix, shape (users, items), optional
        Unix seconds of the last play of each pair.
    item_tags : csr_matrix, shape (items, tags), optional
        Not 0 where the item has the tag.

    Returns
    -------
    ServingIndex
        Track i has the id `str(i)`; `index.score(histories)` scores given histories.

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
        plays=np.maximum(np.rint(counts.data), 1).astype(np.int32),
        last_played_at=_times_at(timestamps, counts, user_index),
    )
    tags = _tags_of(item_tags, n_items)
    catalogue = [
        CatalogueEntry(id=track_id, title=track_id, artist="", artist_ids=(), tags=tags[item])
        for item, track_id in enumerate(track_ids)
    ]
    return train(interactions, catalogue, seed=seed)


def _popularity(pairs: Interactions, newest_at: int, n_tracks: int) -> FloatArray:
    """Add the listeners up, each weighted by plays and recency; the most popular gets 1."""
    weights = weigh_plays(pairs.plays) * weigh_recency(pairs.last_played_at, newest_at)
    summed = np.bincount(pairs.track_index, weights=weights, minlength=n_tracks)
    top = max(float(summed.max(initial=0)), 1e-9)
    return np.asarray(summed / top, dtype=np.float32)


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
