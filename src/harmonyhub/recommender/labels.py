"""The catalogue in columns: what cards, caps and content terms read of each track."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy import sparse

from harmonyhub.domain.history import CatalogueEntry
from harmonyhub.domain.identity import artist_id
from harmonyhub.domain.ids import ArtistId
from harmonyhub.domain.music import UNKNOWN_ARTIST
from harmonyhub.recommender.interactions import IntArray
from harmonyhub.recommender.titles import song_key

T = TypeVar("T", bound=Hashable)
NOBODY = artist_id(UNKNOWN_ARTIST)  # files that name no artist have nobody in common


@dataclass(frozen=True, slots=True)
class Labels:
    """Columns of the catalogue in its order; see `ServingIndex` for each."""

    artist_ids: list[ArtistId]
    artist_names: list[str]
    tags: list[str]
    item_artists: sparse.csr_matrix
    item_tags: sparse.csr_matrix
    releases: IntArray
    songs: IntArray


def label_catalogue(catalogue: Sequence[CatalogueEntry]) -> Labels:
    """Arrange the catalogue in columns."""
    artists = [[one for one in entry.artist_ids if one != NOBODY] for entry in catalogue]
    artist_ids, item_artists = _one_hot(artists)
    tags, tagged = _one_hot([entry.tags for entry in catalogue])
    releases = _codes([entry.release_id for entry in catalogue])
    songs = _codes(
        song_key(entry.title, known[0]) if known else None
        for entry, known in zip(catalogue, artists, strict=True)
    )
    names = _artist_names(catalogue)
    return Labels(
        artist_ids=artist_ids,
        artist_names=[names[one] for one in artist_ids],
        tags=tags,
        item_artists=item_artists,
        item_tags=_weigh_by_rarity(tagged),
        releases=releases,
        songs=songs,
    )


def _artist_names(catalogue: Sequence[CatalogueEntry]) -> Mapping[ArtistId, str]:
    """Find a name per artist: best from a track that is his alone."""
    names: dict[ArtistId, str] = {}
    for entry in sorted(catalogue, key=lambda entry: -len(entry.artist_ids)):
        if len(entry.artist_ids) == 1:
            names[entry.artist_ids[0]] = entry.artist
        else:
            # "A, B, C" is one line; a name with a comma in it spoils the count, then all of it.
            parts = entry.artist.split(", ")
            fits = len(parts) == len(entry.artist_ids)
            for place, one in enumerate(entry.artist_ids):
                names[one] = parts[place] if fits else entry.artist
    return names


def _one_hot(rows: Sequence[Sequence[T]]) -> tuple[list[T], sparse.csr_matrix]:
    places: dict[T, int] = {}
    unique_rows = [dict.fromkeys(row) for row in rows]
    indices = [places.setdefault(value, len(places)) for row in unique_rows for value in row]
    indptr = np.cumsum([0, *(len(row) for row in unique_rows)], dtype=np.int32)
    matrix = sparse.csr_matrix(
        (np.ones(len(indices), dtype=np.float32), np.array(indices, dtype=np.int32), indptr),
        shape=(len(rows), len(places)),
    )
    matrix.sort_indices()
    return list(places), matrix


def _codes(values: Iterable[Hashable | None]) -> IntArray:
    places: dict[Hashable, int] = {}
    return np.array(
        [-1 if value is None else places.setdefault(value, len(places)) for value in values],
        dtype=np.int32,
    )


def _weigh_by_rarity(tagged: sparse.csr_matrix) -> sparse.csr_matrix:
    """Weigh tags by log(1 + tracks / tracks with the tag); each track's weights sum to 1."""
    n_tracks, n_tags = tagged.shape
    frequency = np.bincount(tagged.indices, minlength=n_tags)
    rarity = np.log1p(n_tracks / np.maximum(frequency, 1))
    weighed = tagged.copy()
    weighed.data = rarity[tagged.indices].astype(np.float32)
    sums = np.asarray(weighed.sum(axis=1)).ravel()
    weighed.data /= np.repeat(sums, np.diff(weighed.indptr))
    return weighed
