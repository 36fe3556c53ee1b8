"""A listener's library in: list by list, as far as budget and Spotify let, then on from there."""

import logging
from dataclasses import dataclass, replace

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.errors import LostLeaseError, NotFoundError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.library_parts import (
    LAST_LISTS,
    PLAYLISTS,
    ListName,
    ListState,
    OwnPlaylist,
    Part,
    begin_reading,
    first_lists,
    is_changed,
    is_due,
)
from harmonyhub.domain.upstreams import Observation, Outcome
from harmonyhub.flows.disconnect import forget_if_left
from harmonyhub.flows.library_lists import OF_ONE_LIST, read_list
from harmonyhub.sources.spotify.requests import get_me
from harmonyhub.wiring.house import House
from harmonyhub.wiring.spotify import Spotify

log = logging.getLogger(__name__)

CLAIM_S = 120  # a page takes 5 s at worst; renewed before each list


@dataclass(frozen=True, slots=True)
class LibraryRead:
    """How far one go at a library came; `stopped_by` is None if all that was due is whole."""

    stopped_by: Observation | None = None


class _Stopped(Exception):  # noqa: N818 - no error: the next go continues
    def __init__(self, seen: Observation) -> None:
        super().__init__(seen.outcome.value)
        self.seen = seen


async def read_library(
    house: House, spotify: Spotify, *, user_id: UserId, purpose: Purpose, is_wanted: bool = False
) -> LibraryRead:
    """Read all lists of a user that are due; what is stored stays, whatever happens.

    Parameters
    ----------
    is_wanted : bool
        Whether the listener waits: then what was read today is read again, too.
    """
    reader = _Library(house, spotify, user_id=user_id, purpose=purpose, is_wanted=is_wanted)
    try:
        await reader.run()
    except _Stopped as stopped:
        return LibraryRead(stopped.seen)
    except LostLeaseError as error:
        log.info("%s", error.message)
    except NotFoundError:
        pass  # disconnected this very moment
    finally:
        await forget_if_left(house, user_id)
    return LibraryRead()


class _Library:
    """One go at the library of one user."""

    def __init__(
        self, house: House, spotify: Spotify, *, user_id: UserId, purpose: Purpose, is_wanted: bool
    ) -> None:
        self._house = house
        self._spotify = spotify
        self._user_id = user_id
        self._purpose = purpose
        self._is_wanted = is_wanted
        self._states: dict[ListName, ListState] = {}

    async def run(self) -> None:
        """Read what is due, in the order in which it is of use."""
        states = await self._house.store.spotify_library.states(self._user_id)
        self._states = dict(states)
        for name in first_lists():
            await self._read_if_due(name)
        await self._read_playlists()
        for name in LAST_LISTS:
            await self._read_if_due(name)

    async def _read_if_due(self, name: ListName) -> None:
        state = self._states.get(name)
        if is_due(state, now=self._house.clock(), is_wanted=self._is_wanted):
            await self._read(name)

    async def _read(self, name: ListName, *, title: str = "", snapshot_id: str = "") -> None:
        now = self._house.clock()
        await self._house.store.tokens.plan_library(self._user_id, at=now + CLAIM_S)
        # As it stands now: another process may have read on since this go began.
        known = await self._house.store.spotify_library.state(self._user_id, name)
        state = begin_reading(known, name, title=title, snapshot_id=snapshot_id, now=now)
        seen, self._states[name] = await read_list(
            self._house, self._spotify, user_id=self._user_id, state=state, purpose=self._purpose
        )
        if seen.outcome is not Outcome.OK and seen.outcome not in OF_ONE_LIST:
            raise _Stopped(seen)

    async def _read_playlists(self) -> None:
        """Read the list of playlists, then the items of those that changed."""
        await self._learn_owner()
        await self._read_if_due(PLAYLISTS)
        state = self._states[PLAYLISTS]
        if not state.read_at:
            return
        own = await self._own_playlists(state)
        await self._drop_all_but({ListName(part=Part.PLAYLIST_ITEMS, which=id_) for id_ in own})
        for id_, playlist in own.items():
            name = ListName(part=Part.PLAYLIST_ITEMS, which=id_)
            if is_changed(self._states.get(name), playlist, now=self._house.clock()):
                await self._read(name, title=playlist.title, snapshot_id=playlist.snapshot_id)

    async def _learn_owner(self) -> None:
        """Ask once which playlists are the user's own: lists hold those of others too."""
        state = self._states.get(PLAYLISTS, ListState(name=PLAYLISTS))
        if not state.owner_id:
            seen, me = await self._spotify.ask(self._user_id, get_me(), purpose=self._purpose)
            if me is None:
                raise _Stopped(seen)
            await self._house.store.tokens.name_account(
                self._user_id, account_id=me.account_id, name=me.display_name
            )
            state = replace(state, owner_id=me.user_id)
            await self._house.store.spotify_library.save(self._user_id, state)
        self._states[PLAYLISTS] = state

    async def _own_playlists(self, state: ListState) -> dict[str, OwnPlaylist]:
        entries = await self._house.store.spotify_library.entries(self._user_id, state)
        found = [entry.thing for entry in entries if isinstance(entry.thing, OwnPlaylist)]
        # What we recommended must not come back as the listener's own choice, whatever its
        # description says by now.
        sent = await self._house.store.pushed_playlists.of_user(self._user_id)
        sent_ids = {one.spotify_id for one in sent}
        return {
            one.spotify_id: one
            for one in found
            if one.owner_id == state.owner_id and not (one.is_pushed or one.spotify_id in sent_ids)
        }

    async def _drop_all_but(self, wanted: set[ListName]) -> None:
        gone = [
            name for name in self._states if name.part is Part.PLAYLIST_ITEMS and name not in wanted
        ]
        if gone:
            await self._house.store.spotify_library.drop(self._user_id, gone)
            await self._house.store.users.touch(self._user_id)
        for name in gone:
            del self._states[name]
