"""The serving index: all that a request reads, immutable, as one file without pickle."""

import hashlib
import io
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.domain.errors import DamagedInputError, UnknownFormatError
from harmonyhub.domain.ids import ArtistId, TrackId
from harmonyhub.domain.radio import mark
from harmonyhub.recommender.candidates.factors import Factors, no_factors
from harmonyhub.recommender.co_plays import no_entries
from harmonyhub.recommender.interactions import FloatArray, IntArray, prominence_of
from harmonyhub.recommender.knowledge import Knowledge
from harmonyhub.recommender.loudness import PRIOR, Loudness
from harmonyhub.recommender.rows import find_entries, rows_in
from harmonyhub.recommender.sounds import Sounds, no_sounds, sounds_from, sounds_to_arrays
from harmonyhub.recommender.tag_kinds import find_kinds

MAGIC = b"HHINDEX\x00"
FORMAT_VERSION = 1
HEADER = struct.Struct("<8sI32s")  # magic, format version, SHA-256 of the rest
# Cold artists of hetrec, NDCG@100 among them: 0 gave 0.08, 0.5 0.34, 0.75 0.55, 1 0.56.
TAG_BREADTH_POWER = 0.75
HINT = "Train again (harmonyhub train); the index is made from the stored listens."


@dataclass(frozen=True)
class ServingIndex:
    """What one training made; arrays are in track order and never written to.

    Attributes
    ----------
    titles, artists : sequence of str
        As on the card; `artists` are all artist names in one line.
    artist_names : sequence of str
        One name per artist of `artist_ids`.
    item_artists, item_tags : csr_matrix
        Tracks x artists (ones) and tracks x tags (rarity weights, each row sums to 1, or to less
        where tags were heard).
    releases, songs : int32 array
        Codes; tracks of one release or versions of one song share a code, -1 is unknown.
    listeners : int32 array
        Listeners per track.
    popularity : float32 array
        In [0, 1]: weighted by plays and by how recent they are; 1 is the most popular.
    neighbours : csr_matrix
        Row h holds the tracks that the listeners of h play, see `learn_similarity`.
    factors : Factors
        What a whole taste says of all tracks; of no width where it says nothing.
    n_users, n_listens : int
        What it was learned from.
    newest_at : int
        Unix seconds of the newest play learned from, 0 if no play had a date.
    knowledge : sequence of Knowledge
        What the installed knowledge packs say of these tracks.
    sounds : Sounds
        How the analysed ones of these tracks sound.
    follows : csr_matrix
        Row h holds the tracks that are played soon after h, see `learn_next`.
    loudness : Loudness
        How loud the parts of a score are beside each other.
    heard_entries : int32 array
        Which entries of `item_tags` no source told: the analysis heard them. Ascending.
    """

    track_ids: Sequence[TrackId]
    titles: Sequence[str]
    artists: Sequence[str]
    artist_ids: Sequence[ArtistId]
    artist_names: Sequence[str]
    tags: Sequence[str]
    item_artists: sparse.csr_matrix
    item_tags: sparse.csr_matrix
    releases: IntArray
    songs: IntArray
    listeners: IntArray
    popularity: FloatArray
    neighbours: sparse.csr_matrix
    factors: Factors
    n_users: int
    n_listens: int
    newest_at: int
    sounds: Sounds
    follows: sparse.csr_matrix
    loudness: Loudness = PRIOR
    knowledge: Sequence[Knowledge] = ()
    heard_entries: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int32))

    @property
    def n_tracks(self) -> int:
        """Tracks of the catalogue."""
        return len(self.track_ids)

    @cached_property
    def place_of(self) -> Mapping[TrackId, int]:
        """Where each track stands."""
        return {track_id: place for place, track_id in enumerate(self.track_ids)}

    @cached_property
    def artist_place_of(self) -> Mapping[ArtistId, int]:
        """Where each artist stands."""
        return {artist_id: place for place, artist_id in enumerate(self.artist_ids)}

    @cached_property
    def tag_place_of(self) -> Mapping[str, int]:
        """Where each tag stands."""
        return {tag: place for place, tag in enumerate(self.tags)}

    def places(self, track_ids: Iterable[TrackId]) -> IntArray:
        """Look up many tracks; -1 for those the index does not know."""
        place_of = self.place_of
        return np.array([place_of.get(track_id, -1) for track_id in track_ids], dtype=np.int32)

    def artists_of(self, item: int) -> list[int]:
        """List the artists of a track, by place."""
        starts, artists = self._artist_rows
        return artists[starts[item] : starts[item + 1]].tolist()

    def tracks_by(self, artists: Sequence[int]) -> IntArray:
        """List the tracks by any of some artists, by place."""
        tracks = rows_in(self._artist_columns, artists)
        return tracks if len(artists) == 1 else np.unique(tracks)

    def tracks_tagged(self, tag: int) -> IntArray:
        """List the tracks with a tag, by place."""
        return rows_in(self._tag_columns, [tag])

    def is_heard(self, items: IntArray, tag: int) -> NDArray[np.bool_]:
        """Tell of some tracks whether a tag was heard in them and told by no source."""
        if not len(self.heard_entries):
            return np.zeros(len(items), dtype=np.bool_)
        return np.asarray(self.heard_tags[items, np.full(len(items), tag)] > 0).ravel()

    @cached_property
    def heard_tags(self) -> sparse.csr_matrix:
        """Tracks x tags: of `item_tags` what no source told."""
        tags, entries = self.item_tags, self.heard_entries
        ends = np.searchsorted(entries, tags.indptr).astype(np.int32)
        parts = tags.data[entries], tags.indices[entries], ends
        return sparse.csr_matrix(parts, shape=tags.shape)

    @cached_property
    def kinds(self) -> Mapping[int, Sequence[int]]:
        """Of a tag that was heard: the tags that are kinds of it, by place; see `find_kinds`."""
        heard = np.unique(self.item_tags.indices[self.heard_entries])
        return find_kinds(self.tags, heard.tolist())

    def tracks_of_kind(self, tag: int) -> IntArray:
        """List the tracks with a tag or a kind of it, by place."""
        return np.unique(rows_in(self._tag_columns, [tag, *self.kinds.get(tag, ())]))

    def entries_to(
        self, items: IntArray
    ) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.int64]]:
        """List the tracks that some tracks are neighbours of, by place, and where it says so.

        Returns
        -------
        which, sources, entries : int array
            `sources` say of `items[which]` what is at `neighbours.data[entries]`; `which` ascends.
        """
        starts, sources, offsets = self._sources
        which, column = find_entries(starts, items)
        mine = sources[column]
        return which, mine, self.neighbours.indptr[mine] + offsets[column]

    @cached_property
    def _sources(self) -> tuple[IntArray, IntArray, NDArray[Any]]:
        # A byte per entry says where in its row it stands: with them, half of a second matrix.
        near = self.neighbours
        lengths = np.diff(near.indptr)
        kind = np.min_scalar_type(int(lengths.max(initial=0)))
        offsets = (np.arange(near.nnz) - np.repeat(near.indptr[:-1], lengths)).astype(kind)
        columns = sparse.csr_matrix((offsets, near.indices, near.indptr), shape=near.shape).tocsc()
        sources = columns.indices.astype(np.min_scalar_type(max(near.shape[0] - 1, 0)))
        return columns.indptr, sources, columns.data

    @cached_property
    def tag_breadth(self) -> FloatArray:
        """How much a track's tags say together: more than one says, less than as many times it."""
        return np.asarray(np.diff(self.item_tags.indptr) ** TAG_BREADTH_POWER, dtype=np.float32)

    @cached_property
    def prominence(self) -> FloatArray:
        """How much an artist's track speaks for itself, 0.5 to 1 by popularity."""
        return prominence_of(self.popularity)

    @cached_property
    def popular_rank(self) -> FloatArray:
        """How many tracks of the catalogue are less popular, [0, 1]; equal ones share a rank."""
        _, place, counts = np.unique(self.popularity, return_inverse=True, return_counts=True)
        middles = np.cumsum(counts) - counts / 2
        return (middles / max(self.n_tracks, 1))[place].astype(np.float32)

    @cached_property
    def marks(self) -> IntArray:
        """The mark of each track, see `domain.radio`."""
        return np.array([mark(track_id) for track_id in self.track_ids], dtype=np.int32)

    @cached_property
    def _artist_rows(self) -> tuple[memoryview, memoryview]:
        # Views give Python integers, several times as fast as arrays give single elements.
        return self.item_artists.indptr.data, self.item_artists.indices.data

    @cached_property
    def _artist_columns(self) -> sparse.csc_matrix:
        return sparse.csc_matrix(self.item_artists)

    @cached_property
    def _tag_columns(self) -> sparse.csc_matrix:
        return sparse.csc_matrix(self.item_tags)

    def to_bytes(self) -> bytes:
        """Pack the index; `from_bytes` reads it back."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **_to_arrays(self))
        payload = buffer.getvalue()
        digest = hashlib.sha256(payload).digest()
        return HEADER.pack(MAGIC, FORMAT_VERSION, digest) + payload

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Unpack an index.

        Raises
        ------
        UnknownFormatError
            If the bytes are no index, or one of another format version.
        DamagedInputError
            If the checksum does not fit or a part is missing.
        """
        payload = _checked_payload(data)
        try:
            with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
                index = cls(**_from_arrays(arrays))
        except (KeyError, ValueError, zipfile.BadZipFile) as error:
            raise DamagedInputError(f"The index is incomplete: {error}.", hint=HINT) from error
        if index.n_tracks:
            _ = index._sources  # made at first use: who loads waits, not who asks first
            _ = [known.columns for known in index.knowledge]
        return index


