"""The key of a listen: user, track and time in fixed width, so that keys are columns.

Keys sort by user, then track, then time. The plays of a pair lie side by side in the index, and
a history is read from the index alone, without decoding a document.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
from bson.binary import Binary
from numpy.typing import NDArray

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.ids import TrackId, UserId

USER_BYTES: Final = 8  # the users' unique index refuses a collision
TRACK_BYTES: Final = 25  # as long as ids of domain.identity are
TIME_BYTES: Final = 5  # unix seconds until the year 36812
KEY_BYTES: Final = USER_BYTES + TRACK_BYTES + TIME_BYTES
LATEST: Final = (1 << 8 * TIME_BYTES) - 1

KEY: Final = np.dtype(
    [("user", f"V{USER_BYTES}"), ("track", f"S{TRACK_BYTES}"), ("at", "u1", (5,))]
)
# {"_id": Binary} as BSON: length, type, "_id\0", length, subtype, the key, end.
RAW: Final = np.dtype([("head", "V14"), ("key", f"V{KEY_BYTES}"), ("end", "V1")])


@dataclass(frozen=True, slots=True)
class KeyColumns:
    """Keys apart, in their order: `users` (V8), `tracks` (S25), `times` (int64, unix seconds)."""

    users: NDArray[np.void]
    tracks: NDArray[np.bytes_]
    times: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Neighbouring keys added up per user and track; all columns have the same length."""

    users: NDArray[np.void]
    tracks: NDArray[np.bytes_]
    plays: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


def user_prefix(user_id: UserId) -> bytes:
    """Give the first bytes of all keys of a user."""
    return blake2b(user_id.encode(), digest_size=USER_BYTES).digest()


def pair_prefix(user_prefix: bytes, track_id: TrackId) -> bytes:
    """Give the first bytes of all keys of a user and a track.

    Raises
    ------
    RefusedInputError
        If the track id does not fit into a key.
    """
    track = track_id.encode()
    if len(track) > TRACK_BYTES:
        raise RefusedInputError(
            f"The track id {track_id} is longer than {TRACK_BYTES} bytes.",
            hint="Ids come from harmonyhub.domain.identity.",
        )
    return user_prefix + track.ljust(TRACK_BYTES, b"\0")


def listen_key(pair: bytes, played_at: int) -> bytes:
    """Give the key of one listen; `played_at` is 0 where the source told no time."""
    return pair + played_at.to_bytes(TIME_BYTES, "big")


def key_range(prefix: bytes) -> dict[str, Binary]:
    """Give the condition on `_id` for all keys that start with `prefix`."""
    missing = KEY_BYTES - len(prefix)
    return {"$gte": Binary(prefix + b"\0" * missing), "$lte": Binary(prefix + b"\xff" * missing)}


def times_of(keys: Iterable[bytes]) -> list[int]:
    """Read the times out of keys."""
    return [int.from_bytes(key[-TIME_BYTES:], "big") for key in keys]


def track_of(key: bytes) -> bytes:
    """Read the track out of a key."""
    return key[USER_BYTES:-TIME_BYTES].rstrip(b"\0")


def read_raw(batch: bytes) -> KeyColumns:
    """Read a raw batch of documents that hold nothing but a key, all in one go."""
    packed = np.ascontiguousarray(np.frombuffer(batch, dtype=RAW)["key"])
    keys = packed.view(KEY)
    # V fields compare slowly and S fields lose trailing zeros, which only padding has.
    weights = 256 ** np.arange(TIME_BYTES - 1, -1, -1, dtype=np.int64)
    return KeyColumns(
        users=keys["user"], tracks=keys["track"], times=keys["at"].astype(np.int64) @ weights
    )


def add_up(columns: KeyColumns) -> Pairs:
    """Add up neighbouring keys of the same user and track; keys are in their order."""
    n_keys = len(columns.times)
    user_codes = np.ascontiguousarray(columns.users).view(np.int64)
    is_start = np.ones(n_keys, dtype=bool)
    is_start[1:] = (columns.tracks[1:] != columns.tracks[:-1]) | (user_codes[1:] != user_codes[:-1])
    starts = np.flatnonzero(is_start)
    ends = np.append(starts[1:], n_keys) - 1
    return Pairs(
        users=columns.users[starts],
        tracks=columns.tracks[starts],
        plays=(ends - starts + 1).astype(np.int32),
        first=columns.times[starts],
        last=columns.times[ends],
    )


NOTHING: Final = Pairs(
    users=np.empty(0, KEY["user"]),
    tracks=np.empty(0, KEY["track"]),
    plays=np.empty(0, np.int32),
    first=np.empty(0, np.int64),
    last=np.empty(0, np.int64),
)


def join(parts: Sequence[Pairs]) -> Pairs:
    """Join pairs of successive batches; a pair that a batch border cut in two becomes one again."""
    if not parts:
        return NOTHING
    users = np.ascontiguousarray(np.concatenate([part.users for part in parts]))
    tracks = np.concatenate([part.tracks for part in parts])
    plays = np.concatenate([part.plays for part in parts])
    first = np.concatenate([part.first for part in parts])
    last = np.concatenate([part.last for part in parts])
    user_codes = users.view(np.int64)
    is_start = np.ones(len(plays), dtype=bool)
    is_start[1:] = (tracks[1:] != tracks[:-1]) | (user_codes[1:] != user_codes[:-1])
    starts = np.flatnonzero(is_start)
    ends = np.append(starts[1:], len(plays)) - 1
    return Pairs(
        users=users[starts],
        tracks=tracks[starts],
        plays=np.add.reduceat(plays, starts).astype(np.int32),
        first=first[starts],
        last=last[ends],
    )
