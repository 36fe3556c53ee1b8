"""How far the reading of a listener's library is: lists of entries, each with its own ledger."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from harmonyhub.domain.library import Page, SavedAlbum, ServiceArtist, TopRange
from harmonyhub.domain.listens import Tally
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.upstreams import Outcome

DAY_S = 86_400
AGAIN_WHEN_WANTED_S = 600  # who asks twice within minutes sees the same
READING_LASTS_S = 6 * 3600  # then what was read of a list may lie elsewhere in it by now
FULL_PAGE = 50  # plays that Spotify tells at most


class Part(StrEnum):
    """What is read of a listener; the order is the one of the first reading."""

    PLAYS = "plays"
    TOP_TRACKS = "top-tracks"
    TOP_ARTISTS = "top-artists"
    SAVED_TRACKS = "saved-tracks"
    PLAYLISTS = "playlists"
    PLAYLIST_ITEMS = "playlist-items"
    FOLLOWED_ARTISTS = "followed-artists"
    SAVED_ALBUMS = "saved-albums"


ONE_PAGE = frozenset({Part.TOP_TRACKS, Part.TOP_ARTISTS})  # the fifty best are best enough


@dataclass(frozen=True, slots=True, kw_only=True)
class ListName:
    """One list of a part: one of three ranges, or one playlist; most parts have one only."""

    part: Part
    which: str = ""

    def __str__(self) -> str:
        return f"{self.part.value}/{self.which}" if self.which else self.part.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reading under way; it goes on where it stopped.

    Attributes
    ----------
    generation : int
        Tells its pages from those of other readings of the same list; 1 and up.
    offset : int
        Entries read, the hollow ones included: the next page begins behind them.
    cursor : str
        The same for lists that are not counted.
    total : int or None
        Entries of the whole list, where the service tells.
    """

    generation: int
    started_at: int
    offset: int = 0
    cursor: str = ""
    total: int | None = None
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListState:
    """What is known of one list. Times are unix seconds UTC, 0 is never.

    Attributes
    ----------
    title : str
        A playlist's name.
    owner_id : str
        Of the list of playlists: whose of them are the listener's own.
    snapshot_id : str
        Of the playlist when it was read whole: the same one costs no call.
    generation : int
        Of the pages that count; 0 before the first whole reading, when those of `reading` do.
    read_at : int
        When the latest whole reading ended, or found that nothing changed.
    total : int or None
        Entries of the list then.
    tally : Tally
        Its ledger: entries = kept + duplicate + not music + unreadable.
    tried_at, outcome :
        The last call for it, and what became of that.
    newest_at : int
        Of plays: when the newest one that was told was played.
    gap_since, gap_until : int
        Of plays: between these, plays may have been missed, since all fifty were new.
    """

    name: ListName
    title: str = ""
    owner_id: str = ""
    snapshot_id: str = ""
    generation: int = 0
    read_at: int = 0
    total: int | None = None
    tally: Tally = field(default_factory=Tally)
    reading: Reading | None = None
    tried_at: int = 0
    outcome: Outcome = Outcome.OK
    newest_at: int = 0
    gap_since: int = 0
    gap_until: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPlaylist:
    """A playlist as the library keeps it; `is_pushed` if its description says that we made it."""

    title: str
    spotify_id: str
    owner_id: str
    snapshot_id: str
    is_pushed: bool


