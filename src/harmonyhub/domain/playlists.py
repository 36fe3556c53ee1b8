"""Playlists that go out to a streaming service: what is asked for, and how far it has come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.upstreams import Outcome

CHUNK: Final = 100  # items in one write
MOST_TRACKS: Final = 500
NAME_LONGEST: Final = 100  # what Spotify takes
DESCRIPTION_LONGEST: Final = 300
MARKER_BYTES: Final = 5  # ten digits: two of a user's thousand playlists collide in one of 10^6
PRODUCT: Final = "HarmonyHub"

# After these nobody knows whether a call took effect: its answer was lost, or told nothing. Every
# other failure was told before anything was done.
MAY_HAVE_HAPPENED: Final = frozenset(
    {
        Outcome.UPSTREAM_FAILED,
        Outcome.UNREADABLE,
        Outcome.INTERCEPTED,
        Outcome.CONNECTION_LOST,
        Outcome.TIMED_OUT,
    }
)


class PushMode(StrEnum):
    """What becomes of what a playlist holds already."""

    CREATE = "create"  # a playlist of its own for this list and day
    REPLACE = "replace"  # one playlist a list, its items changed for these
    APPEND = "append"  # one playlist a list, these put behind its items


class PushState(StrEnum):
    """How far a push is."""

    WAITING = "waiting"
    FILLING = "filling"
    DONE = "done"
    GONE = "gone"  # its owner removed the playlist
    FAILED = "failed"  # goes on where it stopped when it is asked for again


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOrder:
    """What a person asks for.

    Attributes
    ----------
    about : str
        The list, in one word of ours ("discover"), or "tracks".
    key : str
        Names the playlist among this user's: whoever asks again with it gets the same one.
    title : str
        The name that the playlist gets.
    note : str
        How its list was steered, in words for its description; empty if it was not.
    is_anew : bool
        Whether a playlist that its owner removed is made again.
    """

    user_id: UserId
    about: str
    key: str
    title: str
    mode: PushMode
    track_ids: tuple[TrackId, ...]
    note: str = ""
    is_anew: bool = False

    @property
    def content(self) -> str:
        """The name of what is to be in it: the same tracks appended twice are one wish."""
        return digest(self.mode.value, *self.track_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedPlaylist:
    """A playlist of ours at a service, and the push that is under way or was the last.

    Attributes
    ----------
    id : str
        A function of user and key.
    marker : str
        Stands in the description, so that the playlist is found again after a lost answer.
    content : str
        Which wish the tracks are; see `PushOrder.content`.
    is_creating : bool
        Whether a call to make the playlist left, and nobody knows yet what came of it.
    uris : tuple of str or None
        What is written; None while the tracks have not been looked up.
    n_before : int
        Items that stood in the playlist before an append.
    n_written, n_sent : int
        Items that are there for certain, and with the call whose outcome is open.
    is_doubtful : bool
        Whether an answer was lost, so that the items are read back at the end.
    n_wanted, n_missing, n_open : int
        Tracks asked for; those that the service does not have; those still to be looked for.
    appended : tuple of str
        Wishes that were appended already, the latest last.
    fence : int
        Grows with every claim: whoever has an old one must stop.
    """

    id: str
    user_id: UserId
    about: str
    title: str
    marker: str
    mode: PushMode
    content: str
    track_ids: tuple[TrackId, ...]
    state: PushState
    created_at: int
    updated_at: int
    spotify_id: str = ""
    url: str = ""
    snapshot_id: str = ""
    is_creating: bool = False
    uris: tuple[str, ...] | None = None
    n_before: int | None = None
    n_written: int = 0
    n_sent: int = 0
    is_doubtful: bool = False
    n_missing: int = 0
    n_open: int = 0
    appended: tuple[str, ...] = ()
    generation: int = 0
    fence: int = 0
    note: str = ""

    @property
    def n_wanted(self) -> int:
        """How many tracks were asked for."""
        return len(self.track_ids)

    @property
    def description(self) -> str:
        """What stands under the playlist's name: who made it, how it was steered, the marker."""
        made, mark = f"Picked by {PRODUCT} on your own server.", f"{PRODUCT} {self.marker}"
        room = DESCRIPTION_LONGEST - len(f"{made}  {mark}")
        note = self.note if len(self.note) <= room else self.note[: room - 1] + "…"
        return " ".join(part for part in (made, note, mark) if part)


def first_plan(order: PushOrder, *, now: int) -> PushedPlaylist:
    """Write a wish down for a playlist that nothing is known of yet."""
    id_ = digest(order.user_id, order.key)
    return PushedPlaylist(
        id=id_,
        user_id=order.user_id,
        about=order.about,
        title=order.title,
        marker=_marker(id_, 0),
        mode=order.mode,
        content=order.content,
        track_ids=order.track_ids,
        state=PushState.WAITING,
        created_at=now,
        updated_at=now,
        note=order.note,
    )


def next_plan(order: PushOrder, known: PushedPlaylist, *, now: int) -> PushedPlaylist:
    """Say what a wish makes of a playlist that is known; the same one if there is nothing to do.

    A wish that was broken off goes on where it stopped. One that was fulfilled stays fulfilled,
    but for a replacement, which is made again: its owner may have changed the playlist.
    """
    if known.state is PushState.GONE and not order.is_anew:
        return known
    fresh = replace(first_plan(order, now=now), fence=known.fence, created_at=known.created_at)
    if known.state is PushState.GONE:
        generation = known.generation + 1
        return replace(fresh, generation=generation, marker=_marker(known.id, generation))
    if order.content in known.appended:
        return known
    if order.content == known.content:
        if known.state is not PushState.DONE:
            return replace(known, state=PushState.WAITING)
        is_whole = known.n_open == 0
        if known.mode is PushMode.APPEND or (known.mode is PushMode.CREATE and is_whole):
            return known
    return replace(
        fresh,
        title=known.title,
        marker=known.marker,
        generation=known.generation,
        spotify_id=known.spotify_id,
        url=known.url,
        is_creating=known.is_creating,
        is_doubtful=known.is_doubtful or known.n_sent != known.n_written,
        appended=known.appended,
    )


def must_end_first(known: PushedPlaylist, order: PushOrder) -> bool:
    """Tell whether what is half written has to be whole before another wish is appended."""
    is_half = known.uris is not None and known.state in {PushState.FILLING, PushState.FAILED}
    return is_half and order.mode is PushMode.APPEND and order.content != known.content


def _marker(id_: str, generation: int) -> str:
    return digest(id_, str(generation), n_bytes=MARKER_BYTES)


def has_marker(description: str, marker: str) -> bool:
    """Tell whether a description carries a marker."""
    return f"{PRODUCT} {marker}" in description


def default_key(about: str, *, mode: PushMode, day: str, track_ids: Sequence[TrackId]) -> str:
    """Name the playlist where the caller names none.

    Parameters
    ----------
    day : str
        The day in UTC: of a list there is one new playlist a day, however often it is asked for.
    """
    subject = about if about != "tracks" else f"tracks:{digest(*track_ids)}"
    return f"{subject}:{day}" if mode is PushMode.CREATE else subject


def digest(*words: str, n_bytes: int = 12) -> str:
    """Name a few words by a hexadecimal digest."""
    text = "\x00".join(words).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=n_bytes).hexdigest()


def without_doubles(uris: Iterable[str]) -> tuple[str, ...]:
    """Keep the first of each: two of our tracks may be one at the service."""
    return tuple(dict.fromkeys(uris))
