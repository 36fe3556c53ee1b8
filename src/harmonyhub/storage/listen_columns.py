"""Reads all listens of a collection one by one, as columns of codes: 16 bytes a listen."""

from collections.abc import AsyncIterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.history import ListenColumns
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.storage.documents import Collection
from harmonyhub.storage.listen_keys import KeyColumns, read_raw
from harmonyhub.storage.listen_reading import READ_BATCH


async def read_columns(listens: Collection, users: Collection) -> ListenColumns:
    """Read the keys of all listens, in their order: by user, track and time."""
    before = await user_names(users)
    user_codes: dict[int, int] = {}
    track_codes: dict[bytes, int] = {}
    parts: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]] = []
    batches: AsyncIterable[Any] = listens.find_raw_batches(
        {}, {"_id": 1}, sort=[("_id", 1)], hint="_id_", batch_size=READ_BATCH
    )
    async for batch in batches:
        if batch:
            keys = read_raw(batch)
            tracks = _encode(keys.tracks.tolist(), track_codes)
            parts.append((_encode(_prefixes_of(keys), user_codes), tracks, keys.times))
    known = before | await user_names(users)  # some may have come or left meanwhile
    names = {
        int(np.frombuffer(prefix, dtype=np.int64)[0]): user_id for prefix, user_id in known.items()
    }
    return ListenColumns(
        user_ids=[names[prefix] for prefix in user_codes],
        track_ids=[TrackId(track.decode()) for track in track_codes],
        user_index=np.concatenate([np.empty(0, np.int32), *(part[0] for part in parts)]),
        track_index=np.concatenate([np.empty(0, np.int32), *(part[1] for part in parts)]),
        played_at=np.concatenate([np.empty(0, np.int64), *(part[2] for part in parts)]),
    )


async def user_names(users: Collection) -> dict[bytes, UserId]:
    """Tell whose the first bytes of keys are."""
    return {
        bytes(document["prefix"]): UserId(document["_id"])
        async for document in users.find({}, {"prefix": 1})
    }


def _prefixes_of(keys: KeyColumns) -> list[int]:
    prefixes: list[int] = np.ascontiguousarray(keys.users).view(np.int64).tolist()
    return prefixes


def _encode(values: Sequence[Any], codes: dict[Any, int]) -> NDArray[np.int32]:
    return np.array([codes.setdefault(value, len(codes)) for value in values], dtype=np.int32)
