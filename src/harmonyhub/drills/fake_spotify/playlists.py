"""Playlists and how they are edited; every edit makes a new snapshot."""

import base64
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class ItemKind(StrEnum):
    """What stands in a playlist; all but the first are traps, and TRACK where those are off."""

    TRACK = "track"
    LOCAL = "local"
    EPISODE = "episode"
    REMOVED = "removed"
    NULL = "null"


class Item(NamedTuple):
    """One item; `id` is a track's, also where the kind hides it; `added_at` in unix seconds."""

    kind: ItemKind
    id: str
    added_at: int


@dataclass(slots=True, kw_only=True)
class Playlist:
    """A playlist as it is now; `revision` counts its edits."""

    id: str
    owner_id: str
    name: str
    description: str = ""
    is_public: bool = True
    is_collaborative: bool = False
    has_no_images: bool = False
    items: list[Item] = field(default_factory=list)
    revision: int = 1

    @property
    def snapshot_id(self) -> str:
        """The name of the present revision: 24 bytes that start with its number, in base64."""
        return self.snapshot(self.revision)

    def snapshot(self, revision: int) -> str:
        """Name a revision."""
        digest = hashlib.sha1(f"{self.id}:{revision}".encode(), usedforsecurity=False).digest()
        return base64.b64encode(struct.pack(">I", revision) + digest).decode()

    def knows(self, snapshot_id: str) -> bool:
        """Tell whether a snapshot is one of this playlist's."""
        try:
            (revision,) = struct.unpack(">I", base64.b64decode(snapshot_id, validate=True)[:4])
        except (ValueError, struct.error):
            return False
        return 1 <= revision <= self.revision and snapshot_id == self.snapshot(revision)

    def insert(self, items: Sequence[Item], *, position: int | None) -> None:
        """Put items in, at the end if no position is given."""
        place = len(self.items) if position is None else position
        self.items[place:place] = items
        self.revision += 1

    def replace(self, items: Sequence[Item]) -> None:
        """Put items in place of all others."""
        self.items = list(items)
        self.revision += 1

    def move(self, start: int, *, length: int, before: int) -> None:
        """Move a range to before a position, which counts as things stand now."""
        moved = self.items[start : start + length]
        rest = self.items[:start] + self.items[start + length :]
        place = before if before <= start else before - len(moved)
        self.items = rest[:place] + moved + rest[place:]
        self.revision += 1
