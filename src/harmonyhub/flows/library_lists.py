"""One list of a listener's library, page by page: asked, turned into entries, stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.errors import LostLeaseError
from harmonyhub.domain.identity import artist_id, release_id
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.library import (
    Page,
    Playlist,
    SavedAlbum,
    SavedTrack,
    ServiceArtist,
    TopRange,
)
from harmonyhub.domain.library_parts import (
    Entry,
    ListName,
    ListState,
    OwnPlaylist,
    Part,
    Reading,
    advance,
    confirm,
)
from harmonyhub.domain.listens import Tally
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.playlists import PRODUCT
from harmonyhub.domain.upstreams import Observation, Outcome
from harmonyhub.sources.spotify import requests
from harmonyhub.sources.spotify.requests import ApiRequest
from harmonyhub.wiring.house import House
from harmonyhub.wiring.spotify import Spotify

# Newest first: whatever is added shows on the first page, whatever goes changes the total.
NEWEST_FIRST = frozenset({Part.SAVED_TRACKS, Part.SAVED_ALBUMS})
# Such a failure is of this one list; any other would meet the next list too.
OF_ONE_LIST = frozenset({Outcome.SCOPE_MISSING, Outcome.NOT_FOUND, Outcome.UNREADABLE})


NextPage = Callable[[ListName, Reading], ApiRequest[Any]]
REQUESTS: Mapping[Part, NextPage] = {
    Part.TOP_TRACKS: lambda name, _: requests.top_tracks(TopRange(name.which)),
    Part.TOP_ARTISTS: lambda name, _: requests.top_artists(TopRange(name.which)),
    Part.SAVED_TRACKS: lambda _, reading: requests.saved_tracks(offset=reading.offset),
    Part.SAVED_ALBUMS: lambda _, reading: requests.saved_albums(offset=reading.offset),
    Part.FOLLOWED_ARTISTS: lambda _, reading: requests.followed_artists(after=reading.cursor),
    Part.PLAYLISTS: lambda _, reading: requests.own_playlists(offset=reading.offset),
    Part.PLAYLIST_ITEMS: lambda name, reading: requests.playlist_items(
        name.which, offset=reading.offset
    ),
}


async def read_list(
    house: House, spotify: Spotify, *, user_id: UserId, state: ListState, purpose: Purpose
) -> tuple[Observation, ListState]:
    """Read a list from where its reading stands, until it is whole or something stops it.

    Returns
    -------
    Observation, ListState
        The last call, and how the list stands behind it.

    Raises
    ------
    NotFoundError
        If the consent is gone.
    LostLeaseError
        If another process reads the same list on.
    """
    library = house.store.spotify_library
    await library.save(user_id, state)
    seen_ids = await _ids_read(house, user_id, state)
    while True:
        reading = state.reading
        assert reading is not None  # noqa: S101 - the loop ends with the reading
        seen, page = await spotify.ask(
            user_id, REQUESTS[state.name.part](state.name, reading), purpose=purpose
        )
        if page is None:
            reading_left = None if seen.outcome in OF_ONE_LIST else reading
            state = replace(
                state, tried_at=house.clock(), outcome=seen.outcome, reading=reading_left
            )
            await library.save(user_id, state)
            return seen, state
        every = await _entries_of(house, page)
        if _may_be_unchanged(state, page) and await _has_head(house, user_id, state, head=every):
            state = confirm(state, now=house.clock())
            await library.save(user_id, state)
            return seen, state
        entries, tally = _settle(every, page, seen_ids=seen_ids)
        after = advance(state, page, tally, now=house.clock())
        if not await library.add_page(user_id, state, entries, after=after):
            raise LostLeaseError(f"Another process reads {state.name} of {user_id}.")
        await house.store.users.touch(user_id)
        state = after
        if state.reading is None:
            return seen, state


async def _ids_read(house: House, user_id: UserId, state: ListState) -> set[str]:
    """Load what the pages before told already, so that a restart counts duplicates the same."""
    reading = state.reading
    if reading is None or not reading.offset:
        return set()
    entries = await house.store.spotify_library.entries(
        user_id, state, generation=reading.generation
    )
    return {entry.id for entry in entries}


def _may_be_unchanged(state: ListState, page: Page[Any]) -> bool:
    """Tell whether the first page of a list that has its newest entry first tells of the rest."""
    is_first = state.reading is not None and state.reading.offset == 0
    is_known = state.generation > 0 and page.total == state.total
    return is_first and is_known and state.name.part in NEWEST_FIRST


async def _has_head(
    house: House, user_id: UserId, state: ListState, *, head: Sequence[Entry]
) -> bool:
    before = await house.store.spotify_library.entries(user_id, state, n=1)
    known = {(entry.id, entry.added_at) for entry in before}
    return known == {(entry.id, entry.added_at) for entry in head}


def _settle(
    every: Sequence[Entry], page: Page[Any], *, seen_ids: set[str]
) -> tuple[list[Entry], Tally]:
    """Leave out what was told before, and account for every entry of a page."""
    kept: list[Entry] = []
    for entry in every:
        if entry.id not in seen_ids:
            seen_ids.add(entry.id)
            kept.append(entry)
    tally = Tally(
        kept=len(kept),
        duplicate=len(every) - len(kept),
        not_music=page.n_not_music,
        unreadable=page.n_entries - page.n_not_music - len(every),
    )
    return kept, tally


async def _entries_of(house: House, page: Page[Any]) -> list[Entry]:
    """Turn what a page holds into entries, each with our id."""
    items = [item for item in page.items if item is not None]
    tracks = [track for item in items if (track := _track_of(item)) is not None]
    ids = iter(await house.store.tracks.find_ids(tracks))
    return [
        _enter(item) if _track_of(item) is None else _enter_track(item, next(ids)) for item in items
    ]


def _track_of(item: object) -> TrackDescription | None:
    if isinstance(item, SavedTrack):
        return item.track
    return item if isinstance(item, TrackDescription) else None


def _enter_track(item: object, track_id: str) -> Entry:
    if isinstance(item, SavedTrack):
        return Entry(track_id, item.track, item.added_at)
    assert isinstance(item, TrackDescription)  # noqa: S101 - as `_track_of` found
    return Entry(track_id, item)


def _enter(item: object) -> Entry:
    match item:
        case ServiceArtist():
            return Entry(artist_id(item.name), item)
        case SavedAlbum():
            artist = item.artists[0] if item.artists else ""
            return Entry(release_id(artist, item.title), item, item.added_at)
        case Playlist():
            kept = OwnPlaylist(
                title=item.name,
                spotify_id=item.spotify_id,
                owner_id=item.owner_id,
                snapshot_id=item.snapshot_id,
                is_pushed=PRODUCT in item.description,
            )
            return Entry(item.spotify_id, kept)
        case _:
            raise TypeError(f"a library holds no {type(item).__name__}")
