"""Closeness: which tracks are near which, and what makes them so; the graph that paths go over."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from harmonyhub.domain.paths import WayBy
from harmonyhub.domain.recommendations import EvidenceKind
from harmonyhub.recommender.co_plays import mark_strongest, no_entries
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray

LINKS = 20  # of one kind per track: bounds the graph to some 40 steps a track
TAG_LINKS = 3  # to each side, in the order of popularity: every pair of a tag would be too many
STEP_LENGTH = 1.0  # of the closest pair; else a way through many twins would count as short
LEAST = 1e-4

# Tracks x tracks, closeness in [0, 1], of one kind; symmetry is made afterwards.
Closeness = Callable[[ServingIndex], sparse.csr_matrix]


def by_listeners(index: ServingIndex) -> sparse.csr_matrix:
    """Return how near tracks are by the people who play both."""
    return _strongest(index.neighbours)


def by_packs(index: ServingIndex) -> sparse.csr_matrix:
    """Return how near tracks are by the listeners of the knowledge packs."""
    total = no_entries((index.n_tracks, index.n_tracks))
    for known in index.knowledge:
        total = total.maximum(_strongest(known.neighbours))
    return total.tocsr()


def by_sound(index: ServingIndex) -> sparse.csr_matrix:
    """Return how near tracks are by how they sound."""
    return sparse.csr_matrix(index.sounds.alike)


def by_tags(index: ServingIndex) -> sparse.csr_matrix:
    """Return how near tracks of a tag are that are about equally well known."""
    columns = sparse.csc_matrix(index.item_tags)
    parts = [_chain(_by_popularity(columns, tag, index)) for tag in range(columns.shape[1])]
    pairs = np.concatenate([np.zeros((2, 0), dtype=np.int32), *parts], axis=1)
    pairs = np.unique(pairs, axis=1)
    tags = index.item_tags
    shared = tags[pairs[0]].minimum(tags[pairs[1]]).sum(axis=1).A1.astype(np.float32)
    shape = (index.n_tracks, index.n_tracks)
    return sparse.csr_matrix((shared, (pairs[0], pairs[1])), shape=shape)


# What people do says more than what a tag does: a tag alone joins what has little in common.
KINDS: Sequence[tuple[EvidenceKind, float, Closeness]] = (
    (EvidenceKind.SIMILAR_TRACK, 1.0, by_listeners),
    (EvidenceKind.ELSEWHERE, 1.0, by_packs),
    (EvidenceKind.SIMILAR_SOUND, 0.5, by_sound),
    (EvidenceKind.SHARED_TAG, 0.2, by_tags),
)


NEARNESS: Mapping[WayBy, Collection[EvidenceKind]] = {
    WayBy.ALL: [kind for kind, _, _ in KINDS],
    WayBy.SOUND: [EvidenceKind.SIMILAR_SOUND],
}


@dataclass(frozen=True, eq=False)
class TrackGraph:
    """All tracks and which are near which.

    Attributes
    ----------
    lengths : csr_matrix
        Of the steps between tracks, the same both ways; `STEP_LENGTH` or more, the nearer the
        shorter.
    kinds : sequence of (EvidenceKind, csr_matrix)
        How near, in (0, 1], by each kind on its own; the same both ways.
    """

    lengths: sparse.csr_matrix
    kinds: Sequence[tuple[EvidenceKind, sparse.csr_matrix]]

    def near(self, item: int) -> tuple[IntArray, FloatArray]:
        """List the tracks one step away, by place, and the lengths of the steps."""
        row = slice(self.lengths.indptr[item], self.lengths.indptr[item + 1])
        return self.lengths.indices[row], self.lengths.data[row]

    def distances(self, item: int) -> tuple[FloatArray, FloatArray]:
        """Measure the shortest way from a track to every other: its length, and its steps.

        Both are infinite where no way leads.

        References
        ----------
        Dijkstra 1959, "A note on two problems in connexion with graphs".
        """
        from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415  14 MB that few processes need

        lengths = dijkstra(self.lengths, indices=[item])[0]
        return lengths, dijkstra(self.lengths, indices=[item], unweighted=True)[0]


def build_graph(index: ServingIndex, by: WayBy = WayBy.ALL) -> TrackGraph:
    """Join kinds of closeness to one graph; the nearest kind makes a step's length.

    Lengths are -log of closeness, so that a way is as long as its steps are unlikely together.
    """
    kinds = []
    nearest = no_entries((index.n_tracks, index.n_tracks))
    for kind, weight, closeness in KINDS:
        if kind not in NEARNESS[by]:
            continue
        near = (closeness(index) * np.float32(weight)).tocsr()
        near = near.maximum(near.T).tocsr()
        near.setdiag(0)
        near.eliminate_zeros()
        kinds.append((kind, near))
        nearest = nearest.maximum(near).tocsr()
    lengths = nearest.copy()
    lengths.data = (STEP_LENGTH - np.log(np.clip(nearest.data, LEAST, 1))).astype(np.float64)
    lengths.sort_indices()
    return TrackGraph(lengths, tuple(kinds))


def _strongest(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Keep the strongest entries of each row over 0, against the row's strongest."""
    positive = sparse.csr_matrix(matrix, copy=True)
    positive.data = np.maximum(positive.data, 0)
    positive.data *= mark_strongest(positive, LINKS)
    peaks = positive.max(axis=1).toarray().ravel()
    peaks = np.maximum(peaks, np.finfo(np.float32).tiny)  # rows of nothing
    positive.data /= np.repeat(peaks, np.diff(positive.indptr))
    positive.eliminate_zeros()
    return positive


def _by_popularity(columns: sparse.csc_matrix, tag: int, index: ServingIndex) -> IntArray:
    tracks = columns.indices[columns.indptr[tag] : columns.indptr[tag + 1]]
    return tracks[np.lexsort((tracks, -index.popularity[tracks]))]


def _chain(tracks: IntArray) -> IntArray:
    """Pair each track with the next few."""
    steps = range(1, TAG_LINKS + 1)
    return np.concatenate([np.stack([tracks[:-step], tracks[step:]]) for step in steps], axis=1)