def _checked_payload(data: bytes) -> memoryview:
    if len(data) < HEADER.size or data[: len(MAGIC)] != MAGIC:
        raise UnknownFormatError("These bytes are no serving index.", hint=HINT)
    _, version, digest = HEADER.unpack_from(data)
    if version != FORMAT_VERSION:
        raise UnknownFormatError(
            f"The index has format version {version}; this release reads {FORMAT_VERSION}.",
            hint=HINT,
        )
    payload = memoryview(data)[HEADER.size :]
    if hashlib.sha256(payload).digest() != digest:
        raise DamagedInputError("The index is damaged: its checksum does not fit.", hint=HINT)
    return payload


TEXTS = ("track_ids", "titles", "artists", "artist_ids", "artist_names", "tags")
MATRICES = ("item_artists", "item_tags", "neighbours")
FOLLOWS = "follows"
VECTORS = ("releases", "songs", "listeners", "popularity")
COUNTS = ("n_users", "n_listens", "newest_at")


def _to_arrays(index: ServingIndex) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {name: getattr(index, name) for name in VECTORS}
    arrays["counts"] = np.array([getattr(index, name) for name in COUNTS], dtype=np.int64)
    arrays["loudness"] = np.array([index.loudness.artists, index.loudness.familiar])
    if index.factors.width:
        arrays["factors.places"] = index.factors.places.astype(np.float16)
        arrays["factors.scale"] = index.factors.scale
    if len(index.heard_entries):
        arrays["heard_entries"] = index.heard_entries
    for name in TEXTS:
        encoded = [text.encode() for text in getattr(index, name)]
        arrays[f"{name}.bytes"] = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        arrays[f"{name}.lengths"] = np.array([len(text) for text in encoded], dtype=np.int32)
    for name in MATRICES:
        arrays |= _matrix_to_arrays(name, getattr(index, name))
    if index.follows.nnz:
        arrays |= _matrix_to_arrays(FOLLOWS, index.follows)
    if len(index.sounds.items):
        arrays |= sounds_to_arrays(index.sounds)
        arrays |= _matrix_to_arrays("sounds.alike", index.sounds.alike)
    for number, known in enumerate(index.knowledge):
        arrays |= _matrix_to_arrays(f"knowledge.{number}", known.neighbours)
        arrays[f"knowledge.{number}.name"] = np.array(known.name)
        arrays[f"knowledge.{number}.n_listeners"] = np.array(known.n_listeners)
    return arrays


