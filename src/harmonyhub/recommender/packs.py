"""A knowledge pack as one file: names of tracks, their neighbours, origin, licence, checksum."""

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.domain.errors import DamagedInputError, UnknownFormatError
from harmonyhub.domain.knowledge import PackFacts
from harmonyhub.domain.music import TrackDescription

MAGIC = b"HHPACK\x00\x00"
FORMAT_VERSION = 1
HEADER = struct.Struct("<8sI32s")  # magic, format version, SHA-256 of the rest
HINT = "Get the pack again from where it came from; nothing was installed."


class _Track(msgspec.Struct, array_like=True):
    title: str
    artists: list[str]
    mbid: str | None = None
    isrc: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Neighbours that were learned elsewhere.

    Attributes
    ----------
    tracks : sequence of TrackDescription
        By name, MusicBrainz id and ISRC; a pack holds no id of any streaming service.
    neighbours : csr_matrix, shape (tracks, tracks), float32
        Row h holds the tracks that the listeners of h play, as of `learn_similarity`.
    """

    facts: PackFacts
    tracks: Sequence[TrackDescription]
    neighbours: sparse.csr_matrix

    def to_bytes(self) -> bytes:
        """Write the file; the same pack gives the same bytes."""
        names = [
            _Track(one.title, list(one.artists), one.recording_mbid, one.isrc)
            for one in self.tracks
        ]
        near = self.neighbours
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            allow_pickle=False,
            facts=_as_bytes(msgspec.json.encode(self.facts)),
            tracks=_as_bytes(msgspec.json.encode(names)),
            data=near.data.astype(np.float16),
            indices=near.indices.astype(np.int32),
            lengths=np.diff(near.indptr).astype(np.int32),
        )
        payload = buffer.getvalue()
        return HEADER.pack(MAGIC, FORMAT_VERSION, hashlib.sha256(payload).digest()) + payload

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a file.

        Raises
        ------
        UnknownFormatError
            If the bytes are no pack, or one of another format version.
        DamagedInputError
            If the checksum does not fit, or a part is missing or says what cannot be.
        """
        payload = _checked_payload(data)
        try:
            with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
                facts = msgspec.json.decode(arrays["facts"].tobytes(), type=PackFacts)
                names = msgspec.json.decode(arrays["tracks"].tobytes(), type=list[_Track])
                neighbours = _read_neighbours(arrays, len(names))
        except (KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise DamagedInputError(f"The pack cannot be read: {error}.", hint=HINT) from error
        return cls(facts, [_describe(one) for one in names], neighbours)


def _as_bytes(text: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(text, dtype=np.uint8)


def _describe(one: _Track) -> TrackDescription:
    if not one.title.strip() or not one.artists or not all(name.strip() for name in one.artists):
        raise DamagedInputError("The pack has a track without a title or an artist.", hint=HINT)
    return TrackDescription(
        title=one.title, artists=tuple(one.artists), recording_mbid=one.mbid, isrc=one.isrc
    )


def _read_neighbours(arrays: Mapping[str, NDArray[Any]], n_tracks: int) -> sparse.csr_matrix:
    data, indices, lengths = (arrays[name] for name in ("data", "indices", "lengths"))
    ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    is_sound = (
        len(lengths) == n_tracks
        and ends[-1] == len(data) == len(indices)
        and (lengths >= 0).all()
        and ((indices >= 0) & (indices < n_tracks)).all()
        and (np.isfinite(data) & (data >= 0)).all()
    )
    if not is_sound:
        raise ValueError("its neighbours are no neighbours of its tracks")
    shape = (n_tracks, n_tracks)
    return sparse.csr_matrix((data.astype(np.float32), indices, ends), shape=shape)


def _checked_payload(data: bytes) -> memoryview:
    if len(data) < HEADER.size or data[: len(MAGIC)] != MAGIC:
        raise UnknownFormatError(
            "This file is no knowledge pack.",
            hint="Packs are made by harmonyhub knowledge build; nothing was installed.",
        )
    _, version, digest = HEADER.unpack_from(data)
    if version != FORMAT_VERSION:
        raise UnknownFormatError(
            f"The pack has format version {version}; this release reads {FORMAT_VERSION}.",
            hint="Update HarmonyHub, or get the pack in the older format.",
        )
    payload = memoryview(data)[HEADER.size :]
    if hashlib.sha256(payload).digest() != digest:
        raise DamagedInputError(
            "The pack is damaged or cut off: its checksum does not fit.", hint=HINT
        )
    return payload