Thing = TrackDescription | ServiceArtist | SavedAlbum | OwnPlaylist


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list: our id of it, what it is, and when it was added, 0 if not told."""

    id: str
    thing: Thing
    added_at: int = 0


def first_lists() -> tuple[ListName, ...]:
    """List what is read before all else, in order: with it, recommendations begin."""
    ranges = [each.value for each in TopRange]
    tops = [
        ListName(part=part, which=which)
        for part in (Part.TOP_TRACKS, Part.TOP_ARTISTS)
        for which in ranges
    ]
    return *tops, ListName(part=Part.SAVED_TRACKS)


PLAYLISTS = ListName(part=Part.PLAYLISTS)
LAST_LISTS = (ListName(part=Part.FOLLOWED_ARTISTS), ListName(part=Part.SAVED_ALBUMS))
"""What is read behind the playlists and their items."""


def is_due(state: ListState | None, *, now: int, is_wanted: bool = False) -> bool:
    """Tell whether a list is to be read: daily, and what broke off goes on.

    `is_wanted` if the listener waits for it: then what is older than ten minutes is read again.
    """
    if state is None:
        return True
    if _is_hidden(state, now=now):
        return False
    if state.reading is not None or not state.read_at:
        return True
    return now - state.read_at >= (AGAIN_WHEN_WANTED_S if is_wanted else DAY_S)


def is_changed(state: ListState | None, playlist: OwnPlaylist, *, now: int) -> bool:
    """Tell whether a playlist's items are to be read: only another snapshot costs calls."""
    if state is None:
        return True
    if _is_hidden(state, now=now):
        return False
    return (
        state.reading is not None or not state.read_at or state.snapshot_id != playlist.snapshot_id
    )


def _is_hidden(state: ListState, *, now: int) -> bool:
    """Tell what Spotify does not let us see: it waits for a day, or for another consent."""
    is_hidden = state.outcome in {Outcome.SCOPE_MISSING, Outcome.NOT_FOUND}
    return is_hidden and now - state.tried_at < DAY_S


def begin_reading(
    state: ListState | None, name: ListName, *, title: str, snapshot_id: str, now: int
) -> ListState:
    """Go on with a reading that broke off, or begin a new one if too much changed meanwhile."""
    before = state or ListState(name=name)
    reading, is_same = before.reading, before.snapshot_id == snapshot_id
    if reading is not None and is_same and now - reading.started_at < READING_LASTS_S:
        return before
    last = reading.generation if reading is not None else before.generation
    return replace(
        before,
        title=title,
        snapshot_id=snapshot_id,
        reading=Reading(generation=last + 1, started_at=now),
    )


def advance(state: ListState, page: Page[Any], tally: Tally, *, now: int) -> ListState:
    """Give the state behind a page that was read; behind the last one the new reading counts."""
    reading = state.reading
    assert reading is not None  # noqa: S101 - a page belongs to a reading
    total = reading.total if page.total is None else page.total
    read = replace(
        reading,
        offset=reading.offset + page.n_entries,
        cursor=page.cursor,
        total=total,
        tally=reading.tally + tally,
    )
    tried = replace(state, tried_at=now, outcome=Outcome.OK)
    is_one_page = state.name.part in ONE_PAGE
    if not (page.is_last or is_one_page) and page.n_entries:
        return replace(tried, reading=read)
    return replace(
        tried,
        generation=read.generation,
        read_at=now,
        total=page.n_entries if is_one_page else total,
        tally=read.tally,
        reading=None,
    )


def confirm(state: ListState, *, now: int) -> ListState:
    """Give the state of a list of which was seen that it did not change."""
    return replace(state, reading=None, read_at=now, tried_at=now, outcome=Outcome.OK)


def note_plays(
    before: ListState, *, played_at: tuple[int, ...], n_entries: int, tally: Tally, now: int
) -> ListState:
    """Write a reading of the latest plays down, and whether it may have come too late.

    If all of a full page is newer than what was told before, plays in between may be lost.
    """
    oldest, newest = min(played_at, default=0), max(played_at, default=0)
    # The first reading is not too late: before it nothing was promised.
    is_gap = n_entries >= FULL_PAGE and 0 < before.newest_at < oldest
    return ListState(
        name=before.name,
        read_at=now,
        total=n_entries,
        tally=tally,
        tried_at=now,
        newest_at=max(newest, before.newest_at),
        gap_since=before.newest_at if is_gap else before.gap_since,
        gap_until=oldest if is_gap else before.gap_until,
    )