def _matrix_to_arrays(name: str, matrix: sparse.csr_matrix) -> dict[str, NDArray[Any]]:
    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices.astype(np.int32),
        f"{name}.indptr": matrix.indptr.astype(np.int32),
        f"{name}.shape": np.array(matrix.shape, dtype=np.int64),
    }


def _from_arrays(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: arrays[name] for name in VECTORS}
    fields.update(zip(COUNTS, arrays["counts"].tolist(), strict=True))
    for name in TEXTS:
        fields[name] = _split_texts(arrays[f"{name}.bytes"], arrays[f"{name}.lengths"])
    for name in MATRICES:
        fields[name] = _matrix_from(arrays, name)
    fields["knowledge"] = _knowledge_from(arrays)
    n_tracks = len(fields["track_ids"])
    fields["factors"] = _factors_from(arrays, n_tracks=n_tracks)
    fields["sounds"] = _sounds_from(arrays, n_tracks=n_tracks)
    fields[FOLLOWS] = _follows_from(arrays, n_tracks=n_tracks)
    if "loudness" in arrays:  # as with factors: releases before it neither write it nor mind it
        fields["loudness"] = Loudness(*arrays["loudness"].tolist())
    if "heard_entries" in arrays:
        fields["heard_entries"] = arrays["heard_entries"]
    return fields


