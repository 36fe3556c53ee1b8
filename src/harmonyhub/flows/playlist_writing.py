"""Writes one playlist at Spotify, step by step; no step is made twice for a lost answer.

Making a playlist and adding items must not be repeated blindly. Before each such call it is
written down that it leaves. Where nobody knows what came of it, Spotify is asked: the playlist is
looked for by its marker, items are counted and read back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.errors import ConflictError, UpstreamError
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.jobs import Progress, Report
from harmonyhub.domain.library import Playlist
from harmonyhub.domain.playlists import (
    CHUNK,
    MAY_HAVE_HAPPENED,
    PushedPlaylist,
    PushMode,
    PushState,
    has_marker,
)
from harmonyhub.domain.push_problems import push_problem
from harmonyhub.domain.upstreams import Observation, Outcome
from harmonyhub.sources.spotify import requests
from harmonyhub.sources.spotify.requests import ApiRequest
from harmonyhub.wiring.house import House
from harmonyhub.wiring.spotify import Spotify

LOOKS_S: Final = (0.0, 2.0, 5.0)  # Spotify's lists lag behind its writes by seconds
MOST_WAIT_S: Final = 60.0  # of one push in all, for limits and outages; a person watches
PAUSE_S: Final = 5.0  # after a failure that names no time
MOST_TRIES: Final = 3
Pause = Callable[[float], Awaitable[None]]
Value = TypeVar("Value")

CHANGED = ConflictError(
    "The playlist was changed at Spotify while we wrote to it.",
    hint="Save it again; with --replace its items are exchanged for these.",
)


@dataclass(slots=True)
class PlaylistWriter:
    """The right to write one playlist: the claimed push, and the way to Spotify.

    Parameters
    ----------
    pause : callable
        Waits so many seconds.
    is_household : bool
        Whether the consent was given to a household's own app.
    """

    house: House
    spotify: Spotify
    push: PushedPlaylist
    on_progress: Report
    pause: Pause = asyncio.sleep
    is_household: bool = False
    waited_s: float = 0.0

    async def keep(self, **changes: Any) -> None:
        """Write a step down; a worker that lost its right stops here."""
        self.push = await self.house.store.pushed_playlists.keep(
            self.push, now=self.house.clock(), **changes
        )

    async def find_or_make(self) -> None:
        """See that the playlist is there, or make it.

        Raises
        ------
        UpstreamError
            If Spotify does not let us, or the owner removed it.
        """
        id_, marker = self.push.spotify_id, self.push.marker
        if id_:
            if await self._look(lambda one: one.spotify_id == id_) is None:
                raise await self.gone()
            return
        for _ in range(MOST_TRIES):
            was_open = self.push.is_creating
            if was_open:
                made = await self._look(lambda one: has_marker(one.description, marker))
                if made is not None:
                    await self._keep_made(made)
                    return
            await self.keep(is_creating=True)
            self._tell("making the playlist")
            request = requests.create_playlist(
                name=self.push.title, description=self.push.description
            )
            try:
                seen, made = await self._try(request)
            except UpstreamError:
                await self.keep(is_creating=was_open)  # refused, so that nothing was made
                raise
            if made is not None:
                await self._keep_made(made)
                return
        raise self.problem(seen)

    async def fill(self) -> None:
        """Write the items, and read them back where that is needed to be sure."""
        if self.push.mode is PushMode.APPEND:
            await self._append()
        else:
            await self._replace()

    async def gone(self) -> UpstreamError:
        """Write down that the owner removed the playlist, and give the error that says so."""
        await self.keep(state=PushState.GONE)
        return push_problem(Outcome.NOT_FOUND)

    def problem(self, seen: Observation) -> UpstreamError:
        """Give the error that says what was seen to the person who waits."""
        return push_problem(seen.outcome, wait_s=seen.retry_after_s, is_household=self.is_household)

    async def wait(self, seen: Observation) -> bool:
        """Wait after a failure that may pass; False where it will not, or not soon enough."""
        owner = seen.outcome.owner
        if owner in {Owner.OPERATOR, Owner.USER, None}:
            return False
        wait_s = float(seen.retry_after_s or PAUSE_S)
        if self.waited_s + wait_s > MOST_WAIT_S:
            return False
        self.waited_s += wait_s
        await self.keep()
        self._tell(f"waiting {wait_s:.0f} s for Spotify")
        await self.pause(wait_s)
        await self.keep()  # a wait as long as the lease may have cost the right to go on
        return True

    async def _keep_made(self, made: Playlist) -> None:
        await self.keep(
            spotify_id=made.spotify_id,
            url=made.url,
            snapshot_id=made.snapshot_id,
            is_creating=False,
        )

    async def _replace(self) -> None:
        """Put the items in place of all others; begins anew until they are what is there."""
        uris = self._uris
        was_broken_off = self.push.n_sent != self.push.n_written or self.push.n_written > 0
        await self.keep(
            n_before=0,
            n_written=0,
            n_sent=len(uris[:CHUNK]),
            is_doubtful=self.push.is_doubtful or was_broken_off,
        )
        for _ in range(MOST_TRIES):
            first = requests.replace_items(self.push.spotify_id, uris[:CHUNK])
            await self._keep_written(len(uris[:CHUNK]), await self._ask(first))
            if not await self._add_rest():
                continue
            # A repeated replacement that arrives late would cut off what was added after it.
            is_sure = len(uris) <= CHUNK and not self.push.is_doubtful
            if is_sure or await self._holds(uris, start=0):
                return
        raise CHANGED

    async def _append(self) -> None:
        if self.push.n_before is None:
            playlist = await self._ask(requests.playlist(self.push.spotify_id))
            await self.keep(n_before=playlist.n_items)
        if self.push.n_sent != self.push.n_written:
            await self.keep(is_doubtful=True)
            if not await self._settle_sent():
                raise CHANGED
        if not await self._add_rest():
            raise CHANGED
        if self.push.is_doubtful and not await self._holds(
            self._uris, start=self.push.n_before or 0
        ):
            raise CHANGED

    async def _add_rest(self) -> bool:
        """Add what is not there yet; False if others changed the playlist meanwhile."""
        n_tries = 0
        while self.push.n_written < len(self._uris):
            start = self.push.n_written
            chunk = self._uris[start : start + CHUNK]
            await self.keep(n_sent=start + len(chunk))
            position = (self.push.n_before or 0) + start
            seen, snapshot = await self._try(
                requests.add_items(self.push.spotify_id, chunk, position=position)
            )
            if snapshot is not None:
                await self._keep_written(start + len(chunk), snapshot)
                continue
            n_tries += 1
            await self.keep(is_doubtful=True)
            if not await self._settle_sent():
                return False
            if self.push.n_written == start and n_tries == MOST_TRIES:
                raise self.problem(seen)
        return True

    async def _settle_sent(self) -> bool:
        """Find out whether what was sent arrived; False if neither fits what is there."""
        before = self.push.n_before or 0
        for wait_s in LOOKS_S:
            await self.pause(wait_s)
            playlist = await self._ask(requests.playlist(self.push.spotify_id))
            if playlist.n_items == before + self.push.n_sent:
                await self._keep_written(self.push.n_sent, playlist.snapshot_id)
                return True
            if playlist.n_items != before + self.push.n_written:
                return False
        await self.keep(n_sent=self.push.n_written)
        return True

    async def _holds(self, uris: Sequence[str], *, start: int) -> bool:
        """Read items back: whether these stand from a place on, and nothing follows."""
        there: list[str | None] = []
        while True:
            page = await self._ask(
                requests.playlist_items(self.push.spotify_id, offset=start + len(there))
            )
            there += [f"spotify:track:{one.spotify_id}" if one else None for one in page.items]
            if page.is_last or not page.n_entries:
                break
        fits = len(there) == len(uris)
        return fits and all(one in {None, ours} for one, ours in zip(there, uris, strict=True))

    async def _keep_written(self, n_written: int, snapshot_id: str) -> None:
        await self.keep(n_written=n_written, n_sent=n_written, snapshot_id=snapshot_id)
        self._tell("writing the playlist")

    async def _look(self, is_it: Callable[[Playlist], bool]) -> Playlist | None:
        """Look for a playlist among the user's, more than once before it counts as missing."""
        for wait_s in LOOKS_S:
            await self.pause(wait_s)
            offset = 0
            while True:
                page = await self._ask(requests.own_playlists(offset=offset))
                found = next(filter(is_it, page.items), None)
                if found is not None:
                    return found
                offset += page.n_entries
                if page.is_last or not page.n_entries:
                    break
        return None

    async def _ask(self, request: ApiRequest[Value]) -> Value:
        """Make a call that may be repeated, until it succeeds or it is no use."""
        while True:
            seen, value = await self._send(request)
            if value is not None:
                return value
            if not await self.wait(seen):
                raise self.problem(seen)

    async def _try(self, request: ApiRequest[Value]) -> tuple[Observation, Value | None]:
        """Make a call that must not be repeated; no value: nobody knows whether it took effect."""
        while True:
            seen, value = await self._send(request)
            if value is not None or seen.outcome in MAY_HAVE_HAPPENED:
                return seen, value
            if not await self.wait(seen):
                raise self.problem(seen)

    async def _send(self, request: ApiRequest[Value]) -> tuple[Observation, Value | None]:
        seen, value = await self.spotify.ask(self.push.user_id, request, purpose=Purpose.PERSON)
        if seen.outcome is Outcome.NOT_FOUND:
            raise await self.gone()
        return seen, value

    @property
    def _uris(self) -> tuple[str, ...]:
        return self.push.uris or ()

    def _tell(self, message: str) -> None:
        total = len(self._uris) or self.push.n_wanted
        self.on_progress(
            Progress(done=self.push.n_written, total=total, unit="tracks", message=message)
        )
