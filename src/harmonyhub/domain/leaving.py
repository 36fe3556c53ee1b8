"""A listener leaves: what went, in numbers, and what deleting cannot reach, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harmonyhub.domain.ids import UserId

REMAINS: Final = (
    "The live index has learned from these plays; the next training, queued at once, does without.",
    "A training is refused if lists get worse by it: `harmonyhub train --even-if-worse` goes on.",
    "The index before it is kept until the training after that. Neither holds a name.",
    "Tracks, and analyses of audio that was sent, are the catalogue's, which names no listener.",
    "Backups hold what they held; a process that runs may have parts in memory until it ends.",
    "Playlists that were sent to Spotify stay there, the listener's own.",
    "The permission at Spotify is taken away at spotify.com/account/apps; our tokens are deleted.",
    "A file that waits in the data folder of another machine goes there within two days.",
)
"""What is left of somebody whose data were deleted, said to whoever deletes them."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Whose data went: how many documents of each kind, by their name for people."""

    user_id: UserId
    deleted: Mapping[str, int]
    remains: tuple[str, ...] = REMAINS