def _matrix_from(arrays: Mapping[str, NDArray[Any]], name: str) -> sparse.csr_matrix:
    parts = tuple(arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
    return sparse.csr_matrix(parts, shape=tuple(arrays[f"{name}.shape"].tolist()))


def _knowledge_from(arrays: Mapping[str, NDArray[Any]]) -> list[Knowledge]:
    found: list[Knowledge] = []
    while f"knowledge.{len(found)}.name" in arrays:
        key = f"knowledge.{len(found)}"
        found.append(
            Knowledge(
                name=str(arrays[f"{key}.name"]),
                n_listeners=int(arrays[f"{key}.n_listeners"]),
                neighbours=_matrix_from(arrays, key),
            )
        )
    return found


def _factors_from(arrays: Mapping[str, NDArray[Any]], *, n_tracks: int) -> Factors:
    # Indexes of releases before factors have none, and those releases read over them: a rollback
    # finds an index that it can serve.
    if "factors.places" not in arrays:
        return no_factors(n_tracks)
    return Factors(arrays["factors.places"].astype(np.float32), arrays["factors.scale"])


def _follows_from(arrays: Mapping[str, NDArray[Any]], *, n_tracks: int) -> sparse.csr_matrix:
    # As with factors: releases before it neither write it nor mind it.
    if f"{FOLLOWS}.data" not in arrays:
        return no_entries((n_tracks, n_tracks))
    return _matrix_from(arrays, FOLLOWS)


def _sounds_from(arrays: Mapping[str, NDArray[Any]], *, n_tracks: int) -> Sounds:
    # As with factors: releases before sounds neither write them nor mind them.
    if "sounds.items" not in arrays:
        return no_sounds(n_tracks)
    return sounds_from(arrays, _matrix_from(arrays, "sounds.alike"), n_tracks=n_tracks)


def _split_texts(joined: NDArray[np.uint8], lengths: NDArray[np.int32]) -> list[str]:
    text = joined.tobytes()
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    starts = [0, *ends[:-1]]
    return [text[start:end].decode() for start, end in zip(starts, ends, strict=False)]
