"""What listeners keep at Spotify, page by page as it was read: apart from all that is learned from.

A list has one document for its state and one per page. A page that was written stays; pages of a
new reading count once it is whole, and until then those of the reading before do.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.library import SavedAlbum, ServiceArtist
from harmonyhub.domain.library_parts import (
    Entry,
    ListName,
    ListState,
    OwnPlaylist,
    Part,
    Thing,
)
from harmonyhub.domain.music import TrackDescription
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

THINGS: Mapping[Part, type[Thing]] = {
    Part.TOP_TRACKS: TrackDescription,
    Part.TOP_ARTISTS: ServiceArtist,
    Part.SAVED_TRACKS: TrackDescription,
    Part.PLAYLISTS: OwnPlaylist,
    Part.PLAYLIST_ITEMS: TrackDescription,
    Part.FOLLOWED_ARTISTS: ServiceArtist,
    Part.SAVED_ALBUMS: SavedAlbum,
}


@guarded
class SpotifyLibrary:
    """The libraries of all users."""

    def __init__(self, database: Database) -> None:
        self._lists = database["spotify_lists"]
        self._pages = database["spotify_pages"]

    @within(READ_S)
    async def states(self, user_id: UserId) -> Mapping[ListName, ListState]:
        """Load what is known of each list of a user."""
        found = [_read_state(one) async for one in self._lists.find({"user": user_id})]
        return {state.name: state for state in found}

    @within(READ_S)
    async def state(self, user_id: UserId, name: ListName) -> ListState | None:
        """Load what is known of one list; None if nothing is."""
        found = await self._lists.find_one({"_id": _key(user_id, name)})
        return _read_state(found) if found else None

    @within(WRITE_S)
    async def save(self, user_id: UserId, state: ListState) -> None:
        """Write the state of a list, whatever it was."""
        key = _key(user_id, state.name)
        await self._lists.replace_one({"_id": key}, _write_state(user_id, state), upsert=True)

    @within(WRITE_S)
    async def add_page(
        self, user_id: UserId, state: ListState, entries: Sequence[Entry], *, after: ListState
    ) -> bool:
        """Write one page of the reading under way, and with `after` how the list stands then.

        Returns
        -------
        bool
            False if another process read on meanwhile, or the list is gone: the page is no part
            of it, and who reads stops.
        """
        reading = state.reading
        assert reading is not None  # noqa: S101 - a page belongs to a reading
        key = _key(user_id, state.name)
        page_key = f"{key}/{reading.generation}/{reading.offset}"
        page = {
            "user": user_id,
            "list": key,
            "generation": reading.generation,
            "offset": reading.offset,
            "entries": [_write_entry(one) for one in entries],
        }
        await self._pages.replace_one({"_id": page_key}, page, upsert=True)
        fence = {
            "_id": key,
            "reading.generation": reading.generation,
            "reading.offset": reading.offset,
        }
        change = await self._lists.replace_one(fence, _write_state(user_id, after))
        if change.matched_count == 0:
            if await self._lists.find_one({"_id": key}, {"_id": 1}) is None:
                await self._pages.delete_one({"_id": page_key})
            return False
        if after.reading is None:  # whole: the pages of readings before go
            await self._pages.delete_many({"list": key, "generation": {"$ne": after.generation}})
        return True

    @within(READ_S)
    async def entries(
        self, user_id: UserId, state: ListState, *, generation: int | None = None, n: int = 0
    ) -> list[Entry]:
        """Load the entries of one list as they count now, or those of one reading.

        `n` is how many pages at most, 0 is all.
        """
        wanted = {
            "list": _key(user_id, state.name),
            "generation": _visible(state) if generation is None else generation,
        }
        pages = self._pages.find(wanted).sort("offset", 1).limit(n)
        kind = THINGS[state.name.part]
        return [_read_entry(one, kind) async for page in pages for one in page["entries"]]

    async def all_entries(self, user_id: UserId) -> AsyncIterator[tuple[ListState, list[Entry]]]:
        """Stream what counts now of all lists of a user, a page at a time."""
        states = {_key(user_id, name): one for name, one in (await self.states(user_id)).items()}
        async for page in self._pages.find({"user": user_id}).sort([("list", 1), ("offset", 1)]):
            state = states.get(page["list"])
            if state is not None and page["generation"] == _visible(state):
                kind = THINGS[state.name.part]
                yield state, [_read_entry(one, kind) for one in page["entries"]]

    async def drop(self, user_id: UserId, names: Iterable[ListName]) -> None:
        """Delete lists with their pages, such as playlists that are no more."""
        keys = [_key(user_id, name) for name in names]
        await self._lists.delete_many({"_id": {"$in": keys}})
        await self._pages.delete_many({"list": {"$in": keys}})

    async def forget(self, user_id: UserId) -> None:
        """Delete all that is kept of a user: the states first, so that no page follows."""
        await self._lists.delete_many({"user": user_id})
        await self._pages.delete_many({"user": user_id})


def _key(user_id: UserId, name: ListName) -> str:
    return f"{user_id}/{name}"  # no user name holds a slash


def _visible(state: ListState) -> int:
    if state.generation or state.reading is None:
        return state.generation
    return state.reading.generation


def _write_entry(entry: Entry) -> Document:
    return {"id": entry.id, "thing": msgspec.to_builtins(entry.thing), "at": entry.added_at}


def _read_entry(document: Document, kind: type[Thing]) -> Entry:
    thing: Any = msgspec.convert(document["thing"], kind)
    return Entry(document["id"], thing, document["at"])


def _write_state(user_id: UserId, state: ListState) -> Document:
    return {**msgspec.to_builtins(state), "user": user_id}


def _read_state(document: Document) -> ListState:
    return msgspec.convert(document, ListState)
